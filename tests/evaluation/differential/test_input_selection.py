"""Only calls whose results discriminate between programs are kept."""

import ast

import pytest

from src.evaluation.differential.input_selection import MAX_CALLS, discriminating_calls, is_discriminating


def result(value=None, error="", stdout="", changed=None):
    return {"value": value, "error": error, "stdout": stdout, "changed": changed}


def number(n):
    return result(["i", hex(n)])


def chosen(results, source="def f(a):\n    return a\n", arguments=None):
    calls = [("f", (argument,)) for argument in arguments or map(str, range(len(results)))]
    return [arguments[0] for _, arguments in discriminating_calls(ast.parse(source), calls, results)]


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


def test_an_error_counts_where_the_source_raises_it():
    results = [number(1), result(error="ValueError"), result(error="IndexError"), number(2)]
    raising = "def f(a):\n    if a < 0:\n        raise ValueError('a')\n    return a\n"
    assert chosen(results) == ["0", "3"]
    assert chosen(results, raising) == ["0", "1", "3"]
    assert chosen(results, raising.replace("ValueError", "Exception")) == ["0", "3"]


def test_other_kinds_of_arguments_are_left_out_where_the_first_kind_suffices():
    arguments = ["1", "2", "3", "4", "5", "'a'", "'b'"]
    results = [*(number(n) for n in range(1, 6)), result(["s", "a"]), result(["s", "b"])]
    assert chosen(results, arguments=arguments) == ["1", "2", "3", "4", "5"]
    assert chosen(results[3:], arguments=arguments[3:]) == ["4", "5", "'a'", "'b'"]  # two results are too few


def test_calls_per_function_are_bounded():
    calls = [(name, (str(n),)) for name in ("f", "g") for n in range(MAX_CALLS + 10)]
    results = [number(n) for n in range(2 * (MAX_CALLS + 10))]
    found = [name for name, _ in discriminating_calls(ast.parse(""), calls, results)]
    assert (found.count("f"), found.count("g")) == (MAX_CALLS, MAX_CALLS)


def test_neither_nothing_nor_what_cannot_be_compared_discriminates():
    assert [is_discriminating(value) for value in (None, ["n"], ["u"], ["i", "0x0"])] == [False] * 3 + [True]
