"""Measures how often bootstrap intervals of several kinds cover the true difference, on simulated runs.

    python -m benchmarks.evaluation.interval_methods [--comparisons 1000] [--resamples 1000]

Writes benchmarks/results/interval_methods.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import numpy as np
from scipy import stats

from benchmarks import RESULTS
from benchmarks.evaluation.statistics_calibration import EFFECT, HARD, SCENARIOS, SIZES, truth
from src.evaluation.statistics.resampling import Interval, paired_bootstrap, widened_interval
from src.metrics.combine import Array

Method = Callable[[Array, Array, float], Interval]  # resampled, leave-one-out, observed


def percentile(resampled: Array, left_out: Array, observed: float) -> Interval:
    """The plain percentile interval."""
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(low), float(high)


def basic(resampled: Array, left_out: Array, observed: float) -> Interval:
    """The percentile interval mirrored at the observed value."""
    low, high = percentile(resampled, left_out, observed)
    return 2 * observed - high, 2 * observed - low


def bca(resampled: Array, left_out: Array, observed: float) -> Interval:
    """Bias-corrected and accelerated (Efron 1987)."""
    below = np.clip((resampled < observed).mean(), 1e-4, 1 - 1e-4)
    bias = stats.norm.ppf(below)
    away = left_out.mean() - left_out
    acceleration = (away**3).sum() / max(6 * (away**2).sum() ** 1.5, 1e-12)
    shifted = bias + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(resampled, stats.norm.cdf(bias + shifted / (1 - acceleration * shifted)))
    return float(low), float(high)


def students_t(resampled: Array, left_out: Array, observed: float) -> Interval:
    """Percentiles moved out as Student's t asks, without the jackknife's part."""
    n = len(left_out)
    tail = stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1))
    low, high = np.quantile(resampled, stats.norm.cdf([-tail, tail]))
    return float(low), float(high)


def widened(resampled: Array, left_out: Array, observed: float) -> Interval:
    """The one in use."""
    return widened_interval(resampled, left_out)[0]


METHODS: dict[str, Method] = {
    "percentile": percentile, "basic": basic, "BCa": bca, "Student's t": students_t, "widened": widened,
}  # fmt: skip


def main() -> None:
    """Print the table of docs/statistics.md and store it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--comparisons", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    rows = []
    print(f"| metric | n | {' | '.join(METHODS)} |\n|---|--:|{'--:|' * len(METHODS)}")
    for scenario in (SCENARIOS[0], SCENARIOS[1], HARD[0]):
        _, true_difference = truth(scenario, EFFECT)
        for n in SIZES:
            covered = dict.fromkeys(METHODS, 0)
            for index in range(options.comparisons):
                before, after = scenario.simulate(np.random.default_rng([1, n, index]), n, EFFECT)
                combine = scenario.combine
                drawn = paired_bootstrap(before, after, combine, options.resamples, index)
                left_out = combine(after.sum(axis=0) - after) - combine(before.sum(axis=0) - before)
                observed = float(combine(after.sum(axis=0)) - combine(before.sum(axis=0)))
                for name, method in METHODS.items():
                    low, high = method(drawn, left_out, observed)
                    covered[name] += low <= true_difference <= high
            shares = {name: count / options.comparisons for name, count in covered.items()}
            rows.append({"scenario": scenario.name, "n": n, **shares})
            shown = " | ".join(f"{100 * share:.1f} %" for share in shares.values())
            print(f"| {scenario.name} | {n} | {shown} |", flush=True)
    stored = json.dumps({"options": vars(options), "rows": rows}, indent=1)
    (RESULTS / "interval_methods.json").write_text(stored + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
