"""Tests that are calls, as EvalPlus has them: the inputs of one function, as a JSON text in the place of asserts.

What the function should return is not among them: the reference is run for it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

BENCHMARK = "evalplus"  # the text's first key: no Python assert begins like it
HUMANEVAL, MBPP = "humaneval", "mbpp"

Arguments = list[Any]


@dataclass(frozen=True)
class Calls:
    """The tests of one task."""

    dataset: str  # HUMANEVAL or MBPP: each has exceptions of its own
    task_id: str
    entry_point: str
    atol: float  # absolute tolerance of results; 0: equal, but for floats
    base: list[Arguments]  # the inputs of the benchmark itself
    plus: list[Arguments]  # those that EvalPlus adds


def calls_text(dataset: str, row: Mapping[str, Any]) -> str:
    """The tests of a row of an EvalPlus file."""
    names = ("task_id", "entry_point", "atol", "base_input", "plus_input")
    return json.dumps({BENCHMARK: dataset} | {name: row[name] for name in names})


@functools.lru_cache(8)  # completions of one task follow each other
def parse_calls(tests: str) -> Calls | None:
    """The calls that `tests` describe; None where they are something else, such as asserts."""
    if not tests.startswith(f'{{"{BENCHMARK}"'):
        return None
    try:
        row = json.loads(tests)
        dataset, task = row[BENCHMARK], str(row["task_id"])
        convert = _CONVERSIONS.get(task_number(task), list) if dataset == MBPP else list
        base, plus = ([convert(item) for item in row[name]] for name in ("base_input", "plus_input"))
        return Calls(dataset, task, str(row["entry_point"]), float(row["atol"]), base, plus)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def task_number(task_id: str) -> int:
    """The number in "HumanEval/12" or "MBPP/12"; 0 where there is none."""
    digits = task_id.rpartition("/")[2]
    return int(digits) if digits.isdecimal() else 0


def _items(value: Any) -> Any:
    return [tuple(item) for item in value]


def _list_items(value: Any) -> Any:
    return [tuple(item) if isinstance(item, list) else item for item in value]


def _deep(value: Any) -> Any:
    return tuple(map(_deep, value)) if isinstance(value, list) else value


def _each(convert: Callable[[Any], Any]) -> Callable[[Arguments], Arguments]:
    return lambda arguments: [convert(value) for value in arguments]


def _each_of(*converts: Callable[[Any], Any]) -> Callable[[Arguments], Arguments]:
    """The first arguments converted, the others as they are."""

    def convert(arguments: Arguments) -> Arguments:
        head = [change(value) for change, value in zip(converts, arguments, strict=False)]
        return head + list(arguments[len(converts) :])

    return convert


# JSON has no tuple, set or complex number. Which tasks of MBPP+ take them, by number, as evalplus 0.3.1 restores them.
_RULES: dict[str, Callable[[Arguments], Arguments]] = {
    "2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809": _each(tuple),
    "63 64 70 94 120 237 272 299 400 409 417 438 473 614 780": _each(_items),
    "75 413 444 753": _each_of(_items),
    "106 750": _each_of(lambda value: value, tuple),
    "115": _each_of(lambda value: [set(item) if isinstance(item, list) and item else {} for item in value]),
    "124": _each_of(float, complex),
    "250 307 405 446 617 720 763 808": _each_of(tuple),
    "252": _each_of(complex),
    "259 401 445": _each(lambda value: tuple(_items(value))),
    "278": _each_of(lambda value: tuple(_list_items(value))),
    "580 615 791": _each(_deep),
    "722": _each_of(lambda value: {key: tuple(item) for key, item in value.items()}),
}
_CONVERSIONS = {int(number): rule for numbers, rule in _RULES.items() for number in numbers.split()}
