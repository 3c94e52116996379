"""Compares what two programs returned and printed, from the records the probe wrote."""

from __future__ import annotations

import math
import re
from typing import Any

from src.languages.syntax import literal

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
MAX_DEPTH = 40

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")
_BRACED = re.compile(r"\{[^{}\n]*\}")
_LISTED = re.compile(r"\[[^\[\]\n]*\]")


def well_formed(described: Any, depth: int = 0) -> bool:
    """Whether this is a value as the probe describes it: a program may have written something in its place."""
    if not isinstance(described, list) or not described or depth > MAX_DEPTH:
        return False
    kind, *content = described
    if kind in ("n", "u"):
        return not content
    if kind in ("l", "t", "g", "S") and len(content) == 1 and isinstance(content[0], list):
        return all(well_formed(item, depth + 1) for item in content[0])
    if kind == "d" and len(content) == 1 and isinstance(content[0], list):
        pairs = [pair for pair in content[0] if isinstance(pair, list) and len(pair) == 2]
        return len(pairs) == len(content[0]) and all(
            well_formed(v, depth + 1) for pair in pairs for v in pair
        )
    if kind == "o" and len(content) == 1 and isinstance(content[0], list):
        fields = [f for f in content[0] if isinstance(f, list) and len(f) == 2 and isinstance(f[0], str)]
        return len(fields) == len(content[0]) and all(well_formed(value, depth + 1) for _, value in fields)
    return _is_plain(kind, content)


def _is_plain(kind: Any, content: list[Any]) -> bool:
    if kind in ("i", "b", "f", "c"):
        try:
            _number([kind, *content])
        except (ValueError, TypeError, IndexError):
            return False
        return True
    return kind in ("s", "h", "y", "x") and bool(content) and all(isinstance(part, str) for part in content)


def same_value(left: Any, right: Any, ordered: bool = True) -> bool:
    """Whether two described values are equal: floats with a tolerance, sets and dicts without order.

    `ordered=False` also compares lists without order, for a program that makes them from a set.
    """
    if left is None or right is None:
        return left is right
    if left[0] in "ibfc" and right[0] in "ibfc":
        return _same_number(_number(left), _number(right))
    if left[0] != right[0]:
        return False
    kind = left[0]
    if kind == "d":
        return len(left[1]) == len(right[1]) and _matched(left[1], right[1], ordered)
    if kind == "S" or (kind in "ltg" and not ordered):
        return len(left[1]) == len(right[1]) and _matched(left[1], right[1], ordered)
    if kind in "ltg":
        pairs = zip(left[1], right[1], strict=False)
        return len(left[1]) == len(right[1]) and all(same_value(a, b, ordered) for a, b in pairs)
    if kind == "o":
        return [name for name, _ in left[1]] == [name for name, _ in right[1]] and all(
            same_value(a, b, ordered) for (_, a), (_, b) in zip(left[1], right[1], strict=True)
        )
    if kind == "s" and not ordered and left != right:
        return same_text(left[1], right[1], ordered)
    return bool(left == right)


def _matched(left: list[Any], right: list[Any], ordered: bool) -> bool:
    """Whether each item on the left has its own equal on the right; exact pairs first, they are quick."""
    spare: dict[str, int] = {}
    for item in right:
        spare[str(item)] = spare.get(str(item), 0) + 1
    rest = []
    for item in left:
        if spare.get(str(item)):
            spare[str(item)] -= 1
        else:
            rest.append(item)
    unmatched = [item for item in right if spare.get(str(item)) and _consume(spare, str(item))]
    for item in rest:
        found = next((i for i, other in enumerate(unmatched) if _same_item(item, other, ordered)), None)
        if found is None:
            return False
        unmatched.pop(found)
    return not unmatched


def _consume(spare: dict[str, int], key: str) -> bool:
    spare[key] -= 1
    return True


def _same_item(left: Any, right: Any, ordered: bool) -> bool:
    if isinstance(left[0], list):  # a key and its value
        return same_value(left[0], right[0], ordered) and same_value(left[1], right[1], ordered)
    return same_value(left, right, ordered)


def _number(described: list[Any]) -> complex | float | int:
    kind = described[0]
    if kind == "i":
        return int(described[1], 16)
    if kind == "b":
        return int(described[1])
    if kind == "f":
        return float(described[1])
    return complex(float(described[1]), float(described[2]))


def _same_number(left: complex | float | int, right: complex | float | int) -> bool:
    if left == right:
        return True
    if isinstance(left, complex) or isinstance(right, complex):
        left, right = complex(left), complex(right)
        return _same_number(left.real, right.real) and _same_number(left.imag, right.imag)
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
    return sorted(_NUMBER.findall(_ADDRESS.sub("0x", left))) == sorted(
        _NUMBER.findall(_ADDRESS.sub("0x", right))
    )


def _lines(text: str, ordered: bool) -> list[str]:
    lines = [_ADDRESS.sub("0x", line.rstrip()) for line in text.strip("\n").rstrip().split("\n")]
    lines = [_BRACED.sub(_sorted_set, line) for line in lines]
    return lines if ordered else [_LISTED.sub(_sorted_list, line) for line in lines]


def _sorted_set(match: re.Match[str]) -> str:
    value = literal(match.group())
    return "{" + ", ".join(sorted(map(repr, value))) + "}" if isinstance(value, set) else match.group()


def _sorted_list(match: re.Match[str]) -> str:
    value = literal(match.group())
    return "[" + ", ".join(sorted(map(repr, value))) + "]" if isinstance(value, list) else match.group()


def _same_line(left: str, right: str) -> bool:
    """Whether the words are the same, and the numbers equal, within the tolerance where one has a fraction."""
    if _NUMBER.split(left) != _NUMBER.split(right):
        return False
    for a, b in zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True):
        if a != b and not (re.search(r"[.e]", a + b, re.IGNORECASE) and _same_number(float(a), float(b))):
            return False
    return True
