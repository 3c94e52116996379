"""Tables that a task shows as text: a line of names, then lines with a value for each."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

SEPARATORS = (",", ";", "\t", "|")
FEWEST_LINES = 3  # a table has names and two rows at least
MORE_ROWS = 3  # than are shown
MORE = "more"  # name of a column, and what stands in it
WORDS = ("Ann", "Zoe", "Max", "Ida", "Tom")
_NAME = re.compile(r"[A-Za-z_][\w ()%.-]{0,40}")
_WHOLE = re.compile(r"\d{1,9}")
_DECIMAL = re.compile(r"\d{1,9}\.\d{1,6}")
_WORD = re.compile(r"[A-Z][a-z]+")


@dataclass(frozen=True)
class Table:
    """A table as text."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str
    end: str  # of the last line: "\n" or nothing

    def is_like(self, text: str) -> bool:
        """Whether a text is a table with the same columns."""
        other = table_of(text, fewest=1)
        return other is not None and (other.names, other.separator, other.end) == (
            self.names, self.separator, self.end,
        )  # fmt: skip

    def other(self, draw: random.Random, numbers: Sequence[int] = ()) -> str:
        """A table with the same columns and other rows, of which some are alike. numbers: that turn up in its columns of whole numbers."""
        columns = [[row[at] for row in self.rows] for at in range(len(self.names))]
        rows = [
            [_value(column, draw, numbers) for column in columns]
            for _ in range(draw.randint(1, len(self.rows) + MORE_ROWS))
        ]
        if draw.random() < 0.3:
            rows.append([*draw.choice(rows)])
        return "\n".join(map(self.separator.join, [self.names, *rows])) + self.end

    def wider(self) -> str:
        """The table with one more column."""
        lines = [self.names, *self.rows]
        return "\n".join(self.separator.join((*line, MORE)) for line in lines) + self.end

    def alike(self, name: str) -> list[str]:
        """The columns that hold numbers where the one of this name does, and others where it does not."""
        kinds = [all(_is_number(row[at].strip()) for row in self.rows) for at in range(len(self.names))]
        kind = dict(zip(self.names, kinds, strict=True)).get(name)
        return [own for own, other in zip(self.names, kinds, strict=True) if other == kind]


@dataclass(frozen=True)
class OfTable:
    """Whether an argument is a text with the columns of the table that calls show in its place."""

    at: int
    table: Table

    def __call__(self, values: Sequence[object]) -> bool:
        value = values[self.at] if self.at < len(values) else None
        return not isinstance(value, str) or self.table.is_like(value)


def shown_tables(calls: Sequence[Sequence[object]]) -> list[OfTable]:
    """The tables that the sample's own calls show, each in its place."""
    values = enumerate(calls[0] if calls else ())
    tables = [(at, table_of(value)) for at, value in values if isinstance(value, str)]
    return [OfTable(at, table) for at, table in tables if table is not None]


def table_of(text: str, fewest: int = FEWEST_LINES) -> Table | None:
    """The table that a text is; None where it is none."""
    end = "\n" if text.endswith("\n") else ""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < fewest or '"' in text:
        return None
    for separator in SEPARATORS:
        names, *rows = (tuple(line.split(separator)) for line in lines)
        is_even = len(names) > 1 and {*map(len, rows)} <= {len(names)} and all(map(any, rows))
        if is_even and all(_NAME.fullmatch(name.strip()) for name in names):
            return Table(names, tuple(rows), separator, end)
    return None


def _is_number(text: str) -> bool:
    return bool(_WHOLE.fullmatch(text) or _DECIMAL.fullmatch(text))


def _value(column: Sequence[str], draw: random.Random, numbers: Sequence[int]) -> str:
    """A value for a column: one that it has, or another of the kind."""
    shown = draw.choice(column)
    if draw.random() < 0.4:
        return shown
    space = " " * (len(shown) - len(shown.lstrip(" ")))
    if all(_WHOLE.fullmatch(value.strip()) for value in column):
        near = [number for number in numbers if number > 0]
        if near and draw.random() < 0.5:
            return f"{space}{draw.choice(near)}"
        return f"{space}{draw.randint(1, 2 * max(map(int, column)) + 1)}"
    if all(map(_is_number, map(str.strip, column))):
        return f"{space}{draw.randint(1, int(8 * max(map(float, column))) + 1) / 4}"
    words = [*column, *(space + word for word in WORDS)]
    return draw.choice(words if all(_WORD.fullmatch(value.strip()) for value in column) else column)
