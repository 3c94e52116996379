"""Data of the kind that a script has: the same keys, rows as many and as long, texts with nothing around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.forms.shapes import shape_of

SCRIPT = "script"  # the name of the function that a script becomes (scripts/other_data.py)


@dataclass(frozen=True, eq=False)  # values may be lists, which have no hash
class Alike:
    """Whether the values of a call are built as the values that are shown; what a list holds one by one may be more or less."""

    shown: Sequence[object]

    def __call__(self, values: Sequence[object]) -> bool:
        return len(values) == len(self.shown) and [*values] == self.fit_call(values)

    def fit_call(self, values: Sequence[object]) -> list[object]:
        return [
            _fitted_size(shown, value) if type(shown) is int and shown > 1 else _fitted(shown, value)
            for shown, value in zip(self.shown, values, strict=True)
        ]


def _fitted(shown: object, value: object) -> object:
    """A value like this one that is built as the one that is shown; the shown one where nothing of it fits."""
    if type(value) is not type(shown) and not isinstance(value, int | float):
        return shown
    if isinstance(shown, dict) and isinstance(value, dict):
        own = [*value.values()] or [*shown.values()]
        return {key: _fitted(item, own[at % len(own)]) for at, (key, item) in enumerate(shown.items())}
    if isinstance(shown, list) and isinstance(value, list):
        if not shown or not value:
            return shown
        if isinstance(shown[0], list):  # a matrix
            return [_fitted_row(row, value[at % len(value)]) for at, row in enumerate(shown)]
        return [_fitted(shown[0], item) for item in value]
    if isinstance(shown, tuple) and isinstance(value, tuple):
        return tuple(
            _fitted(item, value[at % len(value)] if value else item) for at, item in enumerate(shown)
        )
    if isinstance(shown, str) and isinstance(value, str):
        shape = shape_of(shown)
        is_other = (shape and not shape.admits(value)) or not _classes(value) <= _classes(shown)
        return shown if is_other else " ".join(value.split()) or shown
    return value if isinstance(shown, int | float) and isinstance(value, int | float) else shown


def _classes(text: str) -> set[str]:
    """The kinds of signs that a text has: digits, letters, capital letters where there are no small ones, spaces, others."""
    small = any(sign.islower() for sign in text)
    kinds = {
        "digit" if sign.isdigit() else "letter" if sign.isalpha() else "space" if sign.isspace() else sign
        for sign in text
    }
    return kinds | {"small"} if small else kinds


def _fitted_size(shown: int, value: object) -> float:
    """A whole number for one that stands alone, such as how large a board is: no smaller than 2, and even for an even one."""
    if isinstance(value, float):
        return value
    size = max(abs(value), 2) if isinstance(value, int) else shown
    return size + (size - shown) % 2


def _fitted_row(shown: list[object], value: object) -> object:
    items = value if isinstance(value, list) and value else shown
    return [_fitted(item, items[at % len(items)]) for at, item in enumerate(shown)]
