"""What a program in the sandbox returned, read from the JSON that it wrote: plain values, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


class Opaque:
    """Something that is equal to nothing: an object of a class of the program's own, a match of a regular expression."""


@dataclass(frozen=True)
class Digest:
    """Of a large value: equal digests are equal values, different ones say nothing (1 and 1.0 differ)."""

    sha256: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """What an iterator gave: equal to no list, but it can be gone through."""

    items: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


def decoded(value: Any) -> Any:
    """The value that program.encoded wrote. Raises ValueError or TypeError for anything else."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError("no value")
    ((kind, content),) = value.items()
    if isinstance(content, str) and kind in _OF_TEXT:
        return _OF_TEXT[kind](content)
    if isinstance(content, list) and kind in _OF_ITEMS:
        return _OF_ITEMS[kind](map(decoded, content))
    match kind, content:
        case "c", [str() as real, str() as imaginary]:
            return complex(float(real), float(imaginary))
        case "d", list():
            return {decoded(key): decoded(item) for key, item in content}
    raise ValueError(f"no value of kind {kind!r:.20}")


_OF_TEXT: dict[str, Callable[[str], Any]] = {
    "i": lambda text: int(text, 16),
    "f": float,
    "y": bytes.fromhex,
    "h": Digest,
    "x": lambda text: Opaque(),
}
_OF_ITEMS: dict[str, Callable[[Iterable[Any]], Any]] = {
    "t": tuple,
    "s": set,
    "z": frozenset,
    "g": lambda items: Drawn(tuple(items)),
}
