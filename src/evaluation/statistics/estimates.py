"""Intervals for scores of a test set, with paired tests for the difference between two systems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from src.evaluation.statistics.proportions import mcnemar_exact, mcnemar_score, paired_error, tango, wilson
from src.evaluation.statistics.resampling import (
    LEVEL,
    SCALE,
    TIE,
    Interval,
    bootstrap_interval,
    paired_interval,
    paired_randomisation,
)
from src.metrics.combine import Array, Combine
from src.schema import Difference, Score

POWER = 0.80
DECIMALS = 8  # of what is stored: hides the last bits, in which machines differ


@dataclass(frozen=True)
class Measure:
    """A metric's sufficient statistics on a test set: what a resample adds up, how the sum becomes a value.

    One row per sample, in the order of `ids`: the mean over its completions, so that a sample weighs the same however
    often it was answered. A row of zeros is a sample that does not count.
    """

    name: str
    signature: str
    statistics: Array  # (n, k)
    combine: Combine  # sums (..., k) -> values (...), 0-100
    ids: tuple[str, ...] = ()  # of the rows; paired samples must carry the same
    binary: bool = False  # rows are (0 or 100, 1): pass or fail
    combine_row: Combine | None = None  # the value of one sample, where it is not `combine` of its row

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which samples count; shape (n,)."""
        return np.asarray(self.statistics.any(axis=1), dtype=bool)

    def by_sample(self) -> Array:
        """The value of each sample alone; shape (n,)."""
        return (self.combine_row or self.combine)(self.statistics)


def estimate(measure: Measure, resamples: int = 2000, seed: int = 0) -> Score:
    """The value of a metric with its 95 % interval; None where no sample counts.

    Corpus metrics and means: widened percentile bootstrap over samples. Pass/fail: Wilson's interval.
    """
    rows = measure.statistics[measure.counts]
    n, total = len(rows), len(measure.statistics)
    if n == 0:
        return Score(None, None, 0, 0.0, measure.signature)
    value = float(measure.combine(rows.sum(axis=0)))
    if _is_binary(measure, rows):
        ci95 = wilson(int((rows[:, 0] > 0).sum()), n)
    elif n == 1:
        ci95 = (0.0, SCALE)
    else:
        ci95, _ = bootstrap_interval(rows, measure.combine, resamples, seed)
        ci95 = with_unseen(ci95, value, 0.0, n)
    return Score(stored(value), stored_pair(ci95), n, stored(n / total), measure.signature)


def difference(before: Measure, after: Measure, resamples: int = 2000, seed: int = 0) -> Difference:
    """After minus before over the samples that count in both; `p_holm` is `p_value` until holm() is applied.

    Corpus metrics and means: paired bootstrap interval, paired randomisation test. Pass/fail: McNemar's test
    and Tango's interval. Where all samples differ by the same, the interval leaves room for others not seen; where
    every one ties, it is that of pass/fail with no change seen.
    Fewer than two shared samples show nothing: p is 1 and the interval everything.
    Raises ValueError when the two are not the same metric on the same samples.
    """
    check_paired(before, after)
    both = before.counts & after.counts
    old, new = before.statistics[both], after.statistics[both]
    n = len(old)
    change = (after.by_sample() - before.by_sample())[both]
    wins, losses = int((change > TIE).sum()), int((change < -TIE).sum())
    values = [float(before.combine(rows.sum(axis=0))) if n else 0.0 for rows in (old, new)]
    delta = values[1] - values[0]
    if n < 2:
        ci95, error, p_value, test = (-SCALE, SCALE), math.inf, 1.0, "none: fewer than two samples"
    elif _is_binary(before, old) and _is_binary(after, new):
        ci95, error = tango(wins, losses, n), paired_error(wins, losses, n)
        p_value = mcnemar_score(wins, losses)
        test = f"McNemar (exact p = {mcnemar_exact(wins, losses):.4f})"
    else:
        ci95, error = paired_interval(old, new, before.combine, resamples, seed)
        p_value = paired_randomisation(old, new, before.combine, resamples, seed)
        test = f"paired randomisation ({resamples} permutations)"
        if ci95[1] - ci95[0] < TIE:
            error = max(error, paired_error(0, 0, n))
        ci95 = with_unseen(ci95, delta, -SCALE, n)
    p_value = float(f"{p_value:.{DECIMALS}g}")
    detectable = stored(detectable_difference(error))
    ties = n - wins - losses
    return Difference(
        stored(delta), stored_pair(ci95), p_value, p_value, wins, losses, ties, n, detectable, test,
        values=stored_pair((values[0], values[1])),
    )  # fmt: skip


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction (1979) of a family of p-values, in their order."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def detectable_difference(standard_error: float) -> float:
    """The smallest true difference that shows at p < 1 - LEVEL with probability POWER; at most 100."""
    return float(min(SCALE, (special.ndtri((1 + LEVEL) / 2) + special.ndtri(POWER)) * standard_error))


def with_unseen(interval: Interval, value: float, lowest: float, n: int) -> Interval:
    """Where all n samples agree, which does not show that all others do, as many of those may lie at either end, at
    `lowest` or SCALE, as Wilson's interval of 0 in n allows."""
    if interval[1] - interval[0] >= TIE:
        return interval
    unseen = wilson(0, n)[1] / SCALE
    return value + (lowest - value) * unseen, value + (SCALE - value) * unseen


def _is_binary(measure: Measure, rows: Array) -> bool:
    """The mean over several completions of one sample may be neither pass nor fail."""
    return measure.binary and bool(np.isin(rows[:, 0], (0.0, SCALE)).all())


def check_paired(before: Measure, after: Measure) -> None:
    """Raise ValueError unless both are the same metric on the same samples."""
    if (before.name, before.signature) != (after.name, after.signature):
        raise ValueError(
            f"cannot compare {before.name} ({before.signature}) with {after.name} ({after.signature})"
        )
    if before.ids != after.ids or len(before.statistics) != len(after.statistics):
        raise ValueError(f"{before.name}: before and after were not measured on the same samples")


def stored(value: float) -> float:
    """A figure as it is kept in files."""
    return round(float(value), DECIMALS) + 0.0


def stored_pair(pair: Interval) -> Interval:
    """An interval as it is kept in files."""
    return stored(pair[0]), stored(pair[1])
