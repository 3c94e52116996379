"""Trainers of tiny models, ready for their self-check."""

from __future__ import annotations

from pathlib import Path

from src.training.job import prepare
from src.training.step_trainer import StepTrainer
from src.training.trainer import build_trainer
from tests import tiny
from tests.zoo import builders


def trainer_of(model_type: str, data: Path, folder: Path, *changes: str) -> StepTrainer:
    """For two steps with all linear layers adapted, nothing random."""
    builders.save(folder / "model", model_type)
    settings = (
        "training.max_steps=2",
        "training.batch_size=6",
        "lora.lora_dropout=0",
        "training.pack_tokens=512",
    )
    config = tiny.config(
        folder / "model", data, folder, *settings, "lora.target_modules=all-linear", *changes
    )
    return build_trainer(prepare(config, "lora"))
