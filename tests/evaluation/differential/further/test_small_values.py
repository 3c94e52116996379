"""Small values are of the kinds of those given, few are different, and all come in many orders."""

import ast

import pytest

from src.evaluation.differential.further.small_values import MANY, MOST, ROW, SIDE, SmallValues
from src.evaluation.differential.inputs.input_generation import kinds_of


def drawn(*calls, constants=()):
    return [tuple(map(ast.literal_eval, call)) for call in SmallValues(constants).calls(calls)]


def test_a_function_of_one_number_gets_one_number_after_another():
    assert {(n,) for n in range(1, ROW)} <= {*drawn(("5",))}


def test_neighbours_of_what_programs_know_are_among_the_numbers():
    found = {*drawn(("5",), constants=[4000, 10**9, "x"])}
    assert {(3999,), (4000,), (4001,)} <= found
    assert (10**9,) not in found


def test_lists_repeat_their_items_in_any_order():
    lists = [items for (items,) in drawn(("[3, 1, 2]",))]
    assert any(len(items) > len(set(items)) for items in lists)
    assert any(items == sorted(items) and len(items) > 2 for items in lists)
    assert any(items == sorted(items, reverse=True) and len(items) > 2 for items in lists)
    assert any(len(set(items)) == 1 and len(items) > 1 for items in lists)
    sizes = [*map(len, lists)]
    assert MANY[0] <= max(sizes) <= MANY[1]
    assert {1, 2, MOST} <= {*sizes}
    assert sum(size > MOST for size in sizes) < len(sizes) / 4


def test_matrices_have_all_sizes_and_equal_items():
    matrices = [rows for (rows,) in drawn(("[[1, 2], [3, 4]]",))]
    sizes = {(len(rows), len(rows[0])) for rows in matrices}
    assert len(sizes) > SIDE**2 / 2
    assert max(map(max, sizes)) == SIDE
    assert all(len({len(row) for row in rows}) == 1 for rows in matrices)
    assert any(len(rows) > 1 and rows[0] == rows[1] for rows in matrices)


def test_texts_are_made_of_few_signs_of_those_given_and_of_what_programs_know():
    texts = [text for (text,) in drawn(("'WDL'",), ("'WWW'",), constants=["draw"])]
    assert any("WWWW" in text for text in texts)
    assert any("draw" in text for text in texts)
    assert all({*text.replace("draw", "").upper()} <= {*"WDLRA "} for text in texts)


@pytest.mark.parametrize(
    "source",
    [
        "5",
        "2.5",
        "True",
        "None",
        "'abc'",
        "[1, 2]",
        "['a', 'b']",
        "[[1, 2], [3, 4]]",
        "(1, 2)",
        "{1, 2}",
        "{'a': 1, 'b': 2}",
        "[{'name': 'Ann', 'age': 3}]",
        "[(1, 'b')]",
        "'\u0192lambda x: x + 1'",
    ],
)
def test_kinds_are_kept_and_the_same_seed_draws_the_same(source):
    first, second = (SmallValues([], seed=3).calls([(source,)]) for _ in range(2))
    assert first == second
    assert first
    assert {kinds_of(call) for call in first} == {kinds_of((source,))}


@pytest.mark.parametrize("source", ["[]", "''", "{}", "()", "[[]]", "set()"])
def test_what_is_empty_is_no_error(source):
    assert SmallValues([]).calls([(source, "3")])


def test_a_function_that_takes_nothing_gets_nothing():
    assert SmallValues([]).calls([()]) == []
    assert SmallValues([]).calls([]) == []


def test_lists_of_numbers_are_shifted_beyond_what_a_search_may_begin_with():
    values = SmallValues([])
    assert values.shifted([("[3, 1, 2]", "4")]) == [
        ("[2003, 2001, 2002]", "4"),
        ("[-1997, -1999, -1998]", "4"),
    ]
    assert values.shifted([("'abc'", "[1.5]"), ("[]", "[]")]) == []
