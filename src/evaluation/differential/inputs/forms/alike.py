"""Data of the kind that a script has: the same keys, rows as many and as long, texts of the same pattern with nothing around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.forms.pattern import pattern_of
from src.evaluation.differential.inputs.forms.references import keep_references
from src.evaluation.differential.inputs.forms.shapes import shape_of
from src.evaluation.differential.inputs.known.tables import table_of

ENDS = ".!?"  # of a sentence
SCRIPT = "script"  # the name of the function that a script becomes (scripts/other_data.py)


@dataclass(frozen=True, eq=False)  # values may be lists, which have no hash
class Alike:
    """Whether the values of a call are built as the values that are shown; what a list holds one by one may be more or less.

    any_signs: texts may have signs of other kinds, since the task asks which they have. any_size: so may numbers be odd, 0 or 1.
    signs: that texts may have too, since the reference takes them off.
    """

    shown: Sequence[object]
    any_signs: bool = False
    any_size: bool = False
    signs: str = ""

    def __call__(self, values: Sequence[object]) -> bool:
        return len(values) == len(self.shown) and [*values] == self.fit_call(values)

    def fit_call(self, values: Sequence[object]) -> list[object]:
        fitted = [
            _fitted_size(shown, value)
            if type(shown) is int and shown > 1 and not self.any_size
            else value
            if self.any_signs and isinstance(shown, str) and isinstance(value, str)
            else self._fitted_alone(shown, value)
            for shown, value in zip(self.shown, values, strict=True)
        ]
        return keep_references(self.shown, fitted)

    def _fitted_alone(self, shown: object, value: object) -> object:
        if isinstance(shown, str) and isinstance(value, str):
            return _fitted_text(shown, value, [], self.signs)
        return _fitted(shown, value)


def _fitted(shown: object, value: object, peers: Sequence[object] = ()) -> object:
    """A value like this one that is built as the one that is shown; the shown one where nothing of it fits.

    peers: what is shown in the same place of others, such as one column of a table.
    """
    if type(value) is not type(shown) and not isinstance(value, int | float):
        return shown
    if isinstance(shown, dict) and isinstance(value, dict):
        own = [*value.values()] or [*shown.values()]
        return {
            key: _fitted(item, own[at % len(own)], _column(peers, key) or [*shown.values()])
            for at, (key, item) in enumerate(shown.items())
        }
    if isinstance(shown, list) and isinstance(value, list):
        if not shown or not value:
            return shown
        if isinstance(shown[0], list):  # a matrix
            return [_fitted_row(row, value[at % len(value)]) for at, row in enumerate(shown)]
        return [
            _fitted(next((own for own in shown if type(own) is type(item)), shown[0]), item, shown)
            for item in value
        ]
    if isinstance(shown, tuple) and isinstance(value, tuple):
        return tuple(
            _fitted(item, value[at % len(value)] if value else item, _column(peers, at))
            for at, item in enumerate(shown)
        )
    if isinstance(shown, str) and isinstance(value, str):
        return _fitted_text(shown, value, [text for text in peers if isinstance(text, str)])
    return value if isinstance(shown, int | float) and isinstance(value, int | float) else shown


def _column(rows: Sequence[object], key: object) -> list[object]:
    """What several records or tuples have in one place."""
    if all(isinstance(row, dict) and key in row for row in rows):
        return [row[key] for row in rows]  # type: ignore[index]
    if isinstance(key, int) and all(isinstance(row, tuple) and key < len(row) for row in rows):
        return [row[key] for row in rows]  # type: ignore[index]
    return []


def _fitted_text(shown: str, value: str, peers: Sequence[str], signs: str = "") -> str:
    if peers and not value:
        return value  # an item like any other, where the domain has it
    table = table_of(shown)
    if table is not None:
        return value if table.is_like(value) else shown
    shape = next((own for text in (shown, *peers) if (own := shape_of(text))), None)
    pattern = pattern_of(peers)
    if shape is None and pattern is not None:
        return pattern.fitted(value)
    kinds = {kind for text in (shown, *peers) for kind in _classes(text)}
    ended = [sign for sign in signs if all(part[:1] in ("", " ") for part in value.split(sign)[1:])]
    if (shape and not shape.admits(value)) or not _classes(value) - {*ended} <= kinds:
        return shown
    value = " ".join(value.split())
    end = shown[-1:]
    if end not in ENDS or peers or not value.rstrip(ENDS):
        return value or shown
    value = value.rstrip(f"{ENDS} ")
    return " ".join((value.replace(end, "") if shown.count(end) == 1 else value).split()) + end


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
