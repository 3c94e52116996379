"""Values of one narrow class, which a task shows and does not name: texts of digits, grids of zeros and ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.forms.pools import FUNCTION

_BINARY_GRID = re.compile(
    r"(?i)\b(?:lists?|matri\w+|grids?|boards?)\b[^.]{0,80}\b(?:0s? (?:and|or) 1s?|zeros and ones|ones and zeros)\b"
)
_CASE = re.compile(r"(?i)\b(?:upper|lower|capital)\w*|\bcase\b")
_OTHERS = re.compile(r"(?i)\b(?:valid\w*|invalid|check\w*|whether|verif\w*|determin\w*|any|non-?digits?)\b")
_CLASSES = (
    ("01", re.compile(r"[01]{3,}")),
    ("0123456789", re.compile(r"\d{2,}")),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", re.compile(r"[A-Z]+")),
)
_FEWEST = 2  # texts that have one length, where others have it too


@dataclass(frozen=True)
class Letters:
    """Whether texts are of nothing but these signs, and as long as each other where the shown ones are."""

    signs: str
    length: int = 0

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fit(item) for item in value]
        if not isinstance(value, str) or value.startswith(FUNCTION) or not value:
            return value
        text = "".join(
            sign if sign in self.signs else self.signs[ord(sign) % len(self.signs)] for sign in value
        )
        return (text * self.length)[: self.length] if self.length else text


@dataclass(frozen=True)
class Binary:
    """Whether all numbers in lists are 0 or 1."""

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any, inside: bool = False) -> Any:
        if isinstance(value, list):
            return [self.fit(item, True) for item in value]
        return value % 2 if inside and type(value) is int and value not in (0, 1) else value


def shown_classes(instruction: str, calls: Sequence[Sequence[object]]) -> Iterator[Letters | Binary]:
    """The classes of the values that a sample's own calls show; none where the task asks what is of a class."""
    if _OTHERS.search(instruction):
        return
    texts = [text for call in calls for value in call for text in texts_in(value)]
    lengths = {len(text) for text in texts}
    length = lengths.pop() if len(lengths) == 1 and len(texts) >= _FEWEST else 0
    for signs, form in _CLASSES:
        named = signs[0] == "A" and _CASE.search(instruction)
        if texts and not named and all(map(form.fullmatch, texts)):
            yield Letters(signs, length)
            break
    if _BINARY_GRID.search(instruction):
        yield Binary()
        return
    numbers = [
        number for call in calls for value in call if isinstance(value, list) for number in _items(value)
    ]
    if {*map(repr, numbers)} == {"0", "1"}:
        yield Binary()


def _items(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for item in value:
            yield from _items(item)
    else:
        yield value


def texts_in(value: object) -> list[str]:
    """The texts of a value and of its items; functions that texts stand for are none."""
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, str) and not value.startswith(FUNCTION) else []
