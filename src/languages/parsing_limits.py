"""Bounds and errors of parsers that read what a model wrote."""

from __future__ import annotations

import re

_BRACKETS = re.compile(r"[(\[{]|[)\]}]")

# what parsers raise on hostile text, besides errors of their own: int() of a long number, chr() of a large one
PARSE_ERRORS = (
    ValueError,
    SyntaxError,
    TypeError,
    RecursionError,
    MemoryError,
    ArithmeticError,
    AssertionError,
    LookupError,
    AttributeError,
)


def bracket_depth(text: str) -> int:
    """Deepest nesting of brackets in `text`, whatever they mean; linear time."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        if match.group() in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest


def first_line(error: BaseException) -> str:
    """What an error says, without a traceback of the parser's own."""
    return (str(error).splitlines() or [""])[0]
