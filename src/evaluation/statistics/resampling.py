"""Bootstrap and randomisation of test sets through their sufficient statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special

from src.metrics.combine import Array, Combine

Interval = tuple[float, float]

SCALE = 100.0  # every metric lies between 0 and this
LEVEL = 0.95
TIE = 1e-9
BLOCK_CELLS = 4_000_000  # resamples x samples held at once: 32 MB of float64
FEW = 5  # samples, of which no bootstrap percentile lies as far out as Student's t asks


def bootstrap_interval(
    rows: Array, combine: Combine, resamples: int, seed: int, lowest: float = 0.0
) -> tuple[Interval, float]:
    """95 % interval of combine(sum of rows) when the samples are drawn again, with its standard error.

    rows (n, k), n >= 2; `lowest` is the least that the value can be.
    """
    values = np.concatenate([combine(drawn @ rows) for drawn in _multiplicities(len(rows), resamples, seed)])
    interval, error = widened_interval(values, combine(rows.sum(axis=0) - rows))
    observed = float(combine(rows.sum(axis=0)))
    return _joined_with_students(interval, observed, error, len(rows), lowest), error


def paired_interval(
    before: Array, after: Array, combine: Combine, resamples: int, seed: int
) -> tuple[Interval, float]:
    """95 % interval of the paired difference, with its standard error; both (n, k), n >= 2."""
    values = paired_bootstrap(before, after, combine, resamples, seed)
    left_out = combine(after.sum(axis=0) - after) - combine(before.sum(axis=0) - before)
    interval, error = widened_interval(values, left_out)
    observed = float(combine(after.sum(axis=0)) - combine(before.sum(axis=0)))
    return _joined_with_students(interval, observed, error, len(before), -SCALE), error


def widened_interval(resampled: Array, left_out: Array) -> tuple[Interval, float]:
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
    tail = special.stdtrit(n - 1, (1 + LEVEL) / 2) * math.sqrt(n / (n - 1)) * wider
    low, high = np.quantile(resampled, special.ndtr([-tail, tail]))
    return (float(low), float(high)), error


def _joined_with_students(
    interval: Interval, observed: float, error: float, n: int, lowest: float
) -> Interval:
    """Of FEW samples or fewer the hull of the interval and Student's: all resamples lie between the samples."""
    if n > FEW:
        return interval
    half = float(special.stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    return max(lowest, min(interval[0], observed - half)), min(SCALE, max(interval[1], observed + half))


def paired_bootstrap(before: Array, after: Array, combine: Combine, resamples: int, seed: int) -> Array:
    """Differences after - before (resamples,) of both systems on the same redrawn samples (Koehn 2004).

    No p-value is taken from them: sacrebleu's raises twice too many false alarms (docs/statistics.md).
    """
    return np.concatenate(
        [
            combine(counts @ after) - combine(counts @ before)
            for counts in _multiplicities(len(before), resamples, seed)
        ]
    )


def paired_randomisation(before: Array, after: Array, combine: Combine, resamples: int, seed: int) -> float:
    """The p-value of paired randomisation (Noreen 1989): each sample's two rows swap systems with probability 1/2.

    Both rows of a sample must weigh the same, whatever number of completions each stands for: a heavier row carries
    its system's total along when it swaps. Two-sided; the observed arrangement counts as one of the resamples, so
    that p is never 0.
    """
    total = before.sum(axis=0) + after.sum(axis=0)
    shift, base = after - before, before.sum(axis=0)
    drawn = []
    for swaps in _swaps(len(before), resamples, seed):
        first = swaps @ shift + base
        drawn.append(combine(first) - combine(total - first))
    observed = abs(float(combine(after.sum(axis=0)) - combine(base)))
    beyond = int((np.abs(np.concatenate(drawn)) >= observed - TIE).sum())
    return (beyond + 1) / (resamples + 1)


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
