"""What comes of the run of an answer that did not come to its end."""

import pytest

from src.evaluation.differential.reference import Behaviour
from src.evaluation.differential.verdicts import Comparison, failure_of, with_outcome
from src.schema import Execution


def record(error, message=""):
    return {"module": {"error": error, "message": message}}


@pytest.mark.parametrize(
    ("record", "outcome", "detail"),
    [
        (None, "failed", "ended before its results were read"),
        (record("timeout"), "timeout", "timeout"),
        (record("ValueError", "no number"), "error", "ValueError: no number"),
    ],
)
def test_what_did_not_end_has_an_outcome(record, outcome, detail):
    found = failure_of(Execution("passed", ""), record)
    assert found
    assert (found.outcome, found.detail) == (outcome, detail)


def test_what_ended_has_none():
    assert failure_of(Execution("passed", ""), record("")) is None


def test_a_detail_is_one_line():
    assert "\n" not in with_outcome(Execution("passed", ""), "failed", "a\nb").detail


def test_a_comparison_without_a_verdict_has_no_outcome():
    passed = Comparison(Execution("passed", ""), Behaviour(""))
    assert passed.that("passed") is passed
    assert passed.that("failed") is None
    assert Comparison(None, Behaviour("")).that("passed") is None
