"""Arguments are taken from what a sample shows, then from what a function does with its parameters."""

import ast

import pytest

from src.evaluation.differential.inputs.input_generation import (
    MAX_CANDIDATES,
    can_be_called,
    candidates,
    kinds_of,
)
from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.shown_arguments import known_arguments


def function(source):
    return ast.parse(source).body[0]


def tried(source, seen=(), texts=(), input="", domain=Domain(), turn=0):  # noqa: B008
    made = function(source)
    return candidates(made, known_arguments(made, seen, input, texts), domain, turn)


ADD = "def add(a, b):\n    return a + b"


def test_calls_that_were_seen_come_first_then_calls_and_values_in_the_texts():
    found = tried(ADD, seen=[["8", "9"]], texts=["Example: add(3, 4) is 7"], input="5, 6")
    assert found[:3] == [("8", "9"), ("3", "4"), ("5", "6")]


def test_candidates_are_distinct_and_bounded():
    found = tried("def f(a, b, c, d):\n    return a")
    assert 0 < len(found) <= MAX_CANDIDATES
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("text", ["...", "...\ndef f(n):\n    return n", "1e999", "[1e999, 2]", "f(-1e999j)"])
def test_every_argument_can_be_read_back(text):
    source = "def f(x):\n    if x == 1e999 or x == ... or x == None:\n        return 1"
    found = tried(source, seen=[["None"], ["inf"]], texts=[text], input=text)
    assert found[0] == ("None",)
    assert len(found) > 20
    for call in found:
        ast.literal_eval(call[0])


def test_what_is_searched_for_is_also_found():
    found = tried("def search(items: list, target: int):\n    return items.index(target)")
    pairs = [(ast.literal_eval(items), ast.literal_eval(target)) for items, target in found]
    hits = [items.index(target) for items, target in pairs if isinstance(items, list) and target in items]
    assert {0, 1, 2} <= set(hits)
    assert any(items == sorted(items) and len(items) > 3 for items, _ in pairs)


def test_each_branch_on_a_constant_is_taken():
    source = "def f(value, unit):\n    if unit == 'C':\n        return 1\n    if unit.upper() == 'F':\n        return 2"
    assert {"'C'", "'F'"} <= {call[1] for call in tried(source)}


def test_the_kind_of_a_literal_is_recognised():
    assert kinds_of(("1", "'a'", "[1]", "['a']", "[[1]]", "{}", "1.5")) == (
        "int", "str", "list[int]", "list[str]", "matrix", "dict", "float",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "callable"),
    [
        (ADD, True),
        ("async def f(a): pass", False),
        ("def f(*, a): pass", False),
        ("def f(*, a=1): pass", True),
        ("def f(a, b, c, d, e, g, h): pass", False),
    ],
)
def test_functions_that_positional_arguments_start_are_called(source, callable):
    assert can_be_called(function(source)) is callable


def test_later_turns_give_other_arguments_of_the_first_kinds():
    source = "def f(words: list[str]):\n    return [w for w in words if w]"
    first, second = tried(source), tried(source, turn=1)
    assert len(set(second) - set(first)) > 50
    assert {kinds_of(call)[0] for call in second} <= {"list[str]", "list[int]"}  # the second of an empty list
    assert second == tried(source, turn=1)


def test_kinds_that_the_task_names_come_first():
    source = "def shared(first, second):\n    return first & second"
    assert kinds_of(tried(source, domain=Domain(kinds=("set", "set")))[0]) == ("set", "set")


def test_a_text_is_also_tried_with_its_permutation_and_with_other_counts():
    found = tried("def anagrams(word1: str, word2: str):\n    return sorted(word1) == sorted(word2)")
    pairs = [tuple(map(ast.literal_eval, call)) for call in found]
    pairs = [(a, b) for a, b in pairs if isinstance(a, str) and isinstance(b, str)]
    permuted = [(a, b) for a, b in pairs if a != b and sorted(a) == sorted(b)]
    other_counts = [
        (a, b) for a, b in pairs if set(a) == set(b) and len(a) == len(b) and sorted(a) != sorted(b)
    ]
    assert permuted
    assert other_counts


def test_a_dictionary_of_texts_is_of_another_kind_than_one_of_numbers():
    assert kinds_of(("{'a': 'b'}", "{'a': 1}", "{'a': 'b', 'c': 1}", "{}")) == (
        "dict[str]",
        "dict",
        "dict",
        "dict",
    )


def test_examples_of_a_named_property_are_tried_where_they_fit():
    domain = Domain(examples=(("19",), ("3", "4")))
    found = tried("def f(n):\n    return n", domain=domain)
    assert ("19",) in found
    assert ("3", "4") not in found
