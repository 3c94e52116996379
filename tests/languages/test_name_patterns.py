"""Hints never hide a match: every text that a pattern matches holds one of its hints."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.curation.quality import REFUSAL
from src.languages.code_patterns import DECISIVE, MARKERS
from src.languages.name_patterns import NAMED
from src.languages.registry import LANGUAGE_ALIASES

MARKS = [*NAMED.items(), *DECISIVE, ("refusal", REFUSAL)]


@pytest.mark.parametrize(
    "mark", [mark for _, mark in MARKS], ids=[f"{n}-{name}" for n, (name, _) in enumerate(MARKS)]
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_match_holds_a_hint(mark, data):
    plain = re.compile(mark.pattern.pattern, mark.pattern.flags & ~re.UNICODE | re.ASCII)
    text = data.draw(st.from_regex(plain, alphabet=st.characters(max_codepoint=126)))
    assert mark.pattern.search(text)
    assert mark.found_in(text, text.lower())


@pytest.mark.parametrize("mark", [mark for _, mark in MARKS])
def test_hints_are_in_lower_case(mark):
    assert mark.hints
    assert all(hint == hint.lower() for hint in mark.hints)


def test_marks_are_of_known_languages():
    known = {*LANGUAGE_ALIASES.values(), "other"}
    assert {*NAMED, *MARKERS, *(name for name, _ in DECISIVE)} <= known


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("Write a Python function", ["python"]),
        ("Write a JavaScript function", ["javascript"]),
        ("Convert this Java code to C++", ["java", "cpp"]),
        ("Create a C program", ["c"]),
        ("Write it in C#", ["csharp"]),
        ("Go through the list", []),
        ("Write a Go program", ["go"]),
        ("Create a MySQL query", ["sql"]),
        ("Style the div with CSS", ["css"]),
        ("Compute the area in R", ["other"]),
        ("Sort the numbers", []),
    ],
)
def test_names_in_prose(sentence, names):
    assert [name for name, mark in NAMED.items() if mark.found_in(sentence, sentence.lower())] == names
