"""What a function does with its parameters shows what it takes for granted of them."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.assumptions import (
    asks_of_numbers,
    choices,
    divisors,
    exponents,
    item_choices,
    keys_taken,
    makes_sets,
    ordered_places,
    side_by_side,
    tuple_sizes,
    wraps,
)


def function(body, parameters="a, b"):
    return ast.parse(f"def f({parameters}):\n    {body}").body[0]


@pytest.mark.parametrize(
    ("names", "body", "places"),
    [
        (["low", "high"], "pass", [(0, 1)]),
        (["end_year", "start_year"], "pass", [(1, 0)]),
        (["low", "end"], "pass", []),
        (["a", "b"], "return sum(range(a, b + 1))", [(0, 1)]),
        (["a", "b"], "return sum(range(a, a + b))", []),
    ],
)
def test_which_is_the_smaller_one_is_seen_by_names_and_ranges(names, body, places):
    assert ordered_places(function(body, ", ".join(names)), names) == places


@pytest.mark.parametrize(
    ("body", "places"), [("return b % a", [0]), ("return a // 2", []), ("return a * b", [])]
)
def test_what_something_is_divided_by_is_seen(body, places):
    assert divisors(function(body), ["a", "b"]) == places


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        ("return [x * y for x, y in zip(a, b)]", [(0, 1)]),
        ("for i in range(len(a)): a[i] += b[i]", [(0, 1)]),
        ("for i in range(min(len(a), len(b))): a[i] += b[i]", []),
        ("while i < j: a[i] += b[j]", []),
    ],
)
def test_what_is_gone_through_side_by_side_is_seen(body, pairs):
    assert side_by_side(function(body), ["a", "b"]) == pairs


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("return sum(x['price'] * x['count'] for x in a)", ("price", "count")),
        ("return sorted(a, key=lambda x: x['name'])", ("name",)),
        ("return [x['price'] for x in a if 'price' in x]", ()),
        ("return a['price']", ()),
    ],
)
def test_keys_that_items_are_taken_to_have_are_seen(body, keys):
    assert keys_taken(function(body)) == keys


def test_tuples_are_as_long_as_those_that_are_given_or_taken_apart():
    assert tuple_sizes(function("x, y = a"), []) == {2}
    assert tuple_sizes(function("x, y = a"), [[(1, 2, 3), 4]]) == {3}
    assert tuple_sizes(function("return a"), []) == set()


def test_texts_that_a_function_knows_and_the_task_names_are_a_choice():
    known = function("if b == 'mean':\n        return 1\n    if b == 'mode':\n        return 2")
    assert [*choices(known, "The mean or mode of a, for 'mean' and 'mode'.")] == [
        (1, ["mean", "mode", "mean", "mode"])
    ]
    assert [*choices(known, "The mean of a.")] == []
    of_items = function("for x in a:\n        b += 2 if x == 'hit' else 1 if x == 'heart' else 0")
    assert [*item_choices(of_items, "A list of 'hit', 'heart' and 'coin'.")] == [
        (0, ["hit", "heart", "hit", "heart", "coin"])
    ]


def test_what_is_in_an_exponent_is_seen_and_what_goes_on_from_the_start():
    assert exponents(function("return a * (1 + a) ** (2 * b)"), ["a", "b"]) == [1]
    assert exponents(function("return a ** 2"), ["a", "b"]) == []
    assert wraps(function("b = b % len(a)"), "b")
    assert wraps(function("n = len(a)\n    b %= n if n else len(a)"), "b")
    assert not wraps(function("return b % 2"), "b")


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("return len(set(a))", True),
        ("return [x for x in a if x in b]", True),
        ("return a in b", False),
        ("return a + b", False),
    ],
)
def test_what_works_with_sets_is_seen(body, made):
    assert makes_sets(function(body)) is made


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        ("return 1 if a % 2 == 0 else 2", True),
        ("return 1 if a > 0 else 2", True),
        ("return 1 if a > b else 2", False),
        ("return a % b", False),
    ],
)
def test_a_branch_on_the_kind_of_a_number_is_seen(body, asks):
    assert asks_of_numbers(function(body)) is asks
