"""Metrics over sets of scores: one row per sample, its completions together, what was not run left out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.evaluation import metrics
from src.evaluation.metrics import measure, measures
from src.evaluation.statistics.estimates import estimate
from src.metrics.table import METRICS
from src.metrics.text_statistics import bleu_statistics, chrf_statistics
from tests.evaluation.samples import sample_score
from tests.evaluation.text_pairs import text_pairs

PAIRS = text_pairs(400)


def test_a_row_holds_the_completions_of_a_sample_and_rows_are_sorted_by_id():
    rows = (("b", "passed"), ("a", "failed"), ("b", "error"))
    scores = [sample_score(id, execution=outcome) for id, outcome in rows]
    found = measures(scores)["execution_success"]
    assert found.ids == ("a", "b")
    assert found.statistics.tolist() == [[0, 1], [50, 1]]


def test_the_order_of_samples_changes_nothing():
    rng = np.random.default_rng(0)
    scores = [
        sample_score(
            f"s{index % 50}", bleu=bleu_statistics(*pair), chrf=chrf_statistics(*pair),
            codebleu=float(rng.uniform(0, 100)), execution=str(rng.choice(["passed", "error", "not_run"])),
            functional=str(rng.choice(["passed", "failed", ""])),
        )
        for index, pair in enumerate(PAIRS[:80])
    ]  # fmt: skip
    shuffled = [scores[index] for index in rng.permutation(len(scores))]
    for name in METRICS:
        assert estimate(measures(shuffled)[name]) == estimate(measures(scores)[name])


@pytest.mark.parametrize(
    ("execution", "functional", "expected"),
    [
        ("passed", "failed", (100.0, 0.0)),
        ("error", "passed", (0.0, 100.0)),
        ("not_run", "", (None, None)),
        ("timeout", "not_run", (0.0, None)),
    ],
)
def test_what_was_not_run_does_not_count(execution, functional, expected):
    found = measures([sample_score("a", execution=execution, functional=functional)])
    values = tuple(estimate(found[name]).value for name in ("execution_success", "functional_accuracy"))
    assert values == expected


def test_no_samples_have_measures_without_values():
    found = measures([])
    assert set(found) == set(METRICS)
    assert all(estimate(item).value is None for item in found.values())


def test_a_metric_of_other_texts_counts_those_that_have_a_row():
    raw = measure(METRICS["bleu"], ["a", "b"], [bleu_statistics("x = 1", "x = 1"), ()])
    assert raw.counts.tolist() == [True, False]


def test_measuring_imports_no_torch():
    code = "import sys; import src.evaluation.metrics; sys.exit('torch' in sys.modules)"
    root = Path(metrics.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
