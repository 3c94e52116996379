"""Languages are detected on a hand-labelled set, and hostile text costs nothing."""

import json
import time
from pathlib import Path

import pytest

from src.languages.detection import NAMED, _by_magika, detect, is_prose
from src.languages.registry import LANGUAGES

LABELLED = Path(__file__).with_name("labelled_languages.jsonl")


@pytest.fixture(scope="module")
def labelled():
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 200
    return rows


def share_right(rows):
    return sum(detect(row["instruction"], "", row["code"]) == row["language"] for row in rows) / len(rows)


def test_at_least_95_percent_of_the_labelled_set_is_right(labelled):
    assert share_right(labelled) >= 0.95


def test_at_least_85_percent_is_right_under_40_characters(labelled):
    short = [row for row in labelled if len(row["code"]) < 40]
    assert len(short) >= 60
    assert share_right(short) >= 0.85


def test_at_least_85_percent_is_right_without_any_instruction(labelled):
    rows = [{**row, "instruction": ""} for row in labelled]
    assert share_right(rows) >= 0.85


def test_a_language_named_in_the_instruction_decides_what_the_code_leaves_open():
    assert detect("Add two numbers in Python", "", "a + b") == "python"
    assert detect("Add two numbers in Ruby", "", "a + b") == "ruby"


def test_a_translation_is_in_its_target_language():
    code = "function f(x) { return x + 1; }"
    assert detect("Convert this Python code to JavaScript", "", code) == "javascript"


def test_decisive_code_overrules_the_instruction():
    page = "<!DOCTYPE html>\n<html><body><script>let a = 1;</script></body></html>"
    assert detect("Write a JavaScript program", "", page) == "html"


@pytest.mark.parametrize(
    "text",
    [
        "It prints 3.",
        "The function returns the sum of both numbers.",
        "Yes",
        "First sort the list. Then print it.",
    ],
)
def test_sentences_are_prose(text):
    assert is_prose(text)


@pytest.mark.parametrize(
    "text", ["x = 5", "return a + b", "SELECT name FROM pets", "ls -la", "print(1)", "    pass\n"]
)
def test_code_is_not_prose(text):
    assert not is_prose(text)


@pytest.mark.parametrize(
    "text", ["", "   ", "\0" * 50, "\ud800", "[" * 10_000_000, "a" * 10_000_000, "if x:\n" * 500_000]
)
def test_hostile_text_takes_no_long_time(text):
    detect("", "", "")
    began = time.monotonic()
    detect("Write a program", "", text)
    assert time.monotonic() - began < 3.0  # the first call may load the detector


def test_the_detector_works_in_the_calling_thread():
    code = "mystery <- value %>% other"
    _by_magika(code)
    everywhere, here = time.process_time(), time.thread_time()
    for _ in range(10):
        _by_magika(code)
    assert time.process_time() - everywhere < 1.3 * (time.thread_time() - here) + 0.02


def test_names_are_of_all_languages_and_of_those_not_known():
    assert set(NAMED) == {*LANGUAGES, "other"}


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
        ("Write a VB.NET or Visual Basic form", ["other"]),
        ("Sort the numbers", []),
    ],
)
def test_names_in_prose(sentence, names):
    assert [name for name, pattern in NAMED.items() if pattern(sentence, sentence.lower())] == names


def test_a_language_that_is_not_known_is_none_whatever_else_is_named():
    assert detect("Translate from Kotlin to Haskell and PHP", "", "???") == ""


def test_of_two_named_languages_that_share_what_is_decisive_the_one_that_is_named_counts():
    code = 'printf("%d", 3);'
    assert detect("Write a C++ program", "", code) == "cpp"
    assert detect("Write a PHP program", "", code) == "php"
    assert detect("Write a program", "", code) == "c"
    assert detect("Write a Rust program", "", code) == "c"
    assert detect("Write a C# class", "", "public class A {\n}") == "csharp"
