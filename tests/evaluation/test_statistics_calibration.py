"""Simulated comparisons: false alarms and coverage are what p < 0.05 and 95 % promise.

docs/statistics.md holds the full table (benchmarks/evaluation/statistics_calibration.py); these are fewer, with a fixed seed.
"""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.evaluation import completions_calibration, family_error, seeds_calibration
from benchmarks.evaluation.scoring import compare_systems, draw_samples, measure_samples
from benchmarks.evaluation.statistics_calibration import (
    SCENARIOS,
    SIZES,
    STORED,
    Calibration,
    calibrate,
    table,
)
from src.evaluation.metrics import measures

DOCS = Path(__file__).parents[2] / "docs" / "statistics.md"

COMPARISONS = 1000
EVERY_RUN = 50  # the size that is simulated on every run; the others are a campaign
CASES = [
    pytest.param(
        scenario, n, id=f"{scenario.name}, n = {n}", marks=[] if n == EVERY_RUN else pytest.mark.campaign
    )
    for scenario in SCENARIOS
    for n in SIZES
]


def test_a_size_of_every_scenario_is_simulated_on_every_run():
    assert sum(not case.marks for case in CASES) == len(SCENARIOS)


@pytest.mark.parametrize(("scenario", "n"), CASES)
def test_equal_systems_differ_in_five_percent_and_intervals_cover_in_ninety_five(scenario, n):
    found = calibrate(scenario, n, effect=0.0, comparisons=COMPARISONS, resamples=400, seed=0)
    assert 0.035 <= found.significant <= 0.065
    assert 0.93 <= found.difference_coverage <= 0.97
    assert 0.93 <= found.score_coverage <= 0.97
    assert found.disagreement <= 0.03


def test_the_documented_table_is_the_stored_one_and_keeps_its_promises():
    rows = [Calibration(**row) for row in json.loads(STORED.read_text(encoding="utf-8"))["rows"]]
    assert table(rows) in DOCS.read_text(encoding="utf-8")
    promised = [row for row in rows if row.scenario in {scenario.name for scenario in SCENARIOS}]
    assert len(promised) == 2 * len(CASES)
    for row in promised:
        assert row.comparisons >= 1000
        assert row.effect or 0.035 <= row.significant <= 0.065
        assert 0.93 <= row.difference_coverage <= 0.97
        assert 0.93 <= row.score_coverage <= 0.97


def test_two_thousand_resamples_of_four_metrics_for_three_systems_take_seconds():
    systems = []
    for seed in range(3):
        drawn = measures(measure_samples(draw_samples(50, seed=0), seed))
        systems.append(
            {
                name: replace(measure, statistics=np.tile(measure.statistics, (20, 1)), ids=())
                for name, measure in drawn.items()
            }
        )
    assert len(systems[0]["bleu"].statistics) == 1000
    began = time.process_time()
    compare_systems(systems, resamples=2000)
    assert time.process_time() - began < 10  # seconds of CPU; 3 measured


def test_the_documented_table_of_completions_is_the_stored_one_and_keeps_its_promises():
    stored = json.loads(completions_calibration.STORED.read_text(encoding="utf-8"))["rows"]
    rows = [Calibration(**row) for row in stored]
    assert completions_calibration.table(rows) in DOCS.read_text(encoding="utf-8")
    pairs, sizes = completions_calibration.COMPLETIONS, completions_calibration.SIZES
    assert len(rows) == len(SCENARIOS) * len(pairs) * len(sizes)
    for row in rows:
        assert row.comparisons >= 2000
        assert row.significant <= 0.065
        assert 0.93 <= row.difference_coverage <= 0.97


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_equal_systems_answered_once_and_three_times_differ_in_five_percent(scenario):
    unequal = completions_calibration.with_completions(scenario, (1, 3))
    found = calibrate(unequal, 50, effect=0.0, comparisons=400, resamples=300, seed=1)
    assert found.significant <= 0.08
    assert 0.92 <= found.difference_coverage <= 0.98


def test_the_documented_errors_of_whole_reports_are_the_stored_ones_and_keep_their_promise():
    stored = json.loads(family_error.STORED.read_text(encoding="utf-8"))
    rows = [family_error.FamilyError(**row) for row in stored["reports"]]
    tails = [family_error.Tail(**row) for row in stored["tails"]]
    assert family_error.tables(rows, tails) in DOCS.read_text(encoding="utf-8")
    assert {(row.differences, row.n) for row in rows} == {(12, 50), (60, 50)}
    assert all(row.reports >= 5000 and row.upper < 0.05 < row.uncorrected for row in rows)
    assert all(row.score <= 1.31 * row.threshold and row.exact <= row.threshold for row in tails)


def test_the_tail_of_the_score_test_is_that_of_the_documents():
    stored = [family_error.Tail(**row) for row in json.loads(family_error.STORED.read_text())["tails"]]
    [documented] = [row for row in stored if row.n == 30 and 0.004 < row.threshold < 0.005]
    assert family_error.tail(documented.threshold, 30) == documented


def test_the_documented_table_of_seeds_is_the_stored_one_and_keeps_its_promises():
    stored = json.loads(seeds_calibration.STORED.read_text(encoding="utf-8"))["rows"]
    rows = [seeds_calibration.SeedCalibration(**row) for row in stored]
    text = " ".join(DOCS.read_text(encoding="utf-8").split())
    assert " ".join(seeds_calibration.table(rows).split()) in text
    assert [(row.scenario, row.n, (row.before, row.after), row.spread) for row in rows] == [
        (scenario.name, *case) for scenario, *case in seeds_calibration.cases()
    ]
    covered = [share for row in rows for share in (row.covers, row.covers_effect)]
    three = [row for row in rows if row.after == 3]
    assert all(row.comparisons >= 1000 for row in rows)
    assert min(covered) >= 0.93
    assert max(share for row in three for share in (row.covers, row.covers_effect)) <= 0.99
    assert max(row.false_alarms for row in rows) <= 0.065
    equal, alarms = ([100 * getattr(row, name) for row in rows] for name in ("covers", "false_alarms"))
    assert f"covers in {min(equal):.1f} to {max(equal):.1f} % everywhere" in text
    assert f"p < 0.05 comes in {min(alarms):.1f} to {max(alarms):.1f} % of comparisons of equal" in text
    matter, not_at_all = (
        [100 * row.others["two-level bootstrap"] for row in three if row.spread == spread]
        for spread in (2, 0)
    )
    assert f"covers in {min(matter):.1f} % with three seeds that matter" in text
    assert f"and in {max(not_at_all):.1f} % with seeds that do not" in text
    assert f"Welch in {min(100 * row.others['Welch'] for row in rows):.1f} %." in text
    for row in rows:
        missing = 100 * (row.power_expected - row.power)
        assert missing <= (14.5 if row.spread == 2 and row.after < 10 else 7.5)


@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_equal_methods_of_three_seeds_differ_in_five_percent_at_most(spread: float):
    scenario = seeds_calibration.SCENARIOS[1]
    found = seeds_calibration.calibrate(scenario, 50, (1, 3), spread, comparisons=400, resamples=200)
    assert found.false_alarms <= 0.08
    assert 0.92 <= found.covers <= 0.99
