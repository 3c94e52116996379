"""Values and outputs are compared by what they mean."""

import json
import random
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.evaluation.differential.equivalence.equality import same_numbers, same_text, same_value, well_formed
from src.evaluation.differential.inside.description import describe


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
    (complex("inf+nanj"), complex("inf+nanj")),
    (2 + 0j, 2),
    ({0.1 + 0.2: "a", 0.7: "b"}, {0.7: "b", 0.3: "a"}),
    ({frozenset({1, 2}), frozenset({3})}, {frozenset({3}), frozenset({2, 1})}),
    (list(range(3_000)), [float(n) for n in range(3_000)]),
    ([1], (1,)),
    (list(range(1_000)), tuple(range(1_000))),
    (Decimal(1), Fraction(1)),
    (Decimal("0.5"), 0.5),
]
DIFFERENT = [
    (1, 2),
    (1, "1"),
    (None, 0),
    (0.3, 0.3001),
    ([1, 2], [2, 1]),
    ([1, 2], [1]),
    ({1}, {1, 2}),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"b": 1}),
    ("a" * 9_000, "a" * 8_999 + "b"),
    (2**5000, 2**5000 + 1),
    (2**5000, 1.0),
    (Point(1), Point(2)),
    (float("nan"), 0.0),
    (complex(1, 1), 10**400),
    (complex("nan"), 10**400),
    (float("inf"), 10**400),
    (float("inf"), -float("inf")),
    ({10**20 + 1, 10**20 + 2}, {10**20 + 1, 10**20 + 3}),
    (list(range(1_000)), list(range(500))),
    ([len], [len]),
    (["a", len], ["a", sum]),
    ("\ud800", "?"),
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
    "junk",
    [
        None, 3, [], ["l"], ["l", 3], ["i", "zz"], ["f", None], ["d", [[1]]], ["?"], [[]], ["i", 1],
        ["f", float("inf")], ["b", float("inf")], ["b", 10**400], ["b", True], ["c", "1"], ["s", "a", "b"],
        ["i", "0x1", "0x2"], ["x", "a"], ["h", "l", "3", ""], ["h", "l"], ["o", [[1, ["n"]]]], ["d", [[["n"]]]],
        [["n"]], [{}], ["f", "0x1"], "n", {"n": 1},
    ],
)  # fmt: skip
def test_anything_else_is_not(junk):
    assert not well_formed(junk)


def test_a_description_deeper_than_the_probe_makes_is_not_well_formed():
    deep = ["n"]
    for _ in range(300):
        deep = ["l", [deep]]
    assert not well_formed(deep)


EDGES = [
    0, 1, -1, True, 2**53 + 1, 10**400, -(10**400), 0.1 + 0.2, 0.3, -0.0, 1e-10, 1e308, float("inf"),
    -float("inf"), float("nan"), complex("nan+infj"), complex("inf"), 1j, "", "\ud800", "a\0b", b"", b"\xff", None,
    Decimal("NaN"), Decimal("1e400"), Fraction(1, 3), "7" * 5_000, "{" * 300,
]  # fmt: skip
HASHABLE = st.recursive(
    st.sampled_from(EDGES)
    | st.floats()
    | st.integers()
    | st.integers(20_000, 20_004).map(lambda bits: 1 << bits),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=3)
    ),
    max_leaves=6,
)
WHOLE = VALUES | VALUES.map(lambda value: [value] * 1_100) | VALUES.map(lambda value: nested(300, value))


def nested(depth, inside):
    for _ in range(depth):
        inside = [inside]
    return inside


@settings(max_examples=60, deadline=None)
@given(WHOLE, WHOLE, st.booleans())
def test_whatever_is_compared_equality_is_reflexive_symmetric_and_raises_nothing(left, right, ordered):
    a, b = describe(left, ordered), describe(right, ordered)
    assert well_formed(a)
    assert well_formed(b)
    assert same_value(a, a, ordered)
    assert same_value(b, b, ordered)
    if '"S"' not in json.dumps([a, b]):  # a list may stand for the reference's set, not the other way round
        assert same_value(a, b, ordered) == same_value(b, a, ordered)


def test_every_edge_is_equal_to_itself_and_every_pair_both_ways_or_not_at_all():
    described = [describe(value) for value in [*EDGES, 10**5_000, 10**9_000, nested(300, 10**9_000)]]
    for left in described:
        assert same_value(left, left)
        for right in described:
            assert same_value(left, right) == same_value(right, left)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*"nubifcsyxhltgSdo", "0x1", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(JSON, JSON)
def test_a_forged_description_is_refused_or_compared(left, right):
    if well_formed(left) and well_formed(right):
        assert same_value(left, right) == same_value(right, left)
        same_value(left, right, ordered=False)


def seconds(action):
    began = time.process_time()
    action()
    return time.process_time() - began


def test_a_set_of_20000_floats_is_matched_in_bounded_time():
    floats = [["f", repr(n / 7)] for n in range(20_000)]
    moved = [["f", repr(n / 7 + 1e-12)] for n in range(20_000)]
    random.Random(1).shuffle(moved)
    assert seconds(lambda: same_value(["S", floats], ["S", moved])) < 6


def test_sets_dicts_and_lists_without_order_are_matched_whatever_the_rounding():
    floats = [["f", repr(n / 7)] for n in range(500)]
    moved = [["f", repr(n / 7 + 1e-12)] for n in range(500)][::-1]
    keyed, moved_keyed = (
        [[item, ["S", [["i", "0x1"], item]]] for item in items] for items in (floats, moved)
    )
    assert same_value(["S", floats], ["S", moved])
    assert not same_value(["S", floats], ["S", [*moved[1:], ["f", "0.5"]]])
    assert same_value(["l", floats], ["l", moved], ordered=False)
    assert not same_value(["l", floats], ["l", moved])
    assert same_value(["d", keyed], ["d", moved_keyed])
    assert not same_value(["d", keyed], ["d", [*moved_keyed[1:], moved_keyed[1]]])


@pytest.mark.parametrize(
    "line",
    ["value 0.5 of 12", "{1, 2, 3} [4, 5]", "{'a'} {{", "1.5e5 " * 10, "0x7f001122 {", "-" * 80, "[" * 80],
)
def test_outputs_of_4000_lines_are_compared_in_under_a_second(line):
    text = "\n".join([line] * 4_000)
    assert seconds(lambda: same_text(text, text.replace("5", "6"), ordered=False)) < 1


@pytest.mark.parametrize(
    "line",
    [
        "{0x" + "f" * 6_000 + "}", "{" + "1" * 6_000 + "}", "{" + "-" * 3_000 + "1}", "{" + "(" * 3_000 + "}", "{[]}",
        "\ud800 {'\ud800'}", "{'\0'}", "9" * 6_000, "1e999", "{1e999}", "[" + "1," * 3_000 + "]", "{" + "1+" * 3_000 + "1}",
    ],
)  # fmt: skip
def test_an_output_of_any_text_is_compared(line):
    assert same_text(line, line)
    assert not same_text(line, line + "1", ordered=False)
    assert same_numbers(line, line)


def test_numbers_too_large_for_a_float_are_equal_only_as_they_are_written():
    assert same_text("1" * 400 + ".0", "1" * 400 + ".0")
    assert not same_text("1" * 400 + ".0", "2" * 400 + ".0")
