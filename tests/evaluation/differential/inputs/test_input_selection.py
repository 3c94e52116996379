"""Only calls whose results discriminate between programs are kept."""

import ast

import pytest

from src.evaluation.differential.inputs.input_selection import (
    MAX_CALLS,
    Tried,
    is_discriminating,
    select_calls,
)


def result(value=None, error="", stdout="", changed=None):
    return {"value": value, "error": error, "stdout": stdout, "marked": "", "changed": changed}


def number(n):
    return result(["i", hex(n)])


def selected(results, source="def f(a):\n    return a\n", arguments=None, kinds=(), known=(), **tried):
    calls = [("f", (argument,)) for argument in arguments or map(str, range(len(results)))]
    known = frozenset((argument,) for argument in known)
    return select_calls(ast.parse(source), Tried(calls, results, **tried), kinds, known)


def chosen(*args, **options):
    return [arguments[0] for _, arguments in selected(*args, **options).calls]


def test_calls_with_new_results_stand_before_calls_with_known_ones():
    assert chosen([number(7), number(7), number(8), number(8), number(9)]) == ["0", "2", "4", "1", "3"]


@pytest.mark.parametrize(
    "empty",
    [
        result(["n"]),
        result(["l", []]),
        result(["s", ""]),
        result(["b", 0]),
        result(["i", "0x0"]),
        result(["u"]),
    ],
    ids=str,
)
def test_a_function_that_gives_one_empty_value_for_all_discriminates_nothing(empty):
    assert chosen([empty] * 5) == []


@pytest.mark.parametrize(
    "shown", [result(["n"], stdout="x"), result(["n"], changed=[["l", []]]), result(["i", "0x1"])], ids=str
)
def test_printing_changing_arguments_and_returning_a_value_are_behaviour(shown):
    assert chosen([shown]) == ["0"]


def test_whole_numbers_are_numbers_where_the_sample_shows_halves():
    results = [number(n) for n in (7, 8, 9)]
    arguments = ["2.5", "3", "'a'"]
    assert chosen(results, arguments=arguments, known=["2.5"]) == ["2.5", "3"]
    assert chosen(results, arguments=arguments, known=["3"]) == ["3"]


def test_an_error_counts_where_the_source_raises_it():
    results = [number(1), result(error="ValueError"), result(error="IndexError"), number(2)]
    raising = "def f(a):\n    if a < 0:\n        raise ValueError('a')\n    return a\n"
    assert chosen(results) == ["0", "3"]
    assert chosen(results, raising) == ["0", "1", "3"]
    assert chosen(results, raising.replace("ValueError", "Exception")) == ["0", "3"]


def test_calls_of_the_first_kinds_are_kept_unless_others_tell_more_or_are_the_samples_own():
    arguments = ["1", "2", "'a'", "'b'"]
    results = [number(1), number(2), result(["s", "a"]), result(["s", "b"])]
    assert chosen(results, arguments=arguments) == ["1", "2"]
    assert chosen(results, arguments=arguments, known=["'b'"]) == ["'a'", "'b'"]
    told = [frozenset({2}), frozenset({3}), frozenset({0})]
    assert chosen(results, arguments=arguments, told=told) == ["'a'", "'b'"]


def test_calls_that_catch_the_most_mutants_come_first_and_every_caught_one_counts():
    results = [number(n) for n in range(1, 5)]
    told = [frozenset({0}), frozenset({2, 3}), frozenset({2}), frozenset()]
    found = selected(results, arguments=["5", "6", "7", "8"], told=told)
    assert [arguments[0] for _, arguments in found.calls] == ["7", "5", "6", "8"]
    assert (found.caught, found.places) == (3, 4)


def test_what_the_task_is_not_about_decides_nothing():
    results = [number(n) for n in range(1, 5)]
    told = [frozenset({1, 2}), frozenset({0})]
    found = selected(results, arguments=["5", "0", "-1", "7"], outside=frozenset({1, 2}), told=told)
    assert [arguments[0] for _, arguments in found.calls] == ["5", "7"]
    assert (found.caught, found.places) == (1, 1)  # the other is told by inputs outside the domain only


def test_an_edge_is_kept_only_where_no_other_call_tells_a_mutant():
    results = [number(n) for n in range(1, 5)]
    edges = frozenset({1, 2})
    assert chosen(results, edges=edges) == ["0", "3"]
    assert chosen(results, edges=edges, told=[frozenset({2}), frozenset({0, 1})]) == ["0", "2", "3"]
    assert chosen(results, edges=frozenset({0, 1, 2, 3})) == ["0", "1", "2", "3"]


def test_a_call_that_tells_a_usual_mistake_comes_before_others_and_is_not_counted():
    results = [number(n) for n in range(1, 5)]
    found = selected(results, told=[frozenset({0})], hints=[frozenset({3})], edges=frozenset({1}))
    assert [arguments[0] for _, arguments in found.calls] == ["0", "3", "2"]
    assert (found.caught, found.places) == (1, 1)


@pytest.mark.parametrize("value", [["c", "0.0", "1.0"], ["l", [["f", "nan"]]], ["f", "-inf"]])
def test_what_arithmetic_gives_where_it_makes_no_sense_is_not_compared(value):
    assert chosen([number(1), result(value)]) == ["0"]
    assert chosen([number(1), result(value)], "import cmath\nx = float('nan'), float('inf')") == ["0", "1"]


def test_a_session_discriminates_where_a_step_gives_something():
    assert is_discriminating(["q", [["returned", ["n"]], ["returned", ["i", "0x0"]]]])
    assert not is_discriminating(["q", [["returned", ["n"]], ["raised", ["n"]]]])


def test_none_is_a_result_where_a_function_says_so():
    results = [number(1), result(["n"])]
    assert chosen(results) == ["0"]
    assert chosen(results, "def f(a):\n    if a:\n        return None\n    return 1\n") == ["0", "1"]


def test_calls_per_function_are_bounded():
    calls = [(name, (str(n),)) for name in ("f", "g") for n in range(MAX_CALLS + 10)]
    results = [number(n) for n in range(2 * (MAX_CALLS + 10))]
    found = [name for name, _ in select_calls(ast.parse(""), Tried(calls, results)).calls]
    assert (found.count("f"), found.count("g")) == (MAX_CALLS, MAX_CALLS)


def test_neither_nothing_nor_what_cannot_be_compared_discriminates():
    assert [is_discriminating(value) for value in (None, ["n"], ["u"], ["i", "0x0"])] == [False] * 3 + [True]


def test_calls_of_the_kinds_that_the_task_names_are_kept():
    arguments, results = ["5", "6", "'a'"], [number(1), number(2), result(["s", "a"])]
    assert chosen(results, arguments=arguments, kinds=("str",)) == ["'a'"]
