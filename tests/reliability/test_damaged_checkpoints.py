"""A damaged checkpoint is not resumed from: the next older one is, with a line that names the damaged file."""

from __future__ import annotations

import json
import logging
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from src.config import Config
from src.schema import UserError
from src.training import checkpoints, results
from src.training.checkpoints import last_complete
from src.training.trainer import fine_tune
from tests import tiny

FILES = (
    "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json", "progress.json", "adapter_config.json",
    "adapter_model.safetensors",
)  # fmt: skip


def _flip(content: bytes) -> bytes:
    """One bit in the middle."""
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\xff" * len(content),
    "one bit": _flip,
    "longer": lambda content: content + b"\0",
    "pickle": lambda content: pickle.dumps({"a": 1}),
}


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def settings(tiny_model: Path, tiny_data: Path) -> Callable[[Path], Config]:
    return lambda output: tiny.config(tiny_model, tiny_data, output, "training.max_steps=8")


@pytest.fixture(scope="module")
def alone(settings: Callable[[Path], Config], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The final folder of a run that nothing happened to."""
    return fine_tune(settings(tmp_path_factory.mktemp("alone")), "lora").folder


@pytest.fixture(scope="module")
def stopped(settings: Callable[[Path], Config], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OUTPUT_DIR of a run that stopped before its result was saved."""
    output = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "save", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(settings(output), "lora")
    return output


@pytest.fixture
def output(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it to be spoilt, in another place."""
    return Path(shutil.copytree(stopped, tmp_path / "out"))


def _by_step(output: Path) -> list[Path]:
    """Its checkpoints, the newest first."""
    found = sorted(
        (output / "lora").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), reverse=True
    )
    assert len(found) >= 2
    return found


def _spoil(path: Path, damage: str) -> None:
    path.write_bytes(DAMAGES[damage](path.read_bytes()))


def _same_result(found: Path, expected: Path) -> bool:
    """Weights to the bit, and the loss curve."""
    runs = [json.loads((folder / "run.json").read_text()) for folder in (found, expected)]
    curves = [
        [{key: value for key, value in entry.items() if key != "tokens_per_s"} for entry in run["history"]]
        for run in runs
    ]
    weights = [(folder / "adapter_model.safetensors").read_bytes() for folder in (found, expected)]
    return curves[0] == curves[1] and weights[0] == weights[1]


def test_the_checkpoints_hold_these_files(stopped: Path) -> None:
    for checkpoint in _by_step(stopped):
        assert set(FILES) <= {path.name for path in checkpoint.iterdir()}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_seen_and_named_and_the_older_checkpoint_taken(
    output: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    newest, older = _by_step(output)[:2]
    _spoil(newest / name, damage)
    assert last_complete(output / "lora") == older
    assert caplog.messages == [f"passing over {newest}: {name} is damaged: it is not what was written"]


@pytest.mark.parametrize(("name", "damage"), [("optimizer.pt", "garbage"), ("trainer_state.json", "cut")])
def test_what_is_resumed_from_the_older_one_ends_with_the_same_bits(
    settings: Callable[[Path], Config],
    output: Path,
    alone: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    damage: str,
) -> None:
    newest, older = _by_step(output)[:2]
    _spoil(newest / name, damage)
    with caplog.at_level(logging.WARNING):
        done = fine_tune(settings(output), "lora", resume=True)
    assert f"passing over {newest}: {name} is damaged" in caplog.text
    assert f"continuing from {older.name} of 8 steps" in caplog.text
    assert _same_result(done.folder, alone)


def test_without_a_whole_one_the_damage_is_the_end_and_nothing_is_deleted(
    settings: Callable[[Path], Config], output: Path, alone: Path
) -> None:
    for checkpoint in _by_step(output):
        _spoil(checkpoint / "optimizer.pt", "cut")
    before = sorted(output.rglob("*"))
    with pytest.raises(UserError) as caught:
        fine_tune(settings(output), "lora", resume=True)
    assert f"{_by_step(output)[0]}: optimizer.pt is damaged" in str(caught.value)
    assert "no older checkpoint is whole; start over with --restart" in str(caught.value)
    assert sorted(output.rglob("*")) == before
    assert _same_result(fine_tune(settings(output), "lora", restart=True).folder, alone)


def test_a_checkpoint_whose_best_is_damaged_is_not_taken(
    output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest, older = _by_step(output)
    state = json.loads((newest / "trainer_state.json").read_text())
    (newest / "trainer_state.json").write_text(
        json.dumps(state | {"best_model_checkpoint": f"elsewhere/{older.name}"})
    )
    checkpoints.mark_complete(newest)
    assert last_complete(output / "lora") == newest
    _spoil(older / "adapter_model.safetensors", "one bit")
    with pytest.raises(UserError, match="no older checkpoint is whole"):
        last_complete(output / "lora")
    assert f"{newest}: its best, {older.name}: adapter_model.safetensors is damaged" in caplog.text


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"best_model_checkpoint": 3}'])
def test_a_state_that_is_none_is_damage_even_where_its_mark_agrees(output: Path, content: bytes) -> None:
    newest, older = _by_step(output)[:2]
    (newest / "trainer_state.json").write_bytes(content)
    checkpoints.mark_complete(newest)
    assert last_complete(output / "lora") == older


def test_a_run_whose_folder_was_moved_resumes_with_its_best_checkpoint(
    settings: Callable[[Path], Config], output: Path, alone: Path, stopped: Path
) -> None:
    """The Trainer's state names the best checkpoint by the path that it had then."""
    hidden = stopped.rename(stopped.with_name("hidden"))
    try:
        assert _same_result(fine_tune(settings(output), "lora", resume=True).folder, alone)
    finally:
        hidden.rename(stopped)
