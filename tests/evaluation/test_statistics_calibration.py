"""Simulated comparisons: false alarms and coverage are what p < 0.05 and 95 % promise.

docs/statistics.md holds the full table (benchmarks/statistics_calibration.py); these are fewer, with a fixed seed.
"""

import pytest

from benchmarks.statistics_calibration import SCENARIOS, SIZES, calibrate

COMPARISONS = 1000
CASES = [(scenario, n) for scenario in SCENARIOS for n in SIZES]


@pytest.mark.parametrize(("scenario", "n"), CASES, ids=[f"{scenario.name}, n = {n}" for scenario, n in CASES])
def test_equal_systems_differ_in_five_percent_and_intervals_cover_in_ninety_five(scenario, n):
    found = calibrate(scenario, n, effect=0.0, comparisons=COMPARISONS, resamples=400, seed=0)
    assert 0.035 <= found.significant <= 0.065
    assert 0.93 <= found.difference_coverage <= 0.97
    assert 0.93 <= found.score_coverage <= 0.97
    assert found.disagreement <= 0.03
