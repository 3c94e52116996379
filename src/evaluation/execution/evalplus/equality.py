"""Whether a result is right, by the rules of EvalPlus 0.3.1: equal, or near for floats, with exceptions for some tasks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from src.evaluation.benchmarks.calls import HUMANEVAL, Calls

RELATIVE_TOLERANCE = 1e-7
FLOAT_TOLERANCE = 1e-6  # absolute, where a task has none and its results are floats
# Tasks of MBPP+, by their functions. What two lists hold counts, in any order and number:
SETS = (
    "similar_elements find_char_long common_in_nested_lists extract_singly larg_nnum intersection_array "
    "find_dissimilar Diff"
).split()
MATCHES = "check_str text_match_three text_starta_endb".split()  # only whether something was found counts
ANY = "are_equivalent"


class Comparison:
    """Compares the results of one task, in the order of its inputs."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._tolerance = calls.atol

    def same(self, arguments: Sequence[Any], expected: Any, actual: Any) -> bool:
        """Whether `actual` is right for `arguments`, given the reference's result."""
        try:
            return self._same(arguments, expected, actual)
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, AttributeError):
            return False  # what cannot be compared is not the same

    def _same(self, arguments: Sequence[Any], expected: Any, actual: Any) -> bool:
        name, atol = self._calls.entry_point, self._calls.atol
        if self._calls.dataset == HUMANEVAL and name == "find_zero":
            return abs(_polynomial(arguments[0], actual)) <= atol
        if name in MATCHES and self._calls.dataset != HUMANEVAL:
            expected = expected is not None
        exact = bool(actual == expected)
        if self._calls.dataset != HUMANEVAL:
            exact = self._by_exception(name, arguments, expected, actual, exact)
        if not self._tolerance and _is_floats(expected):
            self._tolerance = FLOAT_TOLERANCE  # from here on, also for results that are none
        if exact or not self._tolerance:
            return exact
        if type(actual) is not type(expected):
            return False
        if isinstance(expected, list | tuple) and len(actual) != len(expected):
            return False
        import numpy

        return bool(numpy.allclose(actual, expected, rtol=RELATIVE_TOLERANCE, atol=self._tolerance))

    def _by_exception(
        self, name: str, arguments: Sequence[Any], expected: Any, actual: Any, exact: bool
    ) -> bool:
        if name in SETS:
            return set(actual) == set(expected)
        if name in MATCHES:
            return bool(actual == expected if isinstance(actual, bool) else (actual is not None) == expected)
        if exact or name == ANY:
            return True
        if name == "sum_div":
            return bool(actual == 0)
        if name in _OTHER_READINGS:
            return abs(actual - _OTHER_READINGS[name](*arguments)) <= self._calls.atol
        return False


def _is_floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def _polynomial(coefficients: Sequence[float], x: float) -> float:
    return sum(coefficient * math.pow(x, power) for power, coefficient in enumerate(coefficients))


def _pyramid_surface(base_edge: float, height: float) -> float:
    """With the height from the base to the apex, where the reference takes the slant height."""
    return round(base_edge**2 + 2 * base_edge * math.hypot(base_edge / 2, height))


def _digit_distance(left: int, right: int) -> int:
    """The sum of the distances of digits at the same place, where the reference takes the digits of the difference."""
    width = max(len(str(left)), len(str(right)))
    pairs = zip(str(left).zfill(width), str(right).zfill(width), strict=True)
    return sum(abs(int(a) - int(b)) for a, b in pairs)


_OTHER_READINGS: dict[str, Callable[..., float]] = {
    "surface_Area": _pyramid_surface,
    "digit_distance_nums": _digit_distance,
}
