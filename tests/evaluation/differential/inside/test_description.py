"""A value is described whole: a small one as a tree, a large one by a digest that rounding does not change."""

import collections
import itertools
import random
import time
from decimal import Decimal
from fractions import Fraction

import pytest

from src.evaluation.differential.equivalence.equality import RELATIVE_TOLERANCE, well_formed
from src.evaluation.differential.inside.description import MAX_VALUE_BYTES, cell, describe


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (None, ["n"]),
        (True, ["b", 1]),
        (255, ["i", "0xff"]),
        (0.5, ["f", "0.5"]),
        (1 + 2j, ["c", "1.0", "2.0"]),
        ("a", ["s", "a"]),
        (b"\x01", ["y", "01"]),
        ([1, (None,)], ["l", [["i", "0x1"], ["t", [["n"]]]]]),
        (collections.deque([1]), ["l", [["i", "0x1"]]]),
        ({"k": {3}}, ["d", [[["s", "k"], ["S", [["i", "0x3"]]]]]]),
        ((i for i in "ab"), ["g", [["s", "a"], ["s", "b"]]]),
        (range(2), ["g", [["i", "0x0"], ["i", "0x1"]]]),
        (len, ["u"]),
    ],
)
def test_a_small_value_is_described_by_its_kind_and_content(value, described):
    assert describe(value) == described


def nested(depth, inside):
    for _ in range(depth):
        inside = [inside]
    return inside


LARGE = [
    list(range(1_000)),
    [n / 7 for n in range(1_000)],
    [str(n) for n in range(1_000)],
    {n: [n] for n in range(1_000)},
    set(range(2_000)),
    [[n, {n}] for n in range(800)],
    ["a" * MAX_VALUE_BYTES],
    b"a" * MAX_VALUE_BYTES,
    nested(10_000, 1),
    (10**9_000, 0.5),
    [Decimal(n) / 3 for n in range(500)],
]


@pytest.mark.parametrize("value", LARGE, ids=lambda value: type(value).__name__)
def test_a_large_value_is_a_digest_with_its_kind_and_length(value):
    described = describe(value)
    assert described[0] == "h"
    assert described[2] == len(value)
    assert well_formed(described)
    assert len(str(described)) < 100
    assert describe(value) == described


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (list(range(1_000)), list(range(500))),
        (list(range(1_000)), [*range(999), 0]),
        (list(range(1_000)), [*range(998), 999, 998]),
        (list(range(1_000)), list(map(str, range(1_000)))),
        ([0.5] * 1_000, [0.5] * 999 + [0.50001]),
        ({n: n for n in range(1_000)}, {n: min(n, 998) for n in range(1_000)}),
        ({n: n + 1 for n in range(1_000)}, {n + 1: n for n in range(1_000)}),
        ("a" * 9_000, "a" * 8_999 + "b"),
        ("a" * 9_000, b"a" * 9_000),
        (nested(400, 1), nested(400, 2)),
        (nested(400, 1), nested(401, 1)),
        ([10**9_000], [10**9_000 + 1]),
        (range(10**6), range(10**6 + 1)),
        ([[n] for n in range(3_000)], [[n] for n in range(2_999)] + [[]]),
        ([None] * 2_000, [None] * 1_999 + [False]),
    ],
)
def test_large_values_that_differ_anywhere_have_other_digests(left, right):
    assert describe(left) != describe(right)


def test_a_digest_does_not_depend_on_rounding_order_of_a_set_or_how_a_number_is_written():
    tenths = [n / 10 for n in range(1, 1_500)]
    assert describe(tenths) == describe([n * 0.1 for n in range(1, 1_500)]) != describe(tenths[::-1])
    assert tenths != [n * 0.1 for n in range(1, 1_500)]
    assert describe([float(n) for n in range(2_000)]) == describe(list(range(2_000)))
    assert describe([n + 1e-12 for n in range(1_000)]) == describe(list(range(1_000)))
    words = [str(n) for n in range(3_000)]
    backwards = words[::-1]
    assert describe(set(words)) == describe(set(backwards))
    assert describe(dict.fromkeys(words)) == describe(dict.fromkeys(backwards))
    assert describe([set(words)]) == describe([set(backwards)])


def test_without_order_lists_of_the_same_items_have_one_digest():
    numbers, words = list(range(2_000)), [str(n) for n in range(2_000)]
    for items in (numbers, words, [[n] for n in numbers]):
        assert describe(items, ordered=False) == describe(items[::-1], ordered=False)
        assert describe(items) != describe(items[::-1])


def test_a_long_range_is_described_by_its_ends():
    assert describe(range(0, 10**9, 3)) == describe(range(0, 10**9 + 1, 3)) != describe(range(10**9))
    assert describe(range(10**30))[:2] == ["x", "range"]


def test_an_endless_iterator_is_described_by_its_first_items():
    assert describe(itertools.count()) == describe(iter(range(501)))
    assert describe(iter(range(500))) != describe(iter(range(501)))


def test_an_iterator_is_drawn_from_once_though_the_value_becomes_a_digest():
    assert describe([iter("ab"), "c" * 9_000]) != describe([iter("ac"), "c" * 9_000])


def test_a_value_that_holds_itself_or_one_value_many_times_is_described_at_once():
    endless = []
    endless.append(endless)
    shared = []
    for _ in range(200):
        shared = [shared, shared]
    began = time.process_time()
    assert describe(endless)[0] == describe(shared)[0] == "h"
    assert time.process_time() - began < 1


def test_a_million_numbers_are_described_in_a_second():
    numbers = list(range(10**6))
    began = time.process_time()
    describe(numbers)
    assert time.process_time() - began < 1


class Array:
    def __init__(self, items):
        self.items = items

    def tolist(self):
        return self.items


class Real(float):
    pass


def test_an_array_is_described_as_its_list_and_a_number_of_an_own_type_as_a_number():
    for items in ([1, 2], list(range(5_000)), [[n / 3] for n in range(900)]):
        assert describe(Array(items)) == describe(items)
    assert describe([Array([1]), "a" * 9_000]) == describe([[1], "a" * 9_000])
    assert describe(Real(0.5)) == describe(0.5)
    assert describe([Real(0.5)] * 2_000) == describe([0.5] * 2_000)


def test_exact_numbers_are_described_as_floats():
    assert describe(Fraction(1, 4)) == ["f", "0.25"]
    assert describe(Decimal("0.10")) == ["f", "0.1"]


def test_numbers_of_one_cell_are_equal_within_the_tolerance_and_cells_are_in_order():
    generator = random.Random(1)
    numbers = sorted(generator.choice((-1, 1)) * 10 ** generator.uniform(-12, 300) for _ in range(500))
    assert [cell(number) for number in numbers] == sorted(map(cell, numbers))
    for number in numbers:
        if abs(number) > 1e-8:
            assert cell(number) != cell(number * (1 + 3 * RELATIVE_TOLERANCE))
    assert cell(0.1 + 0.2) == cell(0.3)
    assert cell(1e308) < cell(float("inf"))
