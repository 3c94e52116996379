"""Measures whether p-values and intervals of src/evaluation/statistics/estimates.py keep their promises, on simulated runs.

    python -m benchmarks.evaluation.statistics_calibration [--comparisons 4000] [--resamples 1000] [--seed 0] [--workers 2]

Writes benchmarks/results/statistics_calibration.json.
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
from scipy import special

from benchmarks import RESULTS
from src.evaluation.statistics.estimates import POWER, Measure, difference, estimate
from src.evaluation.statistics.proportions import mcnemar_exact
from src.evaluation.statistics.resampling import LEVEL, paired_bootstrap
from src.metrics.combine import Array, Combine, combine_bleu, combine_mean
from src.schema import Difference

STORED = RESULTS / "statistics_calibration.json"
SIZES = (30, 50, 200)
POPULATION = 1_000_000  # samples that stand for the truth
LENGTH_LOG_MEAN, LENGTH_LOG_SD = 4.24, 0.60  # tokens (13a) of Code Alpaca's outputs
EFFECT = 0.5  # logits by which "after" is better where there is an effect

Generator = np.random.Generator
Answers = Callable[[float], Array]  # logits by which a system is better -> its statistics (n, k), drawn again
Simulated = tuple[Array, Array]  # statistics before and after, (n, k) each


@dataclass(frozen=True)
class Scenario:
    """A kind of metric, with how runs of two systems on the same samples are drawn."""

    name: str
    simulate: Callable[..., Simulated]  # generator, n, effect in logits, completions before and after
    combine: Callable[[Array], Array]
    binary: bool = False

    completions: tuple[int, int] = (1, 1)  # per sample, before and after

    def measures(self, generator: Generator, n: int, effect: float) -> tuple[Measure, Measure]:
        before, after = (
            Measure(self.name, "simulated", rows, self.combine, binary=self.binary)
            for rows in self.simulate(generator, n, effect, completions=self.completions)
        )
        return before, after


@dataclass(frozen=True)
class Calibration:
    """Shares over the comparisons of one scenario at one size."""

    scenario: str
    n: int
    effect: float
    comparisons: int
    true_difference: float
    significant: float  # p < 0.05 by difference(): the false alarms, or where there is an effect the power
    significant_other: float  # by exact McNemar, or by the paired bootstrap as sacrebleu computes it
    difference_coverage: float  # of the 95 % interval of the difference
    score_coverage: float  # of the 95 % interval of the score before
    disagreement: float  # the interval leaves out 0 and p >= 0.05, or the other way round
    detectable: float  # mean of Difference.detectable
    power_expected: float  # mean of the power that Difference.detectable promises for the true difference


def corpus_answers(generator: Generator, n: int) -> Answers:
    """BLEU statistics: long-tailed lengths, a difficulty that all systems share."""
    difficulty = generator.normal(0, 1, n)
    reference = np.maximum(3, np.exp(generator.normal(LENGTH_LOG_MEAN, LENGTH_LOG_SD, n)).round()).astype(int)

    def answers(shift: float) -> Array:
        quality = _logistic(0.8 * difficulty + generator.normal(shift, 0.8, n))
        length = np.maximum(1, (reference * np.exp(generator.normal(0, 0.25, n))).round()).astype(int)
        totals = np.maximum(length[:, None] - np.arange(4), 0)
        matchable = np.maximum(np.minimum(length, reference)[:, None] - np.arange(4), 0)
        matches = generator.binomial(matchable, quality[:, None] ** (1 + 0.6 * np.arange(4)))
        return np.column_stack([length, reference, matches, totals]).astype(float)

    return answers


def draw_corpus(
    generator: Generator, n: int, effect: float, same: float = 0.0, completions: tuple[int, int] = (1, 1)
) -> Simulated:
    """Two systems of corpus_answers(), with a share of same answers."""
    answers = corpus_answers(generator, n)
    before, after = _mean(answers, 0.0, completions[0]), _mean(answers, effect, completions[1])
    return before, np.where(generator.random(n)[:, None] < same, before, after)


def continuous_answers(generator: Generator, n: int) -> Answers:
    """One score per sample, skewed, with lumps at 0 and 100 as CodeBLEU has."""
    difficulty = generator.normal(0, 1, n)

    def answers(shift: float) -> Array:
        values = 100 * _logistic(difficulty + generator.normal(shift - 0.3, 1, n))
        lump = generator.random(n)
        return np.column_stack([np.where(lump < 0.08, 0, np.where(lump > 0.95, 100, values)), np.ones(n)])

    return answers


def draw_continuous(
    generator: Generator, n: int, effect: float, completions: tuple[int, int] = (1, 1)
) -> Simulated:
    """Two systems of continuous_answers()."""
    answers = continuous_answers(generator, n)
    return _mean(answers, 0.0, completions[0]), _mean(answers, effect, completions[1])


def binary_answers(generator: Generator, n: int, pass_rate: float) -> Answers:
    """Pass or fail, with a difficulty that all systems share."""
    spread = 1.2
    centre = float(special.ndtri(pass_rate)) * math.sqrt(1 + spread**2)
    difficulty = spread * generator.normal(0, 1, n) + centre

    def answers(shift: float) -> Array:
        passed = generator.random(n) < special.ndtr(difficulty + shift)
        return np.column_stack([100.0 * passed, np.ones(n)])

    return answers


def draw_binary(
    generator: Generator, n: int, effect: float, pass_rate: float, completions: tuple[int, int] = (1, 1)
) -> Simulated:
    """Two systems of binary_answers()."""
    answers = binary_answers(generator, n, pass_rate)
    return _mean(answers, 0.0, completions[0]), _mean(answers, effect, completions[1])


def _mean(answers: Answers, shift: float, completions: int) -> Array:
    """The mean statistics of several answers to each sample, which share its difficulty."""
    return np.mean([answers(shift) for _ in range(completions)], axis=0)


SCENARIOS = (
    Scenario("corpus (BLEU)", draw_corpus, combine_bleu),
    Scenario("continuous (CodeBLEU)", draw_continuous, combine_mean),
    Scenario("binary, 40 % pass", functools.partial(draw_binary, pass_rate=0.4), combine_mean, True),
)
HARD = (
    Scenario("corpus, 70 % same answers", functools.partial(draw_corpus, same=0.7), combine_bleu),
    Scenario("binary, 10 % pass", functools.partial(draw_binary, pass_rate=0.1), combine_mean, True),
)


def calibrate(
    scenario: Scenario, n: int, effect: float, comparisons: int, resamples: int, seed: int
) -> Calibration:
    """Simulate comparisons of n samples; count false alarms and covered truths."""
    true_score, true_difference = truth(scenario, effect)
    hits = np.zeros(7)
    for index in range(comparisons):
        generator = np.random.default_rng([seed, n, index])
        before, after = scenario.measures(generator, n, effect)
        result = difference(before, after, resamples, index)
        interval = estimate(before, resamples, index).ci95 or (0.0, 0.0)
        shows_by_interval = not result.ci95[0] <= 0 <= result.ci95[1]
        hits += (
            result.p_value < 1 - LEVEL,
            _other_p_value(scenario, before, after, result, resamples, index) < 1 - LEVEL,
            result.ci95[0] <= true_difference <= result.ci95[1],
            interval[0] <= true_score <= interval[1],
            shows_by_interval != (result.p_value < 1 - LEVEL),
            result.detectable,
            _expected_power(result.detectable, true_difference),
        )
    return Calibration(
        scenario.name, n, effect, comparisons, true_difference, *(float(hit) for hit in hits / comparisons)
    )


def table(rows: list[Calibration]) -> str:
    """The calibrations as a Markdown table."""
    lines = [
        "| metric | n | true difference | p < 0.05 | expected | other test | covers difference | covers score"
        " | interval and p disagree | detectable |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        expected = row.power_expected if row.effect else 1 - LEVEL
        shares = (
            row.significant, expected, row.significant_other,
            row.difference_coverage, row.score_coverage, row.disagreement,
        )  # fmt: skip
        lines.append(
            f"| {row.scenario} | {row.n} | {row.true_difference:.1f} | "
            + " | ".join(f"{100 * share:.1f} %" for share in shares)
            + f" | {row.detectable:.1f} |"
        )
    return "\n".join(lines)


def _other_p_value(
    scenario: Scenario, before: Measure, after: Measure, result: Difference, resamples: int, seed: int
) -> float:
    if scenario.binary:
        return mcnemar_exact(result.wins, result.losses)
    return bootstrap_p_value(before.statistics, after.statistics, scenario.combine, resamples, seed)


def bootstrap_p_value(before: Array, after: Array, combine: Combine, resamples: int, seed: int) -> float:
    """sacrebleu's: the share of resamples whose absolute difference exceeds the mean absolute one by more than the
    observed one."""
    distances = np.abs(paired_bootstrap(before, after, combine, resamples, seed))
    observed = abs(float(combine(after.sum(axis=0)) - combine(before.sum(axis=0))))
    return (int((distances - distances.mean() > observed).sum()) + 1) / (resamples + 1)


def _expected_power(detectable: float, true_difference: float) -> float:
    """Probability that a true difference shows, if `detectable` shows with probability POWER."""
    threshold = special.ndtri((1 + LEVEL) / 2)
    return float(special.ndtr(true_difference / detectable * (threshold + special.ndtri(POWER)) - threshold))


@functools.cache
def truth(scenario: Scenario, effect: float) -> tuple[float, float]:
    """The score before, and the difference, over a population."""
    before, after = scenario.measures(np.random.default_rng([0, POPULATION]), POPULATION, effect)
    value, improved = (float(measure.combine(measure.statistics.sum(axis=0))) for measure in (before, after))
    return value, improved - value if effect else 0.0


def _logistic(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))


def main() -> None:
    """Print the table of docs/statistics.md and store it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--comparisons", type=int, default=4000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    cases = list(itertools.product((0.0, EFFECT), (*SCENARIOS, *HARD), SIZES))
    with ProcessPoolExecutor(options.workers) as pool:
        waiting = [
            pool.submit(calibrate, scenario, n, effect, options.comparisons, options.resamples, options.seed)
            for effect, scenario, n in cases
        ]
        rows = [future.result() for future in waiting]
    print(table(rows))
    print(f"\n{vars(options)}: {time.perf_counter() - start:.0f} s")
    stored = {"options": vars(options), "rows": [dataclasses.asdict(row) for row in rows]}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
