"""The section of comparison.md on what was trained: model, data, settings, cost of each method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from src.report.formatting import NOT_AVAILABLE, method_label, model_label, trainings
from src.report.safe_markdown import inline, table
from src.schema import Comparison, Training

HEADING = "## What was trained"
HEADER = ("Method", "Rank", "Epochs", "Learning rate", "Seeds", "Trained parameters", "Time")
UNKNOWN = "Not recorded for {}: no `run.json` was there, or an older version scored the answers."


def training_section(comparison: Comparison) -> str:
    """A row for each method that has a run.json, under the model and the data; which methods have none."""
    found = trainings(comparison)
    parts = [HEADING]
    if found:
        every = [training for each in found.values() for training in each]
        parts += [_subject(every), table(HEADER, [_row(name, each) for name, each in found.items()])]
    labels = map(method_label, comparison.comparisons)
    unknown = [inline(label) for label in labels if label not in found]
    return "\n\n".join([*parts, UNKNOWN.format(", ".join(unknown))] if unknown else parts)


def _subject(every: Sequence[Training]) -> str:
    """ "Model: CodeLlama-7b-hf. Data: sahil2801/CodeAlpaca-20k (CC BY-NC 4.0), 4,106 samples. Machine: ..." """
    facts = {
        "Model": [inline(model_label(training.base_model)) for training in every],
        "Data": [_data(training) for training in every],
        "Machine": [inline(training.machine) for training in every if training.machine],
    }
    return " ".join(
        f"{name}: {'; '.join(dict.fromkeys(values))}." for name, values in facts.items() if values
    )


def _data(training: Training) -> str:
    licence = f" ({inline(training.licence)})" if training.licence else ""
    count = "" if training.samples is None else f", {_grouped(training.samples)} samples"
    return f"{inline(training.data)}{licence}{count}"


def _row(name: str, each: Sequence[Training]) -> list[str]:
    def shared(of: Callable[[Training], Any], written: Callable[[Any], str] = str) -> str:
        """The value that all seeds have in common, else those of each."""
        values = dict.fromkeys(of(training) for training in each)
        return ", ".join(NOT_AVAILABLE if value is None else written(value) for value in values)

    seconds = [training.seconds for training in each if training.seconds is not None]
    times = f"{len(each)} x " if len(each) > 1 else ""
    return [
        inline(name),
        shared(lambda item: item.rank),
        shared(lambda item: item.epochs, lambda value: f"{value:g}"),
        shared(lambda item: item.learning_rate, lambda value: f"{value:g}"),
        shared(lambda item: item.seed),
        shared(_parameters),
        times + _duration(sum(seconds) / len(seconds)) if seconds else NOT_AVAILABLE,
    ]


def _parameters(training: Training) -> str | None:
    if training.trained_parameters is None:
        return None
    trained = _grouped(training.trained_parameters)
    if not training.all_parameters:
        return trained
    return f"{trained} ({100 * training.trained_parameters / training.all_parameters:.2g} %)"


def _grouped(value: int) -> str:
    """1,843,200"""
    return f"{value:,}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
