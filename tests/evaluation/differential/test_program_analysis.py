"""What a program's source says about a comparison with another program."""

import ast

import pytest

from src.evaluation.differential.program_analysis import (
    entry_functions,
    is_interactive,
    iterates_set,
    matched_functions,
    shows_addresses,
)


def names(source):
    return [function.name for function in entry_functions(ast.parse(source))]


def test_functions_that_others_call_are_not_entries():
    assert names("def inner(a): pass\ndef outer(a): return inner(a)\n") == ["outer"]
    assert names("twice = lambda n: 2 * n\n") == ["twice"]
    assert names("def again(n): return again(n - 1)\n") == ["again"]


@pytest.mark.parametrize(
    ("reference", "answer", "matched"),
    [
        ("def f(a): pass", "def f(a, b): pass", {"f": "f"}),
        ("def is_even(a): pass", "def isEven(a): pass", {"is_even": "isEven"}),
        ("def f(a): pass", "def other(x): pass", {"f": "other"}),
        ("def f(a): pass", "def other(x, y): pass", {}),
        ("def f(a): pass", "def one(x): pass\ndef two(x): pass", {}),
        ("def f(a): pass", "x = 1", {}),
    ],
)
def test_functions_are_matched_by_name_or_by_the_only_signature(reference, answer, matched):
    assert matched_functions(ast.parse(reference), ast.parse(answer), {*names(reference)}) == matched


@pytest.mark.parametrize(
    "source", ["input()", "raw_input()", "import tkinter", "from turtle import *", "import sys\nsys.stdin"]
)
def test_waiting_for_input_and_opening_windows_is_interactive(source):
    assert is_interactive(ast.parse(source))


def test_reading_a_file_is_not_interactive():
    assert not is_interactive(ast.parse("open('a.txt').read()"))


@pytest.mark.parametrize(
    ("source", "through"),
    [
        ("for x in {1, 2}: print(x)", True),
        ("s = set(a)\nprint(list(s))", True),
        ("print([x for x in set(a) & set(b)])", True),
        ("print(sorted(set(a)))", False),
        ("print(len(set(a)))", False),
    ],
)
def test_iterating_over_a_set_is_seen(source, through):
    assert iterates_set(ast.parse(source)) is through


@pytest.mark.parametrize(
    ("source", "shown"),
    [("print(id(x))", True), ("def f(id): return id", False), ("id = 3\nprint(id)", False)],
)
def test_reading_addresses_is_seen(source, shown):
    assert shows_addresses(ast.parse(source)) is shown
