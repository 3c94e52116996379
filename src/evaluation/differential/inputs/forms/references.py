"""What one datum of a script refers to in another: orders to a table of prices, a map of fields to other fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def keep_references(shown: Sequence[object], values: Sequence[Any]) -> list[Any]:
    """Values that refer to the keys of a table where the shown ones do.

    Texts that are all keys of a table stay keys of it. Beside keys that are whole numbers, numbers keep to the shown range. A
    table of its own keys, such as a graph, stays as it is: its ways may not run in circles.
    """
    kept = [*values]
    tables = [table for table in shown if isinstance(table, dict) and table]
    for at, own in enumerate(shown):
        texts = _leaves([*own.values()] if isinstance(own, dict) else own, str)
        if isinstance(own, dict) and texts and {*texts} <= own.keys():
            kept[at] = own
            continue
        for table in tables:
            if texts and table is not own and {*texts} <= table.keys() and not isinstance(own, str):
                keys = [*table]
                kept[at] = _replaced(kept[at], lambda text, keys=keys: _one_of(keys, text), str)
    if any(type(key) is int for table in tables for key in table):
        numbers = [_leaves(own, int) for own in shown]
        kept = [
            _replaced(value, lambda n, own=own: min(max(n, min(own)), max(own)), int) if own else value
            for value, own in zip(kept, numbers, strict=True)
        ]
    return kept


def _one_of(keys: Sequence[object], text: str) -> object:
    return text if text in keys else keys[sum(map(ord, text)) % len(keys)]


def _leaves(value: object, kind: type) -> list[Any]:
    """The texts, or whole numbers, in a value; of a table those of its values."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list | tuple | set):
        return [leaf for item in value for leaf in _leaves(item, kind)]
    return [value] if type(value) is kind else []


def _replaced(value: Any, instead: Any, kind: type) -> Any:
    """A value with others in place of its leaves of a kind."""
    if isinstance(value, dict):
        return {key: _replaced(item, instead, kind) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(_replaced(item, instead, kind) for item in value)
    return instead(value) if type(value) is kind else value
