"""A finished run leaves all of its results or none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from src.models.run_record import read_record
from src.report.model_card import render_model_card
from src.training import checkpoints, results
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


def test_a_result_is_described_by_our_card_and_names_its_base_as_others_know_it(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    cached = tmp_path / "hub/models--org--tiny-model/snapshots/0a1b"
    shutil.copytree(tiny_model, cached)
    config = tiny.config(cached, tiny_data, tmp_path, "training.max_steps=2")
    final = fine_tune(config, "lora").folder
    for folder in (final, final.parent / "checkpoint-2"):
        settings = json.loads((folder / "adapter_config.json").read_text())
        assert settings["base_model_name_or_path"] == "org/tiny-model"
    assert checkpoints.is_complete(final.parent / "checkpoint-2")
    card = (final / "README.md").read_text()
    assert card == render_model_card(read_record(final))
    assert "base_model: org/tiny-model" in card
    assert "has not been compared with its base model yet" in card
    assert str(cached) not in card.split("## Training")[0]
