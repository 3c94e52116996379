"""A value that a program in the sandbox writes is the same value outside."""

import collections
import fractions
import itertools
import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.evaluation.execution.evalplus.program import encoded
from src.evaluation.execution.evalplus.values import Drawn, Opaque, decoded

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.complex_numbers(allow_nan=False) | st.integers(10**30, 10**40)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.tuples(st.integers()), inner, max_size=3)
        | st.sets(st.integers() | st.text(max_size=3), max_size=4)
        | st.frozensets(st.integers(), max_size=4)
    ),
    max_leaves=15,
)


def passed_on(value):
    return decoded(json.loads(json.dumps(encoded(value))))


def same(left, right):
    """Equal, and of equal types all through."""
    return left == right and repr(left) == repr(right)


@given(VALUES)
def test_a_value_comes_back_with_its_types(value):
    found = passed_on(value)
    assert found == value
    assert type(found) is type(value)
    if not isinstance(value, set | frozenset | dict | list | tuple):
        assert same(found, value)


def test_types_inside_containers_are_kept():
    value = [1, 1.0, True, (1,), [1], {"a": (False, 0, 0.0)}, "1", b"1", 1 + 0j, -0.0, None]
    assert repr(passed_on(value)) == repr(value)
    assert math.isnan(passed_on(math.nan))
    assert passed_on(10**5000) == 10**5000
    assert passed_on("\ud800") == "\ud800"


def test_subclasses_are_equal_to_what_they_are_equal_to():
    assert passed_on(collections.Counter("aab")) == {"a": 2, "b": 1}
    assert passed_on(collections.namedtuple("P", "x y")(1, 2)) == (1, 2)
    assert passed_on(collections.OrderedDict(a=1)) == {"a": 1}


@pytest.mark.parametrize(
    "value", [range(3), iter([0, 1, 2]), collections.deque([0, 1, 2]), {0: 1, 1: 1, 2: 1}.keys()]
)
def test_what_can_only_be_gone_through_is_equal_to_no_list(value):
    found = passed_on(value)
    assert isinstance(found, Drawn)
    assert found != [0, 1, 2]
    assert set(found) == {0, 1, 2}


@pytest.mark.parametrize("value", [object(), re.match("a", "a"), fractions.Fraction(1, 2), int, len])
def test_other_objects_are_equal_to_nothing(value):
    found = passed_on(value)
    assert isinstance(found, Opaque)
    assert found not in (None, value, passed_on(value))


def test_an_endless_iterator_and_a_list_that_holds_itself_end():
    assert passed_on(itertools.count()).items == tuple(range(10_000))
    own: list[object] = []
    own.append(own)
    passed_on(own)
