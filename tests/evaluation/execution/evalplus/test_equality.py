"""Results are the same by EvalPlus's rules: equal, near where floats are expected, with the exceptions it makes."""

import math

import pytest

from src.evaluation.benchmarks.calls import HUMANEVAL, MBPP, Calls
from src.evaluation.execution.evalplus.equality import Comparison
from src.evaluation.execution.evalplus.values import Drawn, Opaque


def same(expected, actual, name="f", dataset=MBPP, atol=0.0, arguments=()):
    return Comparison(Calls(dataset, "x/1", name, atol, [], [])).same(arguments, expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual", "is_same"),
    [
        (1, 1, True), (1, 1.0, True), (True, 1, True), (1, 2, False), (1, None, False), (None, None, True),
        ("a", "a", True), ([1, 2], (1, 2), False), ((1, 2), (1, 2), True), ({1, 2}, {2, 1}, True),
        ({"a": [1]}, {"a": [1]}, True), ([1], Drawn((1,)), False), (1, Opaque(), False),
        # floats: 1e-6 absolute and 1e-7 relative, as numpy.allclose; of the same type and length
        (1.0, 1.0000005, True), (1.0, 1.0001, False), (1e9, 1e9 + 50, True), (1e9, 1e9 + 200, False),
        (1.0, 1, True), (0.5, "0.5", False), ([0.5, 1.5], [0.5, 1.5000001], True), ([0.5], [0.5, 0.5], False),
        ([0.5], (0.5,), False), (math.nan, math.nan, False), (math.inf, math.inf, True),
        # not all of them floats: equal
        ([1, 0.5], [1, 0.5000001], False), ([[0.5]], [[0.5000001]], False),
    ],
)  # fmt: skip
def test_results_are_equal_or_near(expected, actual, is_same):
    assert same(expected, actual) is is_same


def test_a_tolerance_of_the_task_holds_for_whatever_numbers_hold():
    assert same(10, 11, atol=2) is True
    assert same([[1, 2]], [[1, 2.5]], atol=1) is True
    assert same("a", "b", atol=1) is False
    assert same(10, 10.5, atol=2) is False  # of another type


def test_once_floats_were_expected_the_tolerance_stays():
    comparison = Comparison(Calls(MBPP, "x/1", "f", 0.0, [], []))
    assert comparison.same((), [[0.5]], [[0.5000001]]) is False
    assert comparison.same((), 0.5, 0.5) is True
    assert comparison.same((), [[0.5]], [[0.5000001]]) is True


@pytest.mark.parametrize(
    ("name", "expected", "actual", "is_same"),
    [
        ("similar_elements", (1, 2), [2, 1, 1], True), ("similar_elements", (1, 2), [2], False),
        ("Diff", [1, 2], Drawn((2, 1)), True), ("Diff", [1], 1, False),
        ("check_str", Opaque(), Opaque(), True), ("check_str", Opaque(), True, True),
        ("check_str", Opaque(), False, False), ("check_str", None, None, True),
        ("check_str", None, Opaque(), False), ("check_str", None, False, True),
        ("are_equivalent", True, False, True), ("sum_div", 7, 0, True), ("sum_div", 7, 8, False),
        ("sum_div", 0, 7, False),
    ],
)  # fmt: skip
def test_the_exceptions_of_mbpp_are_none_of_humaneval(name, expected, actual, is_same):
    assert same(expected, actual, name) is is_same
    assert same(7, 8, name, HUMANEVAL) is False


def test_another_reading_of_a_task_is_right_too():
    # a pyramid, base edge 3 and height 4: 9 + 2 * 3 * sqrt(1.5 ** 2 + 4 ** 2) = 34.63, so 35; by the slant height 33
    assert same(33, 35, "surface_Area", arguments=(3, 4))
    assert same(33, 33, "surface_Area", arguments=(3, 4))
    assert not same(33, 34, "surface_Area", arguments=(3, 4))
    # 1 and 23: |0 - 2| + |1 - 3| = 4; the digits of 22 are 4 as well; 123 and 256: 1 + 3 + 3 = 7, of 133: 7
    assert same(9, 4, "digit_distance_nums", arguments=(1, 23))
    assert not same(9, 5, "digit_distance_nums", arguments=(1, 23))


def test_a_zero_of_a_polynomial_is_any_of_its_zeros():
    coefficients = [-6, 11, -6, 1]  # (x - 1)(x - 2)(x - 3)
    for root in (1, 2.0, 3.0 + 1e-9):
        assert same(1.0, root, "find_zero", HUMANEVAL, 1e-4, (coefficients,))
    assert not same(1.0, 1.5, "find_zero", HUMANEVAL, 1e-4, (coefficients,))
    assert not same(1.0, None, "find_zero", HUMANEVAL, 1e-4, (coefficients,))
