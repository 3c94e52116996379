"""Measures false alarms and coverage where the two sides answered each sample a different number of times.

    python -m benchmarks.evaluation.completions_calibration [--comparisons 2000] [--resamples 1000] [--workers 2]

Writes benchmarks/results/completions_calibration.json. Both systems are equal; their answers to a sample share its
difficulty, as in benchmarks/evaluation/statistics_calibration.py.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import time
from concurrent.futures import ProcessPoolExecutor

from benchmarks import RESULTS
from benchmarks.evaluation.statistics_calibration import SCENARIOS, Calibration, Scenario, calibrate

STORED = RESULTS / "completions_calibration.json"
COMPLETIONS = ((1, 3), (3, 3), (1, 5), (5, 5))
SIZES = (20, 50, 200)


def with_completions(scenario: Scenario, completions: tuple[int, int]) -> Scenario:
    """The scenario with so many answers per sample before and after."""
    before, after = completions
    return dataclasses.replace(
        scenario, name=f"{scenario.name}, {before} against {after}", completions=completions
    )


def table(rows: list[Calibration]) -> str:
    """The calibrations as a Markdown table, a row per metric and numbers of completions, columns by n."""
    lines = [
        "| metric, completions per sample | "
        + " | ".join(f"n = {n}: p < 0.05 | covers" for n in SIZES)
        + " |",
        "|---|" + "--:|--:|" * len(SIZES),
    ]
    for name, group in itertools.groupby(
        sorted(rows, key=lambda row: row.scenario), key=lambda row: row.scenario
    ):
        by_size = {row.n: row for row in group}
        cells = [
            f"{100 * by_size[n].significant:.1f} % | {100 * by_size[n].difference_coverage:.1f} %"
            for n in SIZES
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table of docs/statistics.md and store it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--comparisons", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    scenarios = [with_completions(*pair) for pair in itertools.product(SCENARIOS, COMPLETIONS)]
    with ProcessPoolExecutor(options.workers) as pool:
        waiting = [
            pool.submit(calibrate, scenario, n, 0.0, options.comparisons, options.resamples, options.seed)
            for scenario, n in itertools.product(scenarios, SIZES)
        ]
        rows = [future.result() for future in waiting]
    print(table(rows))
    print(f"\n{vars(options)}: {time.perf_counter() - start:.0f} s")
    stored = {"options": vars(options), "rows": [dataclasses.asdict(row) for row in rows]}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
