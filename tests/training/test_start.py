"""What earlier runs left in a folder decides where the next one starts, and only what it does not need goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from src.schema import UserError
from src.training.checkpoints import mark_complete
from src.training.start import PARTIAL, Start, clear_for, find_start
from tests.models.records import written

SEED_1, SEED_2 = {"training.seed": 1}, {"training.seed": 2}


def _result(folder: Path, identity: dict[str, int], name: str = "final") -> Path:
    final = folder / name
    final.mkdir()
    save_file({"a": torch.zeros(1)}, final / "adapter_model.safetensors")
    written(final, identity=identity, metrics={"steps": 7})
    return final


def _checkpoint(folder: Path, step: int, identity: dict[str, int]) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir()
    (made / "trainer_state.json").write_text("{}")
    mark_complete(made)
    (folder / "identity.json").write_text(json.dumps(identity))
    return made


def _start(
    folder: Path,
    identity: dict[str, int],
    resume: bool = False,
    restart: bool = False,
    stochastic: bool = False,
) -> Start:
    return find_start(folder, identity, 9, stochastic, resume, restart)


def test_a_result_belongs_to_the_job_of_its_identity(tmp_path: Path) -> None:
    _result(tmp_path, SEED_1)
    found = _start(tmp_path, SEED_1)
    assert found.finished is not None
    assert found.finished.metrics == {"steps": 7}
    assert "nothing is left to train" in str(found)
    other = _start(tmp_path, SEED_2)
    assert (other.finished, other.checkpoint, str(other)) == (None, None, "from the beginning")
    assert "is of other settings (training.seed was None and is now 2) and will be replaced" in other.notes[0]
    assert _start(tmp_path, SEED_1, restart=True) == Start()


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_a_folder_without_a_readable_run_json_is_no_result(tmp_path: Path, content: bytes | None) -> None:
    final = _result(tmp_path, SEED_1)
    if content is None:
        (final / "run.json").unlink()
    else:
        (final / "run.json").write_bytes(content)
    assert _start(tmp_path, SEED_1) == Start()


def test_an_unfinished_run_is_resumed_where_that_is_asked_for_and_nothing_has_changed(tmp_path: Path) -> None:
    _checkpoint(tmp_path, 2, SEED_1)
    newest = _checkpoint(tmp_path, 4, SEED_1)
    with pytest.raises(UserError, match=r"holds an unfinished run \(checkpoint-4 of 9 steps\)"):
        _start(tmp_path, SEED_1)
    with pytest.raises(UserError, match=r"cannot resume: training\.seed was 1 and is now 2; set it back"):
        _start(tmp_path, SEED_2, resume=True)
    found = _start(tmp_path, SEED_1, resume=True)
    assert (found.checkpoint, str(found)) == (newest, "from checkpoint-4")
    assert found.notes == ("continuing from checkpoint-4 of 9 steps",)
    assert _start(tmp_path, SEED_1, restart=True) == Start()


def test_looking_for_a_start_changes_nothing_and_clearing_keeps_what_the_start_needs(tmp_path: Path) -> None:
    older, newest = (_checkpoint(tmp_path, step, SEED_1) for step in (2, 4))
    (tmp_path / "checkpoint-6").mkdir()  # of a run that was killed while it wrote
    _result(tmp_path, SEED_2, f"{PARTIAL}x1")
    before = sorted(tmp_path.rglob("*"))
    resumed = _start(tmp_path, SEED_1, resume=True)
    assert sorted(tmp_path.rglob("*")) == before
    clear_for(resumed, tmp_path, SEED_1)
    assert {path.name for path in tmp_path.iterdir()} == {older.name, newest.name, "identity.json"}
    clear_for(Start(), tmp_path, SEED_2)
    assert [path.name for path in tmp_path.iterdir()] == ["identity.json"]
    assert json.loads((tmp_path / "identity.json").read_text()) == SEED_2


def test_clearing_for_a_kept_result_leaves_it_alone(tmp_path: Path) -> None:
    final = _result(tmp_path, SEED_1)
    _result(tmp_path, SEED_1, f"{PARTIAL}x1")
    clear_for(_start(tmp_path, SEED_1), tmp_path, SEED_1)
    assert list(tmp_path.iterdir()) == [final]
