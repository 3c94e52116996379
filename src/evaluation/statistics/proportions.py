"""Intervals and tests of pass rates, in closed form: no resampling."""

from __future__ import annotations

import math

from scipy import special, stats

from src.evaluation.statistics.resampling import LEVEL, SCALE, Interval

BISECTIONS = 60  # halves an interval of length 2 down to the last bit of a float


def wilson(passed: int, n: int) -> Interval:
    """Wilson's score interval (1927) of a pass rate, in percent."""
    low, high = stats.binomtest(passed, n).proportion_ci(LEVEL, "wilson")
    return SCALE * float(low), SCALE * float(high)


def mcnemar_score(wins: int, losses: int) -> float:
    """Two-sided p-value of McNemar's test (1947), without a continuity correction.

    Against the exact test it raises as many false alarms as it promises (docs/statistics.md; Fagerland,
    Lydersen and Laake 2013), and it agrees with tango(): that interval leaves out 0 just where p < 0.05.
    """
    if wins == losses:
        return 1.0
    return 2 * float(special.ndtr(-abs(wins - losses) / math.sqrt(wins + losses)))


def mcnemar_exact(wins: int, losses: int) -> float:
    """Two-sided exact McNemar test: wins and losses are fair coin tosses where the systems are alike."""
    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def tango(wins: int, losses: int, n: int) -> Interval:
    """Tango's score interval (1998) of a difference of paired pass rates, in percent: the inverted test."""
    z = float(special.ndtri((1 + LEVEL) / 2))
    return SCALE * _where_score_is(z, wins, losses, n), SCALE * _where_score_is(-z, wins, losses, n)


def paired_error(wins: int, losses: int, n: int) -> float:
    """Standard error of a difference of paired pass rates, in percent.

    With one win and one loss added (Bonett and Price 2012), so that it is not 0 where all samples tie.
    """
    up, down = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    return SCALE * math.sqrt((up + down - (up - down) ** 2) / (n + 2))


def _where_score_is(target: float, wins: int, losses: int, n: int) -> float:
    """The true difference at which the score statistic, which falls as it grows, is `target`."""
    low, high = -1.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _score_statistic(middle, wins, losses, n) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score_statistic(true: float, wins: int, losses: int, n: int) -> float:
    """(observed - true difference) / its standard error if `true` holds; Tango 1998, equation 5."""
    half_b = ((2 * n - wins + losses) * true - wins - losses) / 2
    root = math.sqrt(max(0.0, half_b**2 + 2 * n * losses * true * (1 - true)))
    only_before = (root - half_b) / (2 * n)  # maximum likelihood of the share that only "before" passes
    variance = n * (2 * only_before + true * (1 - true))
    distance = wins - losses - n * true
    if variance > 0 or distance == 0:
        return distance / math.sqrt(variance) if distance else 0.0
    return math.copysign(math.inf, distance)
