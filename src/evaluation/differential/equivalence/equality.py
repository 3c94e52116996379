"""Compares what two programs returned and printed, from the records the probe wrote."""

from __future__ import annotations

import functools
import math
import re
from typing import Any

from src.evaluation.differential.inside.description import cell
from src.languages.syntax import literal

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
MAX_DEPTH = 40
MAX_EXPONENT = 1_100  # as a power of two; no float has a larger one

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")
_BRACED = re.compile(r"\{[^{}\n]*\}")
_LISTED = re.compile(r"\[[^\[\]\n]*\]")
_HEXADECIMAL = re.compile(r"-?0x[0-9a-f]+")


def well_formed(described: Any, depth: int = 0) -> bool:
    """Whether this is a value as the probe describes it: a program may have written something in its place."""
    if not isinstance(described, list) or not described or depth > MAX_DEPTH:
        return False
    kind, *content = described
    match kind:
        case "n" | "u":
            return not content
        case "l" | "t" | "g" | "S" | "d" | "o" | "q":
            items = _items(kind, content)
            return items is not None and all(well_formed(item, depth + 1) for item in items)
        case "b":
            return len(content) == 1 and type(content[0]) is int and content[0] in (0, 1)
        case "h":
            return len(content) == 3 and [type(part) for part in content] == [str, int, str]
    if not all(isinstance(part, str) for part in content):
        return False
    match kind:
        case "i":
            return len(content) == 1 and bool(_HEXADECIMAL.fullmatch(content[0]))
        case "f":
            return len(content) == 1 and _is_float(content[0])
        case "c":
            return len(content) == 2 and all(map(_is_float, content))
    return (kind in ("s", "y") and len(content) == 1) or (kind == "x" and len(content) == 2)


def _items(kind: str, content: list[Any]) -> list[Any] | None:
    """The values in a container; None where its content is none."""
    if len(content) != 1 or not isinstance(content[0], list):
        return None
    if kind not in ("d", "o", "q"):
        return content[0]
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in content[0]):
        return None
    if kind == "d":
        return [part for pair in content[0] for part in pair]
    return (
        [value for _, value in content[0]] if all(isinstance(name, str) for name, _ in content[0]) else None
    )


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def same_value(
    left: Any, right: Any, ordered: bool = True, rounded: bool = False, within: float = 0.0
) -> bool:
    """Whether two well-formed values are equal: floats with a tolerance, sets and dicts without order.

    Lists, tuples and what is iterated over are equal where their items are; a list is equal to a set (`left`) of its items.
    `ordered=False` also compares lists without order, for a program that makes them from a set. `rounded=True`: a
    number on the right is equal to the one on the left where it rounds to it. within: how far numbers may lie apart.
    """
    if left is None or right is None:
        return left is right
    kind, other = left[0], right[0]
    if kind in "ibfc" and other in "ibfc":
        a, b = _number(left), _number(right)
        rounding = max(within, _rounding(left) if rounded and kind == other == "f" else 0)
        return (_same_real(a.real, b.real) and _same_real(a.imag, b.imag)) or (
            rounding > 0 and abs(a - b) < rounding
        )
    if kind in "ltgS" and other in "ltgS" and not (other == "S" and kind != "S" and ordered):
        kind = other = "S" if kind == "S" else "l"
    if kind != other or kind == "u":
        return False
    if kind in "lSdo":
        content = kind, left[1], right[1]
        return len(left[1]) == len(right[1]) and _same_content(*content, ordered, rounded, within)
    if kind == "s" and not ordered and left != right:
        return same_text(left[1], right[1], ordered)
    return bool(left == right)


def _rounding(described: list[Any]) -> float:
    """Half of the last digit of a number that has few of them."""
    digits = re.fullmatch(r"-?\d+\.(\d{1,4})", described[1]) if described[0] == "f" else None
    return 0.5000001 * 10 ** -len(digits.group(1)) if digits else 0


def _same_content(
    kind: str, left: list[Any], right: list[Any], ordered: bool, rounded: bool, within: float
) -> bool:
    if kind in "Sd" or (kind == "l" and not ordered):
        # In one order on both sides: numbers that are equal but for rounding sort alike.
        by_key = functools.partial(_sort_key, kind, ordered)
        left, right = sorted(left, key=by_key), sorted(right, key=by_key)
    pairs = zip(left, right, strict=True)
    if kind == "o":
        return all(a[0] == b[0] and same_value(a[1], b[1], ordered, rounded, within) for a, b in pairs)
    if kind == "d":
        return all(same_value(a[at], b[at], ordered, rounded, within) for a, b in pairs for at in (0, 1))
    return all(same_value(a, b, ordered, rounded, within) for a, b in pairs)


def _sort_key(kind: str, ordered: bool, item: Any) -> tuple[Any, ...]:
    """Of an item of a container of `kind`: first by rounded numbers, then by exact ones."""
    values = item if kind == "d" else [item]
    return tuple(_key(value, ordered, exact) for exact in (False, True) for value in values)


def _key(described: list[Any], ordered: bool, exact: bool) -> tuple[Any, ...]:
    """Comparable with the key of any other value."""
    kind = described[0]
    if kind in "ibfc":
        number = _number(described)
        return (0, *(_number_key(part, exact) for part in (number.real, number.imag)))
    if kind not in "ltgSdo":
        return (1, kind, *map(str, described[1:]))
    if kind == "d":
        keys = [tuple(_key(part, ordered, exact) for part in pair) for pair in described[1]]
    elif kind == "o":
        keys = [((1, name), _key(field, ordered, exact)) for name, field in described[1]]
    else:
        keys = [_key(item, ordered, exact) for item in described[1]]
    if kind in "Sd" or (kind in "ltg" and not ordered):
        keys.sort()
    return (2, "l" if kind in "tg" else kind, *keys)


def _number_key(number: float, exact: bool) -> tuple[Any, ...]:
    if exact:
        return (0, 0) if number != number else (1, number)  # noqa: PLR0124  # NaN; an integer may not be a float
    if isinstance(number, int) and number.bit_length() > MAX_EXPONENT - 100:
        return (1, MAX_EXPONENT, 0) if number > 0 else (-1, -MAX_EXPONENT, 0)
    return cell(number)


def _number(described: list[Any]) -> complex | float | int:
    kind = described[0]
    if kind == "i":
        return int(described[1], 16)
    if kind == "b":
        return int(described[1])
    if kind == "f":
        return float(described[1])
    return complex(float(described[1]), float(described[2]))


def _same_real(left: float, right: float) -> bool:
    if left == right:
        return True
    if isinstance(left, int) and isinstance(right, int):
        return False
    try:
        left, right = float(left), float(right)
    except OverflowError:
        return False
    if math.isnan(left) and math.isnan(right):
        return True
    return math.isclose(left, right, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def same_text(left: str, right: str, ordered: bool = True) -> bool:
    """Whether two outputs are equal up to white space at line ends, float rounding and the order of sets."""
    left_lines, right_lines = _lines(left, ordered), _lines(right, ordered)
    if not ordered and sorted(left_lines) == sorted(right_lines):
        return True
    if len(left_lines) != len(right_lines):
        return False
    return all(a == b or _same_line(a, b) for a, b in zip(left_lines, right_lines, strict=True))


def same_numbers(left: str, right: str) -> bool:
    """Whether two texts hold exactly the same numbers, in whatever order."""
    first, second = (sorted(_NUMBER.findall(_ADDRESS.sub("0x", text))) for text in (left, right))
    return first == second


def _lines(text: str, ordered: bool) -> list[str]:
    lines = [_ADDRESS.sub("0x", line.rstrip()) for line in text.strip("\n").rstrip().split("\n")]
    lines = [_BRACED.sub(_sorted_items, line) for line in lines]
    return lines if ordered else [_LISTED.sub(_sorted_items, line) for line in lines]


def _sorted_items(match: re.Match[str]) -> str:
    """The literal of a set or a list with its items in order; any other text as it is."""
    text = match.group()
    value = literal(text)
    if not isinstance(value, set | list):
        return text
    try:
        return text[0] + ", ".join(sorted(map(repr, value))) + text[-1]
    except (ValueError, RecursionError):  # an integer of more digits than Python writes, or very deep
        return text


def _same_line(left: str, right: str) -> bool:
    """Whether the words are the same, and the numbers equal, within the tolerance where one has a fraction."""
    if _NUMBER.split(left) != _NUMBER.split(right):
        return False
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    return all(a == b or _same_written(a, b) for a, b in pairs)


def _same_written(left: str, right: str) -> bool:
    if not re.search(r"[.e]", left + right, re.IGNORECASE):
        return False
    a, b = float(left), float(right)
    return not (math.isinf(a) or math.isinf(b)) and _same_real(a, b)  # infinite: too large to be told apart
