"""One round of benchmarks/reliability/fuzz.py for each parser; its long run is in benchmarks/results/fuzz.json."""

from __future__ import annotations

import json
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import RESULTS, ROOT
from benchmarks.reliability import fuzz as campaign
from benchmarks.reliability.fuzz import ANSWER_TARGETS, ROUND, TARGETS, fuzz

SIZE = 2_000  # characters; the long run repeats a fragment 100 times as often


@pytest.mark.parametrize("target", TARGETS)
def test_a_parser_accepts_or_refuses_whatever_it_is_given(target: str) -> None:
    outcome = fuzz(target, 0, SIZE)
    assert outcome.failure == ""
    assert outcome.examples == ROUND >= 20


def fails(monkeypatch: pytest.MonkeyPatch, action) -> str:
    def target(size: int):
        @given(st.integers())
        def check(number: int) -> None:
            action(number)

        return check

    monkeypatch.setitem(ANSWER_TARGETS, "made", target)
    return fuzz("made", 0).failure


def test_a_parser_that_raises_or_takes_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "SLOWEST_S", 0.05)
    handler = signal.getsignal(signal.SIGPROF)
    assert fails(monkeypatch, lambda number: None) == ""
    assert fails(monkeypatch, lambda number: [][number]).startswith("IndexError")

    def endless(number: int) -> None:
        while number:
            pass

    assert "more than 0.05 s of processor time" in fails(monkeypatch, endless)
    assert signal.getsignal(signal.SIGPROF) is handler


def test_the_documents_say_what_the_last_long_run_gave() -> None:
    outcomes = json.loads((RESULTS / "fuzz.json").read_text(encoding="utf-8"))
    assert len({item["target"] for item in outcomes}) == 30  # two of them are "wrapped fragments" by now
    assert [item["failure"] for item in outcomes if item["failure"]] == []
    long = [item for item in outcomes if item["minutes"] > 9]
    again = [item for item in outcomes if item["minutes"] < 4]
    assert (len(long), len(again)) == (27, 3)
    counts = [f"{sum(item['examples'] for item in part):,} inputs" for part in (long, again)]
    text = " ".join((ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").split())
    assert [count for count in counts if count not in text] == []
