"""Samples and scores that several tests of the evaluation use, and predictions files of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.evaluation.predictions import predictions_text
from src.metrics.table import METRICS
from src.schema import Sample, SampleScore

ADD = "def add(a, b):\n    return a + b"
SUBTRACT = "def add(a, b):\n    return a - b"
ADD_TEST = "assert add(1, 2) == 3"
SAMPLES = [
    Sample("1", "Add two numbers.", "", ADD, ADD, "python", ADD_TEST),
    Sample("2", "Add two numbers.", "", ADD, SUBTRACT, "python", ADD_TEST),
    Sample("3", "Print one.", "", "print(1)", "```python\nprint(1)\n```", "python"),
    Sample("4", "Print one.", "", "print(1)", "", "python"),
    Sample("5", "Greet.", "", "console.log('hi')", "console.log('hi'", "javascript"),
    Sample("6", "All names.", "", "SELECT name FROM people;", "SELECT name FROM people;", "sql"),
    Sample("7", "Describe.", "", "A short text.", "Another text.", ""),
]


def write_predictions(path: Path, samples: Sequence[Sample]) -> Path:
    """A predictions file of `samples`, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(predictions_text(samples), encoding="utf-8")
    return path


def sample_score(id: str, **values: Any) -> SampleScore:
    """A score on which nothing was measured but `values`, among them statistics by the name of their metric."""
    fields: dict[str, Any] = {
        **{
            "language": "python",
            "code": "x",
            "codebleu": None,
            "codebleu_parts": None,
            "codebleu_package": None,
        },
        **{"execution": "", "functional": ""},
        "statistics": {
            name: values.pop(name) for name in METRICS if METRICS[name].of_texts and name in values
        },
    }
    return SampleScore(id=id, **fields | values)
