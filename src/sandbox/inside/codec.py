"""Plain values as JSON and back: what a program returns reaches its tests as data, decoded into genuine builtins.

A scalar of JSON is written as itself, everything else as a list that begins with a tag. Containers carry serial
numbers, so that shared and cyclic ones stay so, and the receiver can refill those that it had sent itself.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import itertools
import json
import pathlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any

MAX_DEPTH = 150
LARGE = 1 << 63  # integers from here on are written in hexadecimal: JSON readers limit the digits

Refer = Callable[[Any, "Encoder", int], Any]  # writes what is no plain value
Resolve = Callable[[list[Any], "Decoder", int], Any]  # reads what Refer wrote


class MalformedError(Exception):
    """Something that no Encoder writes."""


class Encoder:
    """Writes one message. `known` are the containers that the receiver has, by serial number."""

    def __init__(self, refer: Refer, known: Sequence[Any] = ()) -> None:
        self._refer = refer
        self.objects = list(known)
        self._serials = {id(value): serial for serial, value in enumerate(self.objects)}
        self._written: set[int] = set()

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Raises ValueError where `value` is nested too deep."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is int:
            return value if -LARGE < value < LARGE else ["i", hex(value)]
        if kind in _SIMPLE:
            return _SIMPLE[kind](value)
        if kind not in _TAGS:
            return self._refer(value, self, depth)
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep to be compared")
        serial = self._serials.setdefault(id(value), len(self.objects))
        if serial in self._written:
            return ["R", serial]
        if serial == len(self.objects):
            self.objects.append(value)
        self._written.add(serial)
        items = _flat(value)
        if not _all_plain(items):
            items = [self.encode(item, depth + 1) for item in items]
        return [_TAGS[kind], serial, items, *[self.encode(x, depth + 1) for x in _extras(kind, value)]]


class Decoder:
    """Reads one message. A container of a serial number in `known` is refilled in place."""

    def __init__(self, resolve: Resolve, known: Sequence[Any] = ()) -> None:
        self._resolve = resolve
        self.objects = list(known)
        self._known = len(self.objects)

    def decode(self, data: Any, depth: int = 0) -> Any:
        """Raises MalformedError."""
        if type(data) is not list:
            if type(data) is dict:
                raise MalformedError("an object")
            return data
        if depth > 2 * MAX_DEPTH or not data or type(data[0]) is not str:
            raise MalformedError("no value")
        tag, *content = data
        try:
            if tag in _KINDS:
                return self._container(tag, content, depth)
            if tag == "R":
                return self._again(*content)
            if tag in _READERS:
                return _READERS[tag](*content)
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            raise MalformedError(f"{tag:.10}: {error}") from error
        return self._resolve(data, self, depth)

    def _again(self, serial: int) -> Any:
        value = self.objects[serial] if serial >= 0 else _UNFINISHED
        if value is _UNFINISHED:
            raise MalformedError("a tuple in itself")
        return value

    def _container(self, tag: str, content: list[Any], depth: int) -> Any:
        kind, (serial, items, *extras) = _KINDS[tag], content
        if type(serial) is not int or type(items) is not list or not 0 <= serial <= len(self.objects):
            raise MalformedError("a container without number")
        if serial < len(self.objects):
            target = self.objects[serial]
            if serial >= self._known or type(target) is not kind:
                raise MalformedError("a container of a number that is another's")
            items = self._items(items, depth)
            if tag not in _MADE:
                _refill(tag, target, items)
            return target
        self.objects.append(_UNFINISHED)
        if tag in _MADE:
            target = self.objects[serial] = _MADE[tag](self._items(items, depth))
            return target
        target = self.objects[serial] = _empty(kind, [self.decode(extra, depth + 1) for extra in extras])
        _refill(tag, target, self._items(items, depth))
        return target

    def _items(self, items: list[Any], depth: int) -> list[Any]:
        if set(map(type, items)) <= _SCALARS:
            return items
        return [self.decode(item, depth + 1) for item in items]


def dumps(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode("ascii")


def loads(text: bytes) -> Any:
    """Raises MalformedError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("no JSON") from error


class _Unfinished:
    """Stands for a tuple whose items are being read."""


_UNFINISHED = _Unfinished()
_PLAIN = frozenset({type(None), bool, float, str})
_SCALARS = _PLAIN | {int}
_KINDS: dict[str, Any] = {
    "l": list, "t": tuple, "s": set, "z": frozenset, "d": dict, "B": bytearray, "q": collections.deque,
    "C": collections.Counter, "O": collections.OrderedDict, "D": collections.defaultdict,
    "k": type({}.keys()), "v": type({}.values()), "I": type({}.items()),
}  # fmt: skip
_TAGS: dict[type, str] = {kind: tag for tag, kind in _KINDS.items()}
_MADE: dict[str, Callable[[list[Any]], Any]] = {  # those that cannot be refilled
    "t": tuple,
    "z": frozenset,
    "k": lambda items: dict.fromkeys(items).keys(),
    "v": lambda items: dict(enumerate(items)).values(),
    "I": lambda items: dict(items).items(),
}


def _flat(value: Any) -> list[Any]:
    """The items of a container; of a mapping its keys and values in turn."""
    return list(itertools.chain.from_iterable(value.items())) if isinstance(value, dict) else list(value)


def _all_plain(items: list[Any]) -> bool:
    """Whether the items are written as they are."""
    kinds = set(map(type, items))
    if not kinds <= _SCALARS:
        return False
    integers = [item for item in items if type(item) is int] if int in kinds else [0]
    return min(integers) > -LARGE and max(integers) < LARGE


def _extras(kind: type, value: Any) -> tuple[Any, ...]:
    """What a container needs besides its items."""
    if kind is collections.deque:
        return (value.maxlen,)
    return (value.default_factory,) if kind is collections.defaultdict else ()


def _empty(kind: Any, extras: list[Any]) -> Any:
    return collections.deque(maxlen=extras[0]) if kind is collections.deque else kind(*extras)


def _refill(tag: str, target: Any, items: list[Any]) -> None:
    """Put the items in the place of all that `target` holds."""
    if tag in "lB":
        target[:] = items
        return
    target.clear()
    if tag == "s":
        target.update(items)
    elif tag == "q":
        target.extend(items)
    else:
        keys = iter(items)
        target.update(dict(zip(keys, keys, strict=True)))


_SIMPLE: dict[type, Callable[[Any], list[Any]]] = {
    bytes: lambda value: ["y", value.decode("latin-1")],
    complex: lambda value: ["c", value.real, value.imag],
    range: lambda value: ["r", *map(hex, (value.start, value.stop, value.step))],
    decimal.Decimal: lambda value: ["m", str(value)],
    fractions.Fraction: lambda value: ["f", hex(value.numerator), hex(value.denominator)],
    datetime.date: lambda value: ["a", value.isoformat()],
    datetime.datetime: lambda value: ["e", value.isoformat()],
    datetime.time: lambda value: ["h", value.isoformat()],
    datetime.timedelta: lambda value: ["w", value.days, value.seconds, value.microseconds],
    uuid.UUID: lambda value: ["u", value.hex],
    pathlib.PosixPath: lambda value: ["p", str(value)],
    pathlib.PurePosixPath: lambda value: ["P", str(value)],
    type(Ellipsis): lambda value: ["E"],
    type(NotImplemented): lambda value: ["N"],
}


def _integer(text: str) -> int:
    return int(text, 16)


_READERS: dict[str, Callable[..., Any]] = {
    "i": _integer,
    "y": lambda text: text.encode("latin-1"),
    "c": complex,
    "r": lambda start, stop, step: range(_integer(start), _integer(stop), _integer(step)),
    "m": decimal.Decimal,
    "f": lambda top, bottom: fractions.Fraction(_integer(top), _integer(bottom)),
    "a": datetime.date.fromisoformat,
    "e": datetime.datetime.fromisoformat,
    "h": datetime.time.fromisoformat,
    "w": datetime.timedelta,
    "u": uuid.UUID,
    "p": pathlib.PosixPath,
    "P": pathlib.PurePosixPath,
    "E": lambda: Ellipsis,
    "N": lambda: NotImplemented,
}
