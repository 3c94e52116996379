"""Values beside a given one that are made of it: its parts, its permutation, what adds up to it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from src.evaluation.differential.inputs.variation import chained, is_function, source_of
from src.languages.syntax import literal

_VERSION = re.compile(r"\d+(?:\.\d+)+")


def doubled(call: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A call with one of its arguments in the place of another of the same type."""
    for a, b in itertools.combinations(range(len(call)), 2):
        if type(literal(call[a])) is type(literal(call[b])):
            yield (*call[:b], call[a], *call[b + 1 :])


def chained_calls(call: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A call with a dictionary whose keys lead to one another."""
    for at, source in enumerate(call):
        value = literal(source)
        if isinstance(value, dict) and chained(value) != value:
            yield (*call[:at], source_of(chained(value)), *call[at + 1 :])


def with_opposite(value: Any, items: Any) -> Iterator[tuple[str, str]]:
    """A whole number beside a list of numbers that begins with it, or with what makes it 0."""
    of_numbers = isinstance(items, list) and items and all(type(item) is int for item in items)
    if type(value) is int and value and of_numbers:
        yield from ((repr(value), source_of([first, *items])) for first in (-value, value))


def equals(value: object) -> Iterator[tuple[str, str]]:
    """A number beside itself, and beside the one that is as far from 0."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value:
        yield repr(value), repr(value)
        yield repr(value), repr(-value)


def likenesses(value: Any) -> Iterator[tuple[str, str]]:
    """A text or list with its permutation, another of its length, one of the same items with other counts."""
    if is_function(value):
        return
    if isinstance(value, dict) and value:
        keys, values = list(value), list(value.values())
        others: list[object] = [
            dict(zip(keys, values[1:] + values[:1], strict=True)),
            dict(zip(keys, keys, strict=True)),
        ]
        others += [dict(list(value.items())[:-1]), value | {"more": values[0]}]
        others += [value | {keys[0]: keys[1]}] if len(keys) > 1 else []  # a value that is a key
        yield from ((source_of(value), source_of(other)) for other in others)
    is_sequence = isinstance(value, str | list) and len(value) > 2
    if is_sequence:
        others = [value[::-1], value[1:] + value[:1], value[:-1] + value[:1], value + value[:1], value]
        yield (
            source_of(value[:1] + value),
            source_of(value + value[-1:]),
        )  # the same items, as many, with other counts
        if (
            isinstance(value, str) and value[:2].isalpha() and {*"azAZ"}.isdisjoint(value[:2])
        ):  # with the same sum of codes
            others.append(chr(ord(value[0]) + 1) + chr(ord(value[1]) - 1) + value[2:])
        if isinstance(value, str) and _VERSION.fullmatch(value):
            others += [f"{value}.0", f"{value}.1", f"{value}0", value.rpartition(".")[0]]
        if isinstance(value, str):
            halves = value[: len(value) // 2], value[len(value) // 2 :]
            others += [value[::-1].swapcase(), " ".join((halves[1], halves[0])).upper(), value.swapcase()]
        yield from ((source_of(value), source_of(other)) for other in others)


def boundaries(value: object) -> Iterator[int]:
    """Numbers at which something changes for a text or a list: how many items it has, how long its first words are, what its first items add up to."""
    if is_function(value) or not isinstance(value, str | list):
        return
    yield from sorted({1, 2, len(value) - 1, len(value), len(value) + 1})
    words = value.split(" ") if isinstance(value, str) else []
    yield from (len(" ".join(words[:count])) for count in range(2, min(len(words), 4) + 1))
    if isinstance(value, list) and all(type(item) is int for item in value):
        yield from (sum(value[:count]) for count in range(2, min(len(value), 4) + 1))


def parts_of(value: object) -> Iterator[tuple[str, str]]:
    """A container as given and, if it can be, in order: with its first, middle and last part."""
    parts: Sequence[object] = ()
    if is_function(value):
        return
    if isinstance(value, dict):
        parts = [*list(value)[:2], list(value)[::-1]]
        for key, item in list(value.items())[:1]:  # which is there, and nothing
            if type(item) is int:
                yield source_of({**value, key: 0}), source_of(key)
    elif isinstance(value, str) and len(value) > 2:
        parts = (value[0], value[-2:], *value.split()[:1], value[0].swapcase())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        parts = [*value[0]]
    elif isinstance(value, list) and len(value) > 1:
        numeric = all(isinstance(item, int | float) for item in value)
        for version in [value, sorted(value)] if numeric else [value]:
            for part in (version[0], version[len(version) // 2], version[-1]):
                yield source_of(version), source_of(part)
        if numeric and type(value[0]) is int and value[0] > 1:  # twice the first, or the sum of two others
            yield source_of([value[0], value[0] - 1, value[0] + 1]), source_of(2 * value[0])
        if numeric:
            yield source_of(value), source_of(value[0] + value[-1])
        yield source_of([*value, value[0]]), source_of(value[0])  # which is there twice
        if isinstance(value[0], str):
            yield source_of([*value, value[0].swapcase()]), source_of(value[0])
    yield from ((source_of(value), source_of(part)) for part in parts)


def paths(base: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    """Calls with a table of tables and keys that lead to a value in it, and keys of which one is missing."""
    table = literal(base[0])
    inner = next(iter(table.items()), None) if isinstance(table, dict) and count == 3 else None
    if inner is None or not isinstance(inner[1], dict):
        return
    for outer, values in table.items():
        yield from ((base[0], repr(outer), repr(key)) for key in [*values, "none"])
    yield base[0], repr("none"), repr(next(iter(inner[1]), "none"))
