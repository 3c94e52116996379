"""Values at the edge of what others of their type are: nothing, one item, spaces at the ends, one thing three times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from src.evaluation.differential.inputs.variation import is_function, source_of
from src.languages.syntax import literal


def edges_of(value: object) -> Iterator[str]:
    """Values at the edge of what one of its type can be: nothing, one item, spaces at the ends and several in a row, one thing three times."""
    if is_function(value) or isinstance(value, bool):
        return
    if isinstance(value, str):
        parts = value.split()
        several = "  ".join(parts if len(parts) > 1 else 2 * parts)
        yield from map(repr, ("", f"{value}  ", f"  {value}", several))
        if len(parts) > 1 and all(re.search("[A-Za-z]", part) for part in parts):
            yield repr(f"{value} {parts[0]} {parts[0]}")
            yield repr(f"{value} {parts[-1].swapcase()}")
        if value[-1:].isalpha():
            yield repr(value + 2 * value[-1])
    elif isinstance(value, list):
        yield from map(source_of, ([], value[:1]))
        if value:
            yield source_of([*value, value[0], value[0]])
        if value and type(value[0]) is int:  # whose sum goes up and down, to both sides of 0
            yield source_of([(-1) ** at * (at + 1) * (value[0] or 1) for at in range(3)])
    elif isinstance(value, dict):
        yield "{}"
    elif isinstance(value, int):
        yield from map(repr, (0, 1, value + 0.5))


def at_edges(call: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A call with one of its arguments at the edge."""
    for at, source in enumerate(call):
        yield from ((*call[:at], edge, *call[at + 1 :]) for edge in edges_of(literal(source)))


def with_blanks(call: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A call with 0, or an empty text, among the items of one of its lists."""
    for at, source in enumerate(call):
        value = literal(source)
        if isinstance(value, list) and value and isinstance(value[0], int | str):
            blank = "" if isinstance(value[0], str) else 0
            yield (*call[:at], source_of([*value[:1], blank, *value[1:]]), *call[at + 1 :])
