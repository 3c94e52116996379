"""A few seconds of benchmarks/reliability/fuzz.py for each parser; its long run is in benchmarks/results/fuzz.json."""

from __future__ import annotations

import pytest

from benchmarks.reliability.fuzz import TARGETS, fuzz

SECONDS = 3.0


@pytest.mark.parametrize("target", TARGETS)
def test_a_parser_accepts_or_refuses_whatever_it_is_given(target: str) -> None:
    outcome = fuzz(target, SECONDS)
    assert outcome.failure == ""
    assert outcome.examples >= 20
