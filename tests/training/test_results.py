"""A finished run leaves all of its results or none, and is recognised by its identity."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from src.models.run_record import read_record
from src.training import results
from src.training.results import finished, readable_record, remove_partial
from src.training.trainer import fine_tune
from tests import tiny
from tests.models.records import written


def test_a_run_leaves_adapter_tokenizer_metrics_and_curve(tiny_adapter: Path) -> None:
    names = {path.name for path in tiny_adapter.iterdir()}
    assert names >= {
        "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "run.json", "training_curve.png",
    }  # fmt: skip
    run = read_record(tiny_adapter)
    assert run is not None
    assert run.metrics["steps"] == 3
    assert run.config["training"]["max_steps"] == 3
    assert len(run.provenance["model_fingerprint"]) == 16
    assert run.metrics["tokens"] > run.metrics["supervised_tokens"] > 0
    assert [item["step"] for item in run.history if "loss" in item] == [1, 2, 3]


def test_a_damaged_result_is_not_kept(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2")
    first = fine_tune(config, "lora")
    weights = first.folder / "adapter_model.safetensors"
    complete = weights.read_bytes()
    weights.write_bytes(complete[:-1])
    assert not fine_tune(config, "lora", resume=True).reused
    assert weights.read_bytes() == complete


def _result(folder: Path, identity: dict[str, int], name: str = "final") -> Path:
    final = folder / name
    final.mkdir()
    save_file({"a": torch.zeros(1)}, final / "adapter_model.safetensors")
    written(final, identity=identity, metrics={"steps": 7})
    return final


def _job(folder: Path, identity: dict[str, int]) -> Any:
    return SimpleNamespace(folder=folder, identity=identity)


def test_a_result_belongs_to_the_job_of_its_identity(tmp_path: Path) -> None:
    final = _result(tmp_path, {"seed": 1})
    found = finished(_job(tmp_path, {"seed": 1}))
    assert found is not None
    assert (found.folder, found.metrics, found.reused) == (final, {"steps": 7}, True)
    assert finished(_job(tmp_path, {"seed": 2})) is None


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_a_folder_without_a_readable_run_json_is_no_result(tmp_path: Path, content: bytes | None) -> None:
    final = _result(tmp_path, {"seed": 1})
    if content is None:
        (final / "run.json").unlink()
    else:
        (final / "run.json").write_bytes(content)
    assert readable_record(final) is None
    assert finished(_job(tmp_path, {"seed": 1})) is None


def test_an_interrupted_save_leaves_the_earlier_result_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _result(tmp_path, {"seed": 1})

    def interrupted(made: Path, *_: object) -> None:
        (made / "adapter_config.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(results, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        results.save(_job(tmp_path, {"seed": 2}), None, {})  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
    assert finished(_job(tmp_path, {"seed": 1})) is not None


def test_partial_results_of_killed_runs_are_removed_and_finished_ones_stay(tmp_path: Path) -> None:
    _result(tmp_path, {}, "final")
    _result(tmp_path, {}, f"{results.PARTIAL}x1")
    remove_partial(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
