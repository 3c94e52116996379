"""A step is computed in packs of any size, with the learning rates, noise and epochs that the settings name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from src.training import step_trainer
from src.training.job import prepare
from src.training.trainer import build_trainer, fine_tune
from tests import tiny


def test_graphs_are_tried_on_smaller_packs_and_given_up_at_the_smallest(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Full:
        """Graphs for which there is no memory."""

        active = True

        def backward(self, pack: Any, scale: float) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(step_trainer.StepTrainer, "_graphs", lambda self: Full())
    changes = ("training.max_steps=2", "training.pack_tokens=1024")
    made = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")
    lines = [line for line in caplog.text.splitlines() if "out of memory" in line]
    assert ["packs of 512" in lines[0], "packs of 256" in lines[1], "without CUDA graphs" in lines[2]] == [
        True
    ] * 3
    assert len(lines) == 3
    assert (made.metrics["pack_tokens"], made.metrics["cuda_graphs"]) == (256, False)


def test_epochs_of_the_log_are_passes_over_the_training_split(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    changes = ("training.num_train_epochs=2", "training.eval_steps=1", "training.save_steps=1")
    fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")
    history = json.loads((tmp_path / "lora" / "final" / "run.json").read_text())["history"]
    steps = max(entry["step"] for entry in history)
    epochs = sorted({round(entry["epoch"], 6) for entry in history})
    assert epochs == [round(2 * step / steps, 6) for step in range(1, steps + 1)]


def test_running_out_of_gpu_memory_shrinks_the_packs_and_keeps_the_step(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A loss that fails on large packs stands in for a GPU that is too small."""
    real, sizes = step_trainer.supervised_loss, []

    def limited(model: Any, pack: Any, *rest: Any) -> torch.Tensor:
        if pack.tokens > 300:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(pack.tokens)
        return real(model, pack, *rest)

    changes = ("training.max_steps=2", "lora.lora_dropout=0", "training.pack_tokens=1024")
    large = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "a", *changes), "lora")
    monkeypatch.setattr(step_trainer, "supervised_loss", limited)
    shrunk = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "b", *changes), "lora")
    assert "out of memory: continuing with packs of 256 tokens, same effective batch" in caplog.text
    assert sizes
    assert shrunk.metrics["pack_tokens"] == 256
    assert shrunk.metrics["tokens"] == large.metrics["tokens"]
    assert shrunk.metrics["validation_loss"] == pytest.approx(large.metrics["validation_loss"], rel=1e-5)


def test_a_process_other_than_the_first_says_that_it_is_short_of_memory(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.pack_tokens=1024")
    trainer = build_trainer(prepare(config, "lora"))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with caplog.at_level("ERROR"):  # the level of that process
        trainer.shrink_packs()
    assert "out of memory in process 1 of 2: continuing with packs of 512 tokens" in caplog.text


def test_lora_plus_gives_b_its_own_rate(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.loraplus_lr_ratio=16")
    trainer = build_trainer(prepare(config, "lora"))
    optimizer = trainer.create_optimizer()
    names = {id(item): name for name, item in trainer.adapted.named_parameters()}
    rates = {
        names[id(item)].split(".")[-3]: group["lr"]
        for group in optimizer.param_groups
        for item in group["params"]
    }
    assert rates == {"lora_A": 5e-3, "lora_B": pytest.approx(16 * 5e-3)}


def test_neftune_noise_is_for_training_only(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    """The validation loss of untrained weights does not change with the noise."""
    validation, training = [], []
    for alpha in (0, 50):
        options = (f"training.neftune_noise_alpha={alpha}", "training.share_prefixes=false")
        job = prepare(tiny.config(tiny_model, tiny_data, tmp_path, *options), "lora")
        trainer = build_trainer(job)
        validation.append(trainer.evaluate()["eval_loss"])
        training.append(trainer.training_step(trainer.adapted, job.samples()[0]).item())
    assert validation[0] == validation[1]
    assert training[0] != training[1]


def test_gradients_of_packs_add_up_in_float16_as_in_float32(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    """Unscaled when the step has them all, and held in float32."""
    found = []
    for dtype in ("float32", "float16"):
        changes = (f"model.dtype={dtype}", "training.pack_tokens=256", "lora.lora_dropout=0")
        job = prepare(tiny.config(tiny_model, tiny_data, tmp_path / dtype, *changes), "lora")
        assert job.loss_scaling == (dtype == "float16")
        trainer = build_trainer(job)
        for name, item in trainer.adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(item, std=0.02, generator=torch.Generator().manual_seed(item.numel()))
        trainer.create_optimizer()
        loss = trainer.training_step(trainer.adapted, job.samples()[0])
        found.append((loss.item(), [item.grad for item in trainer._trainable() if item.grad is not None]))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-3)
    for plain, half in zip(found[0][1], found[1][1], strict=True):
        assert half.dtype == torch.float32
        assert (half - plain).norm() <= 0.01 * plain.norm()
