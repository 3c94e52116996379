"""How new the samples of a run are to the model: their likeness to the data that it was trained on, where these are here."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from src.config import DataConfig
from src.data.curation.novelty import measure_novelty
from src.data.dataset import load_card, load_split
from src.schema import Example, Likeness, Sample, UserError

log = logging.getLogger(__name__)


def run_novelty(
    samples: Sequence[Sample], origin: Mapping[str, Any], config: DataConfig, training_data: Path | None
) -> dict[str, Likeness]:
    """The likeness of each sample to the nearest training row, by id; {} where it is not known what was trained on.

    The data are in `training_data`, else in config.dataset_path where they are those that the adapter's run.json
    names, or, for answers of an unknown model, where the samples are of their test split. Raises UserError where
    `training_data` are no prepared data, or not those that run.json names.
    """
    trained_on = origin.get("training_data")
    config = dataclasses.replace(config, dataset_path=str(training_data or config.dataset_path))
    if training_data is None and ("model" in origin and not trained_on):
        return {}  # no adapter of ours
    try:
        card = load_card(config)
    except UserError:
        if training_data is not None:
            raise
        return {}
    if trained_on and card.fingerprint != trained_on:
        told = f"{config.dataset_path} has the fingerprint {card.fingerprint}, but {origin['model']} was trained on {trained_on}"
        if training_data is not None:
            raise UserError(f"--training_data {told}; give the folder of those data, or leave it out")
        log.warning("%s: the novelty of the samples is not known", told)
        return {}
    tasks = list({sample.id: sample for sample in samples}.values())
    if card.novelty.keys() >= {task.id for task in tasks}:
        return {task.id: card.novelty[task.id] for task in tasks}
    if not trained_on and training_data is None:
        return {}
    return measure_novelty([_example(task) for task in tasks], load_split(config, "train", card))


def _example(task: Sample) -> Example:
    return Example(task.id, task.instruction, task.input, task.reference, task.language, prefix=task.prefix)
