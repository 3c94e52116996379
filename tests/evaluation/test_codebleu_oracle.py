"""Our CodeBLEU is that of the codebleu package 0.7.0, on its own parsers, but for what is named and counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.evaluation.codebleu_oracle import (
    CAUSES,
    CHANGES,
    EQUAL,
    STORED,
    UNEXPLAINED,
    Pair,
    cause,
    pairs,
    same,
    tables,
)
from src.evaluation.codebleu.score import CodeBleu, Parts, codebleu_score, has_codebleu
from src.languages.registry import LANGUAGES
from src.system.pins import pins

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
KEPT = json.loads(STORED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scores() -> list[tuple[Pair, CodeBleu]]:
    found = [(pair, codebleu_score(pair.prediction, pair.reference, pair.language)) for pair in pairs()]
    return [(pair, score) for pair, score in found if score]


def figures(id: str) -> tuple[Parts, Parts, str]:
    """What the package says of a pair, what ours says on the same parsers, and the faults that explain the difference."""
    package, *rest = KEPT["pairs"][id]
    return package, *(rest or (package, ""))


def test_the_figures_are_of_the_package_and_of_the_pinned_parsers():
    assert KEPT["package"]["codebleu"] == "0.7.0"
    assert {name: version for name, version in KEPT["ours"].items() if name != "python"} == {
        name: version for name, version in pins().items() if name.startswith("tree-sitter")
    }


def test_over_a_thousand_pairs_are_equal_and_every_other_has_its_cause(scores):
    assert [pair.id for pair, _ in scores] == list(KEPT["pairs"])
    counted: dict[str, Counter[str]] = {}
    for pair, score in scores:
        why = cause(score.parts, *figures(pair.id))
        counted.setdefault(pair.language, Counter())[why] += 1
    kept = {
        language: {why: count for why, (count, _) in causes.items()}
        for language, causes in KEPT["sets"]["own"].items()
    }
    assert counted == kept
    assert set(counted) == {name for name in LANGUAGES if has_codebleu(name)} - {"jsx"}
    assert sum(count[EQUAL] for count in counted.values()) > 1_000


def test_on_the_same_parsers_all_is_equal_but_for_faults_of_the_package():
    """And where a fault is named, there is a difference."""
    assert len(KEPT["pairs"]) > 1_000
    for id in KEPT["pairs"]:
        package, ours, faults = figures(id)
        assert same(package, ours) == (faults == ""), id
    named = {
        word
        for causes in KEPT["sets"].values()
        for item in causes.values()
        for why in item
        for word in why.split()
    }
    assert UNEXPLAINED not in named
    assert named == {EQUAL, *CAUSES}


def test_every_change_of_a_program_is_made(scores):
    assert {pair.id.split(":")[1].split("-")[0] for pair, _ in scores} == {*CHANGES, "program"}
    assert sum(pair.prediction != pair.reference for pair, _ in scores) > 0.8 * len(scores)


def test_a_difference_without_a_cause_is_told():
    one, other = (1.0, 1.0, 1.0, 0.5), (1.0, 1.0, 1.0, 0.25)
    assert cause(one, one, one, "") == EQUAL
    assert cause(one, other, one, "") == UNEXPLAINED
    assert cause(one, other, one, "sets") == "sets"
    assert cause(one, other, other, "") == "parsers"
    assert cause(one, (0.0, 0.0, 0.0, 0.0), other, "tag") == "tag parsers"


def test_the_page_has_these_figures():
    page = DOCUMENT.read_text(encoding="utf-8")
    assert tables(KEPT) in page
