"""Calls that break what a task takes for granted are none of the task's."""

import ast

import pytest

from src.evaluation.differential.inputs.domain import Domain
from src.evaluation.differential.inputs.relations import Scope, granted_by, speaks_of_words

ANY = Domain(True, True, True, True, True)


def admits(function, call, instruction="", known=()):
    return granted_by(ast.parse(function).body[0], instruction, known).admits(call)


@pytest.mark.parametrize(
    ("function", "inside", "outside"),
    [
        ("def f(low, high): pass", ("2", "5"), ("5", "2")),
        ("def f(start_year, end_year): pass", ("2", "2"), ("5", "2")),
        ("def f(start, stop, items): pass", ("1", "3", "[]"), ("3", "1", "[]")),
        ("def f(min_value, max_value): pass", ("1.5", "2"), ("3", "1.5")),
        ("def f(start, end): pass", ("'2020-01-05'", "'2021-01-01'"), ("'2021-01-05'", "'2021-01-01'")),
        ("def f(a, b):\n    return sum(range(a, b + 1))", ("2", "5"), ("5", "2")),
        ("def choose(n, k): pass", ("5", "2"), ("2", "5")),
        ("def f(items, k): pass", ("[1, 2]", "2"), ("[1, 2]", "3")),
        ("def f(items, k): pass", ("[1, 2]", "1"), ("[1, 2]", "0")),
        ("def f(items, index): pass", ("[1, 2]", "1"), ("[1, 2]", "2")),
        ("def f(a, b):\n    return a / b", ("0", "5"), ("5", "0")),
        ("def f(text, char): pass", ("'abc'", "'b'"), ("'abc'", "'bc'")),
        ("def f(month): pass", ("12",), ("13",)),
        ("def f(a, b):\n    return [x * y for x, y in zip(a, b)]", ("[1, 2]", "[3, 4]"), ("[1, 2]", "[3]")),
        ("def f(a, b):\n    for i in range(len(a)): a[i] += b[i]", ("[1, 2]", "[3, 4]"), ("[1]", "[3, 4]")),
        ("def f(p):\n    return p[0] + p[1]", ("(1, 2)",), ("(1, 2, 3)",)),
    ],
)
def test_what_the_names_and_the_use_of_parameters_take_for_granted(function, inside, outside):
    assert admits(function, inside)
    assert not admits(function, outside)
    assert admits(function, outside, known=[outside])  # the sample's own call shows it


@pytest.mark.parametrize(
    ("function", "instruction", "call"),
    [
        ("def f(start, end): pass", "If the bounds are swapped, exchange them.", ("5", "2")),
        ("def f(items, k): pass", "If k is larger than the list, return all.", ("[1]", "3")),
        ("def f(a, b):\n    return a / b", "Return None when dividing by zero.", ("1", "0")),
    ],
)
def test_an_instruction_that_speaks_of_it_admits_it(function, instruction, call):
    assert not admits(function, call)
    assert admits(function, call, instruction)


@pytest.mark.parametrize(
    "body", ["for i in range(min(len(a), len(b))): a[i] += b[i]", "while i < j: a[i] += b[j]"]
)
def test_lists_that_are_not_gone_through_side_by_side_may_differ_in_length(body):
    assert admits(f"def f(a, b):\n    {body}", ("[1]", "[3, 4]"))


def test_texts_keep_the_form_of_the_samples_own():
    known = [("'2020-01-05'",)]
    assert admits("def f(day): pass", ("'2021-02-03'",), known=known)
    assert not admits("def f(day): pass", ("'soon'",), known=known)
    assert admits("def f(day): pass", ("'soon'",), "Check whether a date is valid.", known)
    assert not admits("def f(s): pass", ("'IIX'",), "From a Roman numeral to an integer.")


def test_doubles_are_left_out_where_sets_are_meant_and_nothing_is_said_of_them():
    function, call = "def f(a, b): return list(set(a) & set(b))", ("[1, 1]", "[1]")
    assert not admits(function, call, "The intersection of two lists.")
    assert admits(function, call, "The elements in common, without duplicates.")
    assert admits("def f(a): return a", ("[1, 1]",), "The largest number.")


@pytest.mark.parametrize(
    ("call", "edge"),
    [
        (("0",), True), (("1",), True), (("2",), False), (("True",), False), (("[]",), True), (("[7]",), True),
        (("[7, 8]",), False), (("'a'",), False), (("'!?'",), True), (("'a b.'",), False), (("2", "[5]"), True),
    ],
)  # fmt: skip
def test_the_edge_of_what_a_function_is_for(call, edge):
    scope = Scope(ANY, {"f": granted_by(ast.parse("def f(x, y=0): pass").body[0], "", [])}, frozenset())
    assert scope.is_edge(("f", call)) is edge
    assert not Scope(ANY, scope.granted, frozenset({call})).is_edge(("f", call))


def test_signs_in_a_text_are_an_edge_where_a_task_speaks_of_words():
    granted = {"f": granted_by(ast.parse("def f(x): pass").body[0], "", [])}
    assert Scope(ANY, granted, frozenset(), speaks_of_words("The longest word")).is_edge(("f", ("'a, b'",)))
    assert not speaks_of_words("The longest word, without punctuation")
    assert not speaks_of_words("The longest text")


def test_a_session_is_admitted_by_its_values():
    session = ("(5,)", "[('put', (-3,)), ('total', ())]")
    assert not Scope(Domain(), {}, frozenset()).admits(("Account", session))
    assert Scope(Domain(negative=True), {}, frozenset()).admits(("Account", session))
    assert Scope(Domain(), {}, frozenset({session})).admits(("Account", session))
