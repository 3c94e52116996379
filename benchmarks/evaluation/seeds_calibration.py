"""Measures whether intervals and p-values of methods trained with several seeds keep their promises, on simulated runs.

    python -m benchmarks.evaluation.seeds_calibration [--comparisons 1000] [--resamples 400] [--workers 1]

Writes benchmarks/results/seeds_calibration.json. A seed moves how good a training is, by a normal draw whose spread is
a multiple of the sampling error: the standard deviation of the difference of two single models over sets of n
samples. Other ways to an interval are measured beside the one in use, on the same runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks import RESULTS
from benchmarks.evaluation.statistics_calibration import (
    Answers,
    Generator,
    binary_answers,
    continuous_answers,
    corpus_answers,
)
from src.evaluation.statistics.estimates import Measure
from src.evaluation.statistics.resampling import LEVEL, Interval
from src.evaluation.statistics.seeds import ALPHA, difference_over_seeds, spread, values
from src.metrics.combine import Array, Combine, combine_bleu, combine_mean
from src.schema import Difference

STORED = RESULTS / "seeds_calibration.json"
SEEDS = {50: (3, 5, 10), 200: (3,)}  # n -> trainings of a method
SPREADS = (0.0, 0.5, 2.0)  # standard deviation between seeds, in sampling errors
EFFECT = 3.0  # true difference where there is one, in sampling errors
GRID = np.linspace(-4.0, 4.0, 33)  # logits
POPULATION = 200_000
PAIRS = 500  # of single models that give the sampling error
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)

OTHERS = ("samples only", "seeds only", "two-level bootstrap", "Welch")


@dataclass(frozen=True)
class SeedScenario:
    """A kind of metric, with how answers of models to the same samples are drawn."""

    name: str
    answers: Callable[[Generator, int], Answers]
    combine: Combine


SCENARIOS = (
    SeedScenario("corpus (BLEU)", corpus_answers, combine_bleu),
    SeedScenario("continuous (CodeBLEU)", continuous_answers, combine_mean),
    SeedScenario("binary, 40 % pass", functools.partial(binary_answers, pass_rate=0.4), combine_mean),
)


@dataclass(frozen=True)
class SeedCalibration:
    """Shares over the comparisons of one scenario."""

    scenario: str
    n: int
    before: int  # trainings on that side; 1 is a model that was not trained
    after: int
    spread: float  # between seeds, in sampling errors
    comparisons: int
    false_alarms: float  # p < 0.05 where the methods are equal
    covers: float  # the true difference, where the methods are equal
    width: float  # of the interval: mean, in points
    # over the first half of the comparisons:
    covers_effect: float  # where the methods differ by EFFECT sampling errors
    power: float  # p < 0.05 there
    power_expected: float  # mean of the power that Difference.detectable promises there
    others: dict[str, float]  # coverage by other ways, where the methods are equal


@functools.cache
def _curve(scenario: SeedScenario) -> Array:
    """The metric over a population, at each point of GRID; the same samples and noise at each."""
    made = []
    for shift in GRID:
        rows = scenario.answers(np.random.default_rng(1), POPULATION)(float(shift))
        made.append(float(scenario.combine(rows.sum(axis=0))))
    return np.array(made)


def mean_over_seeds(scenario: SeedScenario, shift: float, deviation: float) -> float:
    """The true value of a method: the mean over seeds that move it by a normal draw of that deviation, in logits."""
    made = np.interp(shift + deviation * NODES, GRID, _curve(scenario))
    return float(made @ WEIGHTS / WEIGHTS.sum())


def shift_for(scenario: SeedScenario, value: float, deviation: float) -> float:
    """The logits at which a method has that true value."""
    means = [mean_over_seeds(scenario, shift, deviation) for shift in GRID]
    return float(np.interp(value, means, GRID))


@functools.cache
def sampling_error(scenario: SeedScenario, n: int) -> float:
    """Standard deviation of the difference of two equal single models over sets of n samples."""
    made = []
    for index in range(PAIRS):
        answers = scenario.answers(np.random.default_rng([2, n, index]), n)
        old, new = (scenario.combine(answers(0.0).sum(axis=0)) for _ in range(2))
        made.append(float(new - old))
    return float(np.std(made))


def calibrate(
    scenario: SeedScenario, n: int, sides: tuple[int, int], multiple: float, comparisons: int, resamples: int
) -> SeedCalibration:
    """Simulate comparisons of two methods, equal and different; count false alarms and covered truths."""
    error = sampling_error(scenario, n)
    slope = float(np.gradient(_curve(scenario), GRID)[len(GRID) // 2])
    deviations = [multiple * error / slope if count > 1 else 0.0 for count in sides]
    start = mean_over_seeds(scenario, 0.0, deviations[0])
    equal, better = (
        shift_for(scenario, start + difference, deviations[1]) for difference in (0.0, EFFECT * error)
    )
    equals, differents, others = np.zeros(3), np.zeros(3), np.zeros(len(OTHERS))
    for index in range(comparisons):
        generator = np.random.default_rng([3, n, *sides, round(10 * multiple), index])
        answers = scenario.answers(generator, n)

        def trained(
            place: float, side: int, generator: Generator = generator, answers: Answers = answers
        ) -> list[Array]:
            return [answers(place + deviations[side] * generator.normal()) for _ in range(sides[side])]

        old, new = trained(0.0, 0), trained(equal, 1)
        found = _difference(scenario, old, new, resamples, index)
        equals += (found.p_value < ALPHA, _covers(found.ci95, 0.0), found.ci95[1] - found.ci95[0])
        if index < comparisons // 2:
            others += [
                _covers(each, 0.0) for each in _other_intervals(old, new, scenario.combine, resamples, index)
            ]
            found = _difference(scenario, old, trained(better, 1), resamples, index)
            expected = _expected_power(found.detectable, EFFECT * error)
            differents += (_covers(found.ci95, EFFECT * error), found.p_value < ALPHA, expected)
    half = comparisons // 2
    shares = [float(count) for count in (*(equals / comparisons), *(differents / half))]
    by_others = dict(zip(OTHERS, (float(count) for count in others / half), strict=True))
    return SeedCalibration(scenario.name, n, *sides, multiple, comparisons, *shares, by_others)


def _difference(
    scenario: SeedScenario, old: list[Array], new: list[Array], resamples: int, seed: int
) -> Difference:
    sides = ([Measure("", "", rows, scenario.combine) for rows in side] for side in (old, new))
    return difference_over_seeds(*sides, resamples, seed)


def _covers(interval: Interval, truth: float) -> bool:
    return interval[0] <= truth <= interval[1]


def _other_intervals(
    old: list[Array], new: list[Array], combine: Combine, resamples: int, seed: int
) -> list[Interval]:
    """95 % intervals of the difference by the ways of OTHERS."""
    generator = np.random.default_rng([4, seed])
    n = len(old[0])
    counts = generator.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)
    drawn = combine(np.stack([counts @ rows for rows in (*old, *new)], axis=1))  # (resamples, trainings)
    drawn_old, drawn_new = drawn[:, : len(old)], drawn[:, len(old) :]
    delta = float(values(new, combine).mean() - values(old, combine).mean())
    both = _redrawn(generator, drawn_new) - _redrawn(generator, drawn_old)
    low, high = np.quantile(both, [0.025, 0.975])
    samples = float((drawn_new.mean(axis=1) - drawn_old.mean(axis=1)).std(ddof=1))
    spreads = [spread(side, combine) for side in (old, new) if len(side) > 1]
    parts = [each.variance / each.count for each in spreads]
    plain = [each.between / each.count for each in spreads]
    return [
        _around(delta, samples**2, n - 1),
        _around(delta, sum(plain), _welch(plain, [each.count - 1 for each in spreads])),
        (float(low), float(high)),
        _around(
            delta,
            samples**2 + sum(parts),
            _welch([samples**2, *parts], [n - 1, *(each.count - 1 for each in spreads)]),
        ),
    ]


def _redrawn(generator: Generator, drawn: Array) -> Array:
    """Each resample's mean over resampled seeds, from its values by seed (resamples, seeds)."""
    chosen = generator.integers(drawn.shape[1], size=drawn.shape)
    return np.take_along_axis(drawn, chosen, axis=1).mean(axis=1)


def _around(delta: float, variance: float, degrees: float) -> Interval:
    half = float(stats.t.ppf((1 + LEVEL) / 2, degrees)) * math.sqrt(variance)
    return delta - half, delta + half


def _welch(variances: list[float], degrees: list[int]) -> float:
    """Degrees of freedom of a sum of variances (Satterthwaite 1946; Welch 1947)."""
    below = sum(variance**2 / free for variance, free in zip(variances, degrees, strict=True))
    return sum(variances) ** 2 / below if below else float(sum(degrees))


def _expected_power(detectable: float, truth: float) -> float:
    """Probability that a true difference shows, if `detectable` shows with probability 80 %."""
    threshold = stats.norm.ppf(1 - ALPHA / 2)
    return float(stats.norm.cdf(truth / detectable * (threshold + stats.norm.ppf(0.8)) - threshold))


def table(rows: list[SeedCalibration]) -> str:
    """The calibrations as a Markdown table: the lowest and the highest share over metrics and sizes."""
    lines = [
        "| seeds | spread | p < 0.05 | covers | with an effect | width at n = 50 | power | expected | "
        + " | ".join(OTHERS)
        + " |",
        "|---|--:|--:|--:|--:|--:|--:|--:|" + "--:|" * len(OTHERS),
    ]
    for case in dict.fromkeys((row.before, row.after, row.spread) for row in rows):
        group = [row for row in rows if (row.before, row.after, row.spread) == case]
        cells = [
            f"{case[0]} and {case[1]}", f"{case[2]:g}",
            *(_range([getattr(row, name) for row in group]) for name in ("false_alarms", "covers", "covers_effect")),
            " / ".join(f"{row.width:.0f}" for row in group if row.n == min(SEEDS)),
            *(_range([getattr(row, name) for row in group]) for name in ("power", "power_expected")),
            *(_range([row.others[name] for row in group]) for name in OTHERS),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _range(shares: list[float]) -> str:
    low, high = (f"{100 * share:.1f}" for share in (min(shares), max(shares)))
    return low if low == high else f"{low}-{high}"


def cases() -> list[tuple[SeedScenario, int, tuple[int, int], float]]:
    """Every case that is simulated: one model against seeds, and seeds against seeds."""
    sides = [(n, (before, count)) for n, counts in SEEDS.items() for count in counts for before in (1, count)]
    return [
        (scenario, n, pair, spread)
        for scenario, (n, pair), spread in itertools.product(SCENARIOS, sides, SPREADS)
    ]


def main() -> None:
    """Print the table of docs/statistics.md and store it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--comparisons", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(options.workers) as pool:
        waiting = [pool.submit(calibrate, *case, options.comparisons, options.resamples) for case in cases()]
        rows = []
        for future in waiting:
            rows.append(future.result())
            print(rows[-1], f"{time.perf_counter() - began:.0f} s", flush=True)
    print(table(rows))
    stored = {"options": vars(options), "rows": [dataclasses.asdict(row) for row in rows]}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
