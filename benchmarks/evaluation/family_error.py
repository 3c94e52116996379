"""Measures how often a whole report of equal systems holds a difference that Holm's correction calls significant.

    python -m benchmarks.evaluation.family_error [--reports 5000] [--resamples 2000] [--workers 2]

Writes benchmarks/results/family_error.json. A report compares one model before with several methods on one test set:
six metrics each (two of the corpus kind, two means, two of pass or fail), all answers drawn from one distribution, so
that every difference is luck. Beside it stands how often the score test's p lies under a small threshold, computed
without simulation, against the exact test's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks import RESULTS
from benchmarks.evaluation.statistics_calibration import (
    Generator,
    draw_binary,
    draw_continuous,
    draw_corpus,
)
from src.evaluation.statistics.estimates import holm
from src.evaluation.statistics.proportions import mcnemar_exact, mcnemar_score
from src.evaluation.statistics.resampling import paired_randomisation
from src.metrics.combine import Array, Combine, combine_bleu, combine_mean

STORED = RESULTS / "family_error.json"
CASES = ((2, 50), (10, 50))  # methods, samples: reports of 12 and 60 differences
LEVEL = 0.05
THRESHOLDS = (0.05, 0.05 / 12, 0.05 / 60)
SHARES = tuple(
    round(0.02 * step, 2) for step in range(1, 51)
)  # of samples on which exactly one system passes
BLOCK = 100  # reports per task


@dataclass(frozen=True)
class FamilyError:
    """How often reports of equal systems hold something significant."""

    differences: int
    n: int
    reports: int
    share: float  # of the reports with a Holm value under 0.05
    upper: float  # Clopper and Pearson's upper bound of it, 95 %, one-sided
    uncorrected: float  # share of the reports with a p under 0.05


@dataclass(frozen=True)
class Tail:
    """The most that a test of pass rates raises under a threshold, over all shares of changed samples."""

    threshold: float
    n: int
    score: float
    exact: float


def report_p_values(generator: Generator, methods: int, n: int, resamples: int, seed: int) -> list[float]:
    """The p-values of a report: metrics of one answer are drawn apart, methods share samples and the model before."""
    found = []
    kinds: list[tuple[Combine, bool, list[Array]]] = []
    for _ in range(2):
        kinds += [
            (combine_bleu, False, _answers(generator, n, methods, "corpus")),
            (combine_mean, False, _answers(generator, n, methods, "continuous")),
            (combine_mean, True, _answers(generator, n, methods, "binary")),
        ]
    for combine, binary, (before, *after) in kinds:
        for each in after:
            if binary:
                change = each[:, 0] - before[:, 0]
                found.append(mcnemar_score(int((change > 0).sum()), int((change < 0).sum())))
            else:
                found.append(paired_randomisation(before, each, combine, resamples, seed))
    return found


def _answers(generator: Generator, n: int, methods: int, kind: str) -> list[Array]:
    """Statistics of `methods` + 1 equal systems on the same samples: the same draws of difficulty, their own noise."""
    difficulty = int(generator.integers(2**32))
    draw = {"corpus": draw_corpus, "continuous": draw_continuous}.get(kind)
    found = []
    for _ in range(methods + 1):
        # the first draws of each are the samples' difficulty; a generator of its own gives the noise after it
        shared = _Forked(difficulty, int(generator.integers(2**32)), 2 if kind == "corpus" else 1)
        rows = draw(shared, n, 0.0)[0] if draw else draw_binary(shared, n, 0.0, 0.4)[0]  # type: ignore[arg-type]
        found.append(rows)
    return found


class _Forked:
    """A generator whose first normal draws come from one seed, and all others from another."""

    def __init__(self, first: int, later: int, count: int) -> None:
        self._first, self._later = np.random.default_rng(first), np.random.default_rng(later)
        self._count = count

    def normal(self, *arguments: object) -> Array:
        self._count -= 1
        return (self._first if self._count >= 0 else self._later).normal(*arguments)  # type: ignore[call-overload]

    def __getattr__(self, name: str) -> object:
        return getattr(self._later, name)


def simulate(methods: int, n: int, reports: int, resamples: int, seed: int) -> tuple[int, int]:
    """How many reports hold a Holm value under LEVEL, and how many a p under it."""
    corrected = uncorrected = 0
    for index in range(reports):
        generator = np.random.default_rng([seed, methods, n, index])
        p_values = report_p_values(generator, methods, n, resamples, seed + index)
        corrected += min(holm(p_values)) < LEVEL
        uncorrected += min(p_values) < LEVEL
    return corrected, uncorrected


def tail(threshold: float, n: int) -> Tail:
    """The largest chance of p < threshold for equal systems, over SHARES of samples that change, computed exactly."""
    raised = np.zeros((2, n + 1))  # by test and number of changed samples
    for changed in range(1, n + 1):
        wins = np.arange(changed + 1)
        chance = stats.binom.pmf(wins, changed, 0.5)
        for place, test in enumerate((mcnemar_score, mcnemar_exact)):
            p_values = np.array([test(int(won), int(changed - won)) for won in wins])
            raised[place, changed] = chance[p_values < threshold].sum()
    shares = np.array([stats.binom.pmf(np.arange(n + 1), n, share) for share in SHARES])  # (s, n + 1)
    score, exact = (shares @ raised.T).max(axis=0)
    return Tail(threshold, n, float(score), float(exact))


def tables(rows: list[FamilyError], tails: list[Tail]) -> str:
    """Both results as Markdown tables."""
    lines = [
        "| differences in the report | n | reports | a Holm value under 0.05 | upper bound | a p under 0.05 |",
        "|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {row.differences} | {row.n} | {row.reports:,} | {100 * row.share:.1f} % | {100 * row.upper:.1f} % | "
            f"{100 * row.uncorrected:.0f} % |"
            for row in rows
        ),
        "",
        "| threshold | n | score test raises at most | exact test at most |",
        "|--:|--:|--:|--:|",
        *(f"| {row.threshold:.5f} | {row.n} | {row.score:.5f} | {row.exact:.5f} |" for row in tails),
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the tables of docs/statistics.md and store them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reports", type=int, default=5000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    rows = []
    with ProcessPoolExecutor(options.workers) as pool:
        for methods, n in CASES:
            waiting = [
                pool.submit(simulate, methods, n, BLOCK, options.resamples, block)
                for block in range(options.reports // BLOCK)
            ]
            counts = np.sum([future.result() for future in waiting], axis=0)
            reports = BLOCK * len(waiting)
            corrected, uncorrected = (int(count) for count in counts)
            upper = stats.beta.ppf(0.95, corrected + 1, reports - corrected)
            rows.append(
                FamilyError(6 * methods, n, reports, corrected / reports, float(upper), uncorrected / reports)
            )
            print(rows[-1], f"{time.perf_counter() - start:.0f} s", flush=True)
    tails = [tail(threshold, n) for threshold in THRESHOLDS for n in (30, 50, 200)]
    print(tables(rows, tails))
    stored = {
        "options": vars(options),
        "reports": [dataclasses.asdict(row) for row in rows],
        "tails": [dataclasses.asdict(row) for row in tails],
    }
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
