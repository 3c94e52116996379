"""A finished run leaves all of its results or none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from src.models.run_record import read_record
from src.training import results
from src.training.trainer import fine_tune
from tests import tiny


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


def test_an_interrupted_save_leaves_the_earlier_result_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "final").mkdir()

    def interrupted(made: Path, *_: object) -> None:
        (made / "adapter_config.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(results, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        results.save(SimpleNamespace(folder=tmp_path), None, {})  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
