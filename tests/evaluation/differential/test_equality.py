"""Values and outputs are compared by what they mean."""

import pytest

from src.evaluation.differential.equality import same_numbers, same_text, same_value, well_formed
from src.evaluation.differential.probe import describe


class Point:
    def __init__(self, x):
        self.x = x


Point.__module__ = "__main__"  # as in a program under test

SAME = [
    (1, 1.0),
    (True, 1),
    (0.1 + 0.2, 0.3),
    (float("nan"), float("nan")),
    ({1, 2, 3}, {3, 2, 1}),
    ({"a": 1, "b": [0.1 + 0.2]}, {"b": [0.3], "a": 1}),
    ({(1, 0.1 + 0.2), (2, 1.0)}, {(2, 1), (1, 0.3)}),
    ([1, [2, {"x": (3,)}]], [1, [2, {"x": (3,)}]]),
    (Point([1]), Point([1])),
    (2**5000, 2**5000),
    (1e308 * 10, float("inf")),
    (b"ab", b"ab"),
    (1 + 2j, 1 + 2j),
]
DIFFERENT = [
    (1, 2),
    (1, "1"),
    (None, 0),
    (0.3, 0.3001),
    ([1, 2], [2, 1]),
    ([1], (1,)),
    ([1, 2], [1]),
    ({1}, {1, 2}),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"b": 1}),
    ("a" * 9_000, "a" * 8_999 + "b"),
    (2**5000, 2**5000 + 1),
    (2**5000, 1.0),
    (Point(1), Point(2)),
    (float("nan"), 0.0),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_equal_values_are_equal_both_ways(left, right):
    assert same_value(describe(left), describe(right))
    assert same_value(describe(right), describe(left))


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_other_values_are_not(left, right):
    assert not same_value(describe(left), describe(right))
    assert not same_value(describe(right), describe(left))


def test_order_may_be_left_out_but_not_the_items():
    assert same_value(describe([3, 1]), describe([1, 3]), ordered=False)
    assert not same_value(describe([3, 1]), describe([1, 1]), ordered=False)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("a\nb\n", "a  \nb\n\n", True),
        ("3.0000000001", "3.0", True),
        ("x = 0.30000000000000004", "x = 0.3", True),
        ("{'b', 'a'}", "{'a', 'b'}", True),
        ("<object at 0x7f00aa11>", "<object at 0x7f00bb22>", True),
        ("3", "4", False),
        ("a b", "a  b", False),
        ("total: 3", "sum: 3", False),
        ("[1, 2]", "[2, 1]", False),
        ("1\n2", "2\n1", False),
    ],
)
def test_outputs_agree_but_for_spaces_rounding_and_sets(left, right, same):
    assert same_text(left, right) is same
    assert same_text(right, left) is same


def test_numbers_of_two_runs_are_the_same_exactly_or_not():
    assert same_numbers("[2, 1.5]", "[1.5, 2]")
    assert not same_numbers("1700000000.25", "1700000000.75")


@pytest.mark.parametrize("value", [left for left, _ in SAME])
def test_what_the_probe_writes_is_well_formed(value):
    assert well_formed(describe(value))


@pytest.mark.parametrize(
    "junk", [None, 3, [], ["l"], ["l", 3], ["i", "zz"], ["f", None], ["d", [[1]]], ["?"], [[]]]
)
def test_anything_else_is_not(junk):
    assert not well_formed(junk)
