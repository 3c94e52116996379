"""Calls that break what a task takes for granted are none of the task's."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.preconditions.relations import granted_by

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
        ("def f(text, part):\n    return text.count(part)", ("'abc'", "'b'"), ("'abc'", "''")),
        ("def f(a, n):\n    return a ** n", ("2.5", "2"), ("2", "2.5")),
        ("def f(price, discount_percent): pass", ("50", "20"), ("50", "120")),
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


def test_a_percentage_is_one_where_the_task_says_so():
    assert not admits("def f(price, discount): pass", ("50", "120"), "A discount in percent")
    assert admits("def f(price, discount): pass", ("50", "120"), "A discount in dollars")


def test_what_goes_on_from_the_start_may_be_larger_than_the_list():
    assert admits("def f(items, k):\n    return items[k % len(items)]", ("[1, 2]", "3"))


def test_texts_keep_the_form_of_the_samples_own():
    known = [("'2020-01-05'",)]
    assert admits("def f(day): pass", ("'2021-02-03'",), known=known)
    assert not admits("def f(day): pass", ("'soon'",), known=known)
    assert admits("def f(day): pass", ("'soon'",), "Check whether a date is valid.", known)
    assert not admits("def f(s): pass", ("'IIX'",), "From a Roman numeral to an integer.")


def test_doubles_are_left_out_where_sets_are_meant_and_nothing_is_said_of_them():
    function, call = "def f(a, b): return list(set(a) & set(b))", ("[1, 1]", "[1]")
    assert not admits(function, call, "The intersection of two lists.")
    assert not admits(function, call)
    assert admits("def f(a): return sorted(set(a))[-2]", ("[1, 1]",))
    assert admits(function, call, "The elements in common, without duplicates.")
    assert admits("def f(a): return a", ("[1, 1]",), "The largest number.")
