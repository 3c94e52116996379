"""Validators of configuration values: ranges, choices and lists, declared in the annotations of a key."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin


@dataclass(frozen=True)
class Range:
    """A number in the closed interval from `low` to `high`."""

    low: float
    high: float = float("inf")


@dataclass(frozen=True, init=False)
class OneOf:
    """One of a fixed set of values, equal in type too."""

    values: tuple[object, ...]

    def __init__(self, *values: object) -> None:
        object.__setattr__(self, "values", values)


class OneOfOrList(OneOf):
    """One of a fixed set of keywords, or a list of names; any other single name is a list of one."""


@dataclass(frozen=True)
class StrList:
    """A list of strings, which may be empty; a single string is a list of one."""


def check_value(hint: Any, value: Any) -> Any:
    """`value` converted to the annotated type `hint`. Raises ValueError with what was expected."""
    kind, rule = get_args(hint) if get_origin(hint) is Annotated else (hint, None)
    if isinstance(rule, OneOfOrList):
        return _check_keyword_or_list(value, rule)
    if isinstance(rule, StrList):
        return _check_str_list(value)
    if isinstance(rule, OneOf):
        if any(value == choice and type(value) is type(choice) for choice in rule.values):
            return value
        raise ValueError("one of " + ", ".join(shown(choice) for choice in rule.values))
    if isinstance(rule, Range):
        return _check_number(value, kind is int, rule)
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise ValueError("true or false")
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    raise ValueError("a text")


def shown(value: Any) -> str:
    """A value with its type, for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)[:80] if isinstance(value, str) else f"{value!r} ({type(value).__name__})"[:80]


def _check_keyword_or_list(value: Any, rule: OneOfOrList) -> str | list[str]:
    if isinstance(value, str) and value:
        return value if value in rule.values else [value]
    if isinstance(value, list) and value and all(isinstance(word, str) and word for word in value):
        return value
    raise ValueError(f"{', '.join(map(str, rule.values))} or a list of layer names")


def _check_str_list(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) and text.strip() for text in texts):
        return texts
    raise ValueError("a list of texts")


def _check_number(value: Any, integer: bool, rule: Range) -> int | float:
    expected = "a whole number" if integer else "a number"
    bounded = f" from {rule.low:g} to {rule.high:g}"
    expected += f" of {rule.low:g} or more" if rule.high == float("inf") else bounded
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(expected)
    if not rule.low <= value <= rule.high or (integer and value != int(value)):
        raise ValueError(expected)
    return int(value) if integer else float(value)
