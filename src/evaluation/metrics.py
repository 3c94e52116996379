"""Every metric of the table on a set of scores, as sufficient statistics per sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from src.evaluation.statistics.estimates import Measure
from src.metrics.table import METRICS, Metric
from src.schema import SampleScore


def measures(scores: Sequence[SampleScore]) -> dict[str, Measure]:
    """Every metric of METRICS; one row per sample id, sorted by id so that the order of a file does not matter.

    Completions of one sample share its row, their mean: they are not independent, so they are resampled together, and
    a sample weighs the same however many there are.
    """
    ids = [score.id for score in scores]
    return {name: measure(metric, ids, list(map(metric.row, scores))) for name, metric in METRICS.items()}


def measure(metric: Metric, ids: Sequence[str], rows: Sequence[tuple[float, ...]]) -> Measure:
    """A metric over the given rows, which may be of other texts than the extracted code, such as raw answers."""
    names, group = np.unique(np.array(ids, dtype=str), return_inverse=True)
    each = np.array([row or (0,) * metric.width for row in rows], dtype=float).reshape(-1, metric.width)
    statistics = np.zeros((len(names), metric.width))
    np.add.at(statistics, group, each)
    completions = np.bincount(group, weights=each.any(axis=1), minlength=len(names))  # that count
    statistics /= np.maximum(completions, 1)[:, None]
    return Measure(
        name=metric.name,
        signature=metric.signature(),
        statistics=statistics,
        combine=metric.combine,
        ids=tuple(names.tolist()),
        binary=metric.binary,
        combine_row=metric.combine_row,
    )
