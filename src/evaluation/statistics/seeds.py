"""Scores of methods trained with several seeds: intervals and tests that cover the luck of samples and of seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from src.evaluation.statistics.estimates import (
    POWER,
    Measure,
    check_paired,
    difference,
    estimate,
    stored,
    stored_pair,
    with_unseen,
)
from src.evaluation.statistics.proportions import paired_error
from src.evaluation.statistics.resampling import LEVEL, SCALE, TIE, Interval, bootstrap_interval
from src.metrics.combine import Array, Combine
from src.schema import Difference, Score, SeedErrors

ALPHA = 1 - LEVEL
MOST_SEEDS = 100  # that seeds_needed() considers
LEAST_LOG_P = -460.0  # p = 1e-200


@dataclass(frozen=True)
class Spread:
    """How far trainings with `count` seeds lie apart on the same samples.

    Equally good trainings differ on a finite test set too, by `noise`. That part of the variance between them is the
    samples', whose error holds it already; the rest is the seeds'.
    """

    count: int
    between: float  # variance of the values between seeds
    noise: float  # variance that would be expected between equally good trainings

    @property
    def variance(self) -> float:
        """Between seeds, on infinitely many samples."""
        return max(0.0, self.between - self.noise)


@dataclass(frozen=True)
class Error:
    """The error of a value, or of a difference of values, by source."""

    samples: float  # standard error that the choice of samples causes
    degrees: int  # of freedom of it
    spreads: tuple[Spread, ...]  # of each method with several seeds

    @property
    def seeds(self) -> float:
        """Standard error that the choice of seeds causes."""
        return math.sqrt(sum(spread.variance / spread.count for spread in self.spreads))

    def half_width(self, alpha: float) -> float:
        """Of the interval that leaves out the true value with probability `alpha`.

        Student's half-widths of the sources, squared and added up (Howe 1974; Zou and Donner 2008). With one source
        alone it is Student's interval, and unlike Welch's it also covers with 3 seeds (docs/statistics.md).
        """
        return math.hypot(_student(self.degrees, alpha) * self.samples, self.seeds_part(alpha))

    def seeds_part(self, alpha: float) -> float:
        """What the seeds add to half_width(), in squares."""
        return math.hypot(
            *(
                _student(spread.count - 1, alpha) * math.sqrt(spread.variance / spread.count)
                for spread in self.spreads
            )
        )

    def p_value(self, value: float) -> float:
        """Two-sided: 1 less the level of the widest interval around `value` that leaves out 0."""
        if abs(value) < TIE:
            return 1.0

        def beyond(log_p: float) -> float:
            return self.half_width(math.exp(log_p)) - abs(value)

        return math.exp(optimize.brentq(beyond, LEAST_LOG_P, 0.0) if beyond(LEAST_LOG_P) > 0 else LEAST_LOG_P)

    def detectable(self) -> float:
        """The smallest true difference that shows at p < ALPHA with probability POWER; at most 100."""
        return min(SCALE, self.half_width(ALPHA) + self.half_width(2 * (1 - POWER)))

    def with_seeds(self, count: int) -> Error:
        """As if each method of several seeds had been trained with `count`."""
        noise = sum(spread.noise * (1 / count - 1 / spread.count) for spread in self.spreads)
        spreads = tuple(Spread(count, spread.between, spread.noise) for spread in self.spreads)
        return Error(math.sqrt(max(0.0, self.samples**2 + noise)), self.degrees, spreads)

    def seeds_needed(self, value: float) -> int | None:
        """The fewest seeds that can show a true difference of that size; None where even MOST_SEEDS cannot."""
        counts = range(2, MOST_SEEDS + 1)
        return next((count for count in counts if self.with_seeds(count).detectable() <= abs(value)), None)


def estimate_over_seeds(seeds: Sequence[Measure], resamples: int = 2000, seed: int = 0) -> Score:
    """The mean of a metric over trainings with several seeds; its 95 % interval covers other samples and other seeds.

    A sample counts where it counts for every seed.
    """
    if len(seeds) == 1:
        return estimate(seeds[0], resamples, seed)
    rows, combine = _common_rows(seeds), seeds[0].combine
    n, total = len(rows[0]), len(seeds[0].statistics)
    if n == 0:
        return Score(None, None, 0, 0.0, seeds[0].signature)
    value = float(np.mean(values(rows, combine)))
    ci95 = (0.0, SCALE)
    if n > 1:
        contrast = _contrast(combine, [1 / len(rows)] * len(rows))
        interval, error = bootstrap_interval(np.hstack(rows), contrast, resamples, seed)
        both = Error(error, n - 1, (spread(rows, combine),))
        ci95 = _joined(with_unseen(interval, value, 0.0, n), value, both, 0.0)
    return Score(stored(value), stored_pair(ci95), n, stored(n / total), seeds[0].signature)


def difference_over_seeds(
    before: Sequence[Measure], after: Sequence[Measure], resamples: int = 2000, seed: int = 0
) -> Difference:
    """After minus before, each the mean over trainings with several seeds, or the value of one model.

    Interval and p cover other samples and, for each side of several seeds, other seeds. Samples are paired across
    all models; one counts where it counts for each. Raises ValueError as difference() does.
    """
    if len(before) == len(after) == 1:
        return difference(before[0], after[0], resamples, seed)
    rows, combine = _common_rows([*before, *after]), before[0].combine
    sides = rows[: len(before)], rows[len(before) :]
    old, new = (np.mean([item.by_sample() for item in side], axis=0) for side in (before, after))
    change = (new - old)[counting([*before, *after])]
    wins, losses, n = int((change > TIE).sum()), int((change < -TIE).sum()), len(change)
    weights = [-1 / len(before)] * len(before) + [1 / len(after)] * len(after)
    low, high = (float(values(side, combine).mean()) if n else 0.0 for side in sides)
    delta = high - low
    ci95, error, test = (-SCALE, SCALE), Error(SCALE, 1, ()), "none: fewer than two samples"
    if n > 1:
        interval, samples = bootstrap_interval(
            np.hstack(rows), _contrast(combine, weights), resamples, seed, -SCALE
        )
        if interval[1] - interval[0] < TIE:
            samples = max(samples, paired_error(0, 0, n))
        error = Error(samples, n - 1, tuple(spread(side, combine) for side in sides if len(side) > 1))
        ci95 = _joined(with_unseen(interval, delta, -SCALE, n), delta, error, -SCALE)
        test = "Student's t over samples and over seeds, half-widths added in squares"
    p_value = float(f"{error.p_value(delta):.8g}") if n > 1 else 1.0
    seeds = SeedErrors(
        len(before), len(after), stored(error.samples), stored(error.seeds), error.seeds_needed(delta)
    )
    return Difference(
        stored(delta), stored_pair(ci95), p_value, p_value, wins, losses, n - wins - losses, n,
        stored(error.detectable()), test, seeds, stored_pair((low, high)),
    )  # fmt: skip


def spread(rows: Sequence[Array], combine: Combine) -> Spread:
    """Of trainings with two seeds or more, from the rows (n, k) of each on the same samples, n >= 2.

    `noise` is the jackknife's variance of each value less the mean of all, which what all have in common leaves out.
    """
    left_out = np.stack([combine(each.sum(axis=0) - each) for each in rows])  # (seeds, n)
    apart = left_out - left_out.mean(axis=0)
    n = apart.shape[1]
    squares = ((apart - apart.mean(axis=1, keepdims=True)) ** 2).sum()
    noise = (n - 1) / n * float(squares) / (len(rows) - 1)
    return Spread(len(rows), float(values(rows, combine).var(ddof=1)), noise)


def values_over_seeds(seeds: Sequence[Measure]) -> list[float | None]:
    """The value of each training over the samples that count for all; their mean is that of estimate_over_seeds()."""
    rows = _common_rows(seeds)
    if len(rows[0]) == 0:
        return [None] * len(seeds)
    return [stored(value) for value in values(rows, seeds[0].combine)]


def values(rows: Sequence[Array], combine: Combine) -> Array:
    """The value of each training, from its rows (n, k)."""
    return np.array([float(combine(each.sum(axis=0))) for each in rows])


def _student(degrees: int, alpha: float) -> float:
    return -float(special.stdtrit(degrees, alpha / 2))


def counting(measures: Sequence[Measure]) -> NDArray[np.bool_]:
    """Which samples count for all; shape (n,). Raises ValueError unless all are of one metric on the same samples."""
    for each in measures[1:]:
        check_paired(measures[0], each)
    return np.asarray(np.all([each.counts for each in measures], axis=0))


def _common_rows(measures: Sequence[Measure]) -> list[Array]:
    """The statistics of each over the samples that count in all."""
    counts = counting(measures)
    return [each.statistics[counts] for each in measures]


def _contrast(combine: Combine, weights: Sequence[float]) -> Combine:
    """The weighted sum of values of trainings whose sums of statistics stand side by side."""

    def combined(sums: Array) -> Array:
        return np.asarray(combine(sums.reshape(*sums.shape[:-1], len(weights), -1)) @ np.array(weights))

    return combined


def _joined(interval: Interval, value: float, error: Error, lowest: float) -> Interval:
    """The interval over samples, made wider by what the seeds add."""
    seeds = error.seeds_part(ALPHA)
    low, high = (math.hypot(value - end, seeds) for end in interval)
    return max(lowest, value - low), min(SCALE, value + high)
