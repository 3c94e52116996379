"""Intervals for scores of a test set, with paired tests for the difference between two systems."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from src.schema import Difference, Score

Array = NDArray[np.float64]
Combine = Callable[[Array], Array]
Interval = tuple[float, float]

SCALE = 100.0  # every metric lies between 0 and this
LEVEL = 0.95
POWER = 0.80
DECIMALS = 8  # of what is stored: hides the last bits, in which machines differ
TIE = 1e-9
BLOCK_CELLS = 4_000_000  # resamples x samples held at once: 32 MB of float64


@dataclass(frozen=True)
class Measure:
    """A metric's sufficient statistics on a test set: what a resample adds up, how the sum becomes a value.

    One row a sample, in the order of `ids`. A row of zeros is a sample that does not count.
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


@dataclass(frozen=True)
class PairedResamples:
    """Differences after - before under resampling, and the two-sided p-value they give."""

    differences: Array  # (resamples,)
    p_value: float


def score(measure: Measure, resamples: int = 2000, seed: int = 0) -> Score:
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
        ci95 = bootstrap_interval(rows, measure.combine, resamples, seed)
    return Score(_stored(value), _stored_pair(ci95), n, _stored(n / total), measure.signature)


def difference(before: Measure, after: Measure, resamples: int = 2000, seed: int = 0) -> Difference:
    """After minus before over the samples that count in both; `p_holm` is `p_value` until holm() is applied.

    Corpus metrics and means: paired bootstrap interval, paired randomisation test. Pass/fail: McNemar's test.
    Fewer than two shared samples show nothing: p is 1 and the interval everything.
    Raises ValueError when the two are not the same metric on the same samples.
    """
    _check_paired(before, after)
    both = before.counts & after.counts
    old, new = before.statistics[both], after.statistics[both]
    n = len(old)
    change = (after.by_sample() - before.by_sample())[both]
    wins, losses = int((change > TIE).sum()), int((change < -TIE).sum())
    delta = float(after.combine(new.sum(axis=0)) - before.combine(old.sum(axis=0))) if n else 0.0
    binary = _is_binary(before, old) and _is_binary(after, new)
    if n < 2:
        ci95, error, p_value, test = (-SCALE, SCALE), math.inf, 1.0, "none: fewer than two samples"
    elif binary:
        ci95, error = paired_binary_interval(wins, losses, n)
        p_value = mcnemar_midp(wins, losses)
        test = f"McNemar mid-p (exact p = {mcnemar_exact(wins, losses):.4f})"
    else:
        ci95, error = paired_interval(old, new, before.combine, resamples, seed)
        p_value = paired_randomisation(old, new, before.combine, resamples, seed).p_value
        test = f"paired randomisation ({resamples} permutations)"
    p_value = float(f"{p_value:.{DECIMALS}g}")
    detectable = _stored(detectable_difference(error))
    ties = n - wins - losses
    return Difference(
        _stored(delta), _stored_pair(ci95), p_value, p_value, wins, losses, ties, n, detectable, test
    )


def bootstrap_interval(rows: Array, combine: Combine, resamples: int, seed: int) -> Interval:
    """95 % interval of combine(sum of rows) when the samples are drawn anew; rows (n, k), n >= 2."""
    values = np.concatenate([combine(drawn @ rows) for drawn in _multiplicities(len(rows), resamples, seed)])
    return widened_interval(values, combine(rows.sum(axis=0) - rows))[0]


def paired_interval(
    before: Array, after: Array, combine: Combine, resamples: int, seed: int
) -> tuple[Interval, float]:
    """95 % interval of the paired difference, with its standard error; both (n, k), n >= 2."""
    values = paired_bootstrap(before, after, combine, resamples, seed).differences
    left_out = combine(after.sum(axis=0) - after) - combine(before.sum(axis=0) - before)
    return widened_interval(values, left_out)


def widened_interval(resampled: Array, left_out: Array, level: float = LEVEL) -> tuple[Interval, float]:
    """Percentile interval from bootstrap values and leave-one-out values (n,), with the standard error.

    A small sample's bootstrap distribution is too narrow. The percentiles are moved out as far as Student's t
    asks (Hesterberg 2015), and by the ratio of the jackknife's standard error to the bootstrap's where a few
    long samples weigh most. Of the intervals tried (docs/statistics.md) this one covers best.
    """
    n = len(left_out)
    bootstrap_error = float(resampled.std(ddof=1)) * math.sqrt(n / (n - 1))
    jackknife_error = math.sqrt((n - 1) / n * float(((left_out - left_out.mean()) ** 2).sum()))
    error = max(bootstrap_error, jackknife_error)
    wider = error / bootstrap_error if bootstrap_error > TIE else 1.0
    tail = stats.t.ppf((1 + level) / 2, n - 1) * math.sqrt(n / (n - 1)) * wider
    low, high = np.quantile(resampled, stats.norm.cdf([-tail, tail]))
    return (float(low), float(high)), error


def paired_bootstrap(
    before: Array, after: Array, combine: Combine, resamples: int, seed: int
) -> PairedResamples:
    """Paired bootstrap (Koehn 2004): both systems on the same redrawn samples.

    The p-value is the share of resamples whose difference lies as far from their mean as the observed one
    lies from 0; it is too small where n is (docs/statistics.md), so that difference() does not use it.
    """
    drawn = np.concatenate(
        [
            combine(counts @ after) - combine(counts @ before)
            for counts in _multiplicities(len(before), resamples, seed)
        ]
    )
    observed = float(combine(after.sum(axis=0)) - combine(before.sum(axis=0)))
    return PairedResamples(drawn, _p_value(drawn - drawn.mean(), observed))


def paired_randomisation(
    before: Array, after: Array, combine: Combine, resamples: int, seed: int
) -> PairedResamples:
    """Paired randomisation (Noreen 1989): each sample's two answers swap systems with probability 1/2."""
    total = before.sum(axis=0) + after.sum(axis=0)
    shift, base = after - before, before.sum(axis=0)
    drawn = []
    for swaps in _swaps(len(before), resamples, seed):
        first = swaps @ shift + base
        drawn.append(combine(first) - combine(total - first))
    observed = float(combine(after.sum(axis=0)) - combine(base))
    differences = np.concatenate(drawn)
    return PairedResamples(differences, _p_value(differences, observed))


def wilson(passed: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval (1927) of a pass rate, in percent."""
    z = stats.norm.ppf((1 + level) / 2)
    centre = (passed + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * math.sqrt(passed * (n - passed) / n + z**2 / 4)
    return SCALE * max(0.0, centre - half), SCALE * min(1.0, centre + half)


def paired_binary_interval(wins: int, losses: int, n: int) -> tuple[Interval, float]:
    """Interval of a difference of paired pass rates in percent (Bonett and Price 2012), with its standard error.

    Of the intervals tried it agrees best with mid-p: it seldom leaves out 0 where p is above 0.05.
    """
    up, down = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    error = math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    half = stats.norm.ppf((1 + LEVEL) / 2) * error
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    return (SCALE * low, SCALE * high), SCALE * error


def mcnemar_exact(wins: int, losses: int) -> float:
    """Two-sided exact McNemar test: wins and losses are fair coin tosses where the systems are alike."""
    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def mcnemar_midp(wins: int, losses: int) -> float:
    """McNemar's test with mid-p (Fagerland et al. 2013): the exact test less half the observed outcome."""
    if wins == losses:
        return 1.0
    tossed = stats.binom(wins + losses, 0.5)
    fewer = min(wins, losses)
    return float(min(1.0, 2 * tossed.cdf(fewer) - tossed.pmf(fewer)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction (1979) of a family of p-values, in their order."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def detectable_difference(standard_error: float, level: float = LEVEL, power: float = POWER) -> float:
    """The smallest true difference that shows at p < 1 - level with the given power; at most 100."""
    return float(min(SCALE, (stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power)) * standard_error))


def _p_value(null: Array, observed: float) -> float:
    """Two-sided; the observed arrangement counts as one of the resamples, so p is never 0."""
    return float(((np.abs(null) >= abs(observed) - TIE).sum() + 1) / (len(null) + 1))


def _multiplicities(n: int, resamples: int, seed: int) -> Iterator[Array]:
    """How often each of n samples is drawn in each bootstrap resample, in blocks (block, n)."""
    generator = np.random.default_rng([seed, 1])
    for size in _blocks(n, resamples):
        drawn = generator.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def _swaps(n: int, resamples: int, seed: int) -> Iterator[Array]:
    """Which of n samples swap systems (1.0) in each permutation, in blocks (block, n)."""
    generator = np.random.default_rng([seed, 2])
    for size in _blocks(n, resamples):
        yield generator.integers(2, size=(size, n)).astype(np.float64)


def _blocks(n: int, resamples: int) -> Iterator[int]:
    size = max(1, BLOCK_CELLS // n)
    for start in range(0, resamples, size):
        yield min(size, resamples - start)


def _is_binary(measure: Measure, rows: Array) -> bool:
    """Several completions of one sample add up to a row that is no longer pass or fail."""
    return measure.binary and bool((rows[:, 1] == 1).all())


def _check_paired(before: Measure, after: Measure) -> None:
    if (before.name, before.signature) != (after.name, after.signature):
        raise ValueError(
            f"cannot compare {before.name} ({before.signature}) with {after.name} ({after.signature})"
        )
    if before.ids != after.ids or len(before.statistics) != len(after.statistics):
        raise ValueError(f"{before.name}: before and after were not measured on the same samples")


def _stored(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0


def _stored_pair(pair: Interval) -> Interval:
    return _stored(pair[0]), _stored(pair[1])
