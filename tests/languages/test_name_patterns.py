"""Prose that names a language is distinguished from prose that only holds its letters."""

import pytest

from src.languages.name_patterns import NAMED
from src.languages.registry import LANGUAGE_ALIASES


def test_names_are_of_known_languages():
    assert set(NAMED) - {"other"} <= set(LANGUAGE_ALIASES.values())


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
    assert [name for name, pattern in NAMED.items() if pattern.found_in(sentence, sentence.lower())] == names
