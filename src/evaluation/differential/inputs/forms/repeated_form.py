"""Texts that are made of alike parts, of which a task shows one: "a3b12c1", the lines of a table, "host=a" under "port=80"."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.forms.shapes import Shape
from src.evaluation.differential.inputs.known.constants import Function, constants_of

_TOKEN = re.compile(r"\d+|[A-Za-z]+|.")
_UNITS = re.compile(r"(?:[A-Za-z]\d+){2,}|(?:\d+[A-Za-z]){2,}")
_LETTERS_FIRST, _NUMBERS_FIRST = re.compile(r"(?:[A-Za-z][1-9]\d?)+"), re.compile(r"(?:[1-9]\d?[A-Za-z])+")
_SEPARATORS = (",", ";", "\t", "|", "=", ": ", ":", " ")
_CSV = re.compile(r"(?i)\bcsv\b")
_ANY_CSV = "name,age,city\nAnn,36,Oslo\nBob,28,Rome"
_TWO_WORDS = 0.2  # share of the fields that have two words
WORDS = "plum anna level oslo kiwi tree noon eat go tea".split()
_MOST_UNITS, _MOST_LINES = 5, 4
_LARGEST = 12  # number of a unit that is drawn: "a12"


@dataclass(frozen=True)
class Table(Shape):
    """Lines of as many fields. header: whether the first line is none of the others' kind."""

    separator: str = ","
    columns: tuple[str, ...] = ()  # "9" for numbers, "a" for words, "" for either
    header: tuple[str, ...] = ()
    fixed: bool = False  # the reference knows names of the header

    def admits(self, text: str) -> bool:
        lines = [line.split(self.separator) for line in text.split("\n")]
        if len({len(line) for line in lines}) > 1 or not all(map(all, lines)):
            return False
        if any(field != field.strip() for line in lines for field in line):
            return False
        if self.fixed and lines[0] != [*self.header]:
            return False
        if len(lines[0]) != len(self.columns):
            return bool(self.header) and not self.fixed and len({*lines[0]}) == len(lines[0]) > 1
        below = lines[1:] if self.header else lines
        if self.header and (not below or len({*lines[0]}) < len(lines[0])):
            return False
        if not self.header and len({line[0] for line in lines}) < len(lines):
            return False
        return all(
            kind in ("", _kind(part)) for line in below for kind, part in zip(self.columns, line, strict=True)
        )


def repeated_shape(function: Function, instruction: str, texts: Sequence[str]) -> Shape | None:
    """The form of the texts that a sample shows, where a function takes alike parts of them one by one."""
    source = "\n".join(map(ast.unparse, function.body))
    constants = [text for text in constants_of(function) if isinstance(text, str)]
    units = [text for text in texts if _UNITS.fullmatch(text)]
    if units and re.search(r"isdigit|isnumeric|isdecimal|isalpha|\\d", source):
        return _of_units(units[0][0].isalpha())
    takes_lines = re.search(r"splitlines|'\\n'|csv", source)
    if not takes_lines:
        return None
    shown = [text.strip("\n") for text in texts if "\n" in text.strip("\n")]
    if not texts and _CSV.search(instruction):
        shown = [_ANY_CSV]
    return next(
        (
            table
            for text in shown
            for separator in _SEPARATORS
            if any(separator.strip() == text.strip() for text in constants) or "csv" in source
            for table in [_table(text, separator, constants)]
            if table is not None
        ),
        None,
    )


def _of_units(letter_first: bool) -> Shape:
    def draw(choose: random.Random) -> str:
        units = [
            (choose.choice("abcdexyz"), str(choose.randint(1, _LARGEST)))
            for _ in range(choose.randint(1, _MOST_UNITS))
        ]
        return "".join(letter + number if letter_first else number + letter for letter, number in units)

    return Shape(_LETTERS_FIRST if letter_first else _NUMBERS_FIRST, draw, kind="str")


def _kind(field: str) -> str:
    return "9" if re.fullmatch(r"-?\d+(?:\.\d+)?", field) else "a"


def _table(text: str, separator: str, constants: Sequence[str]) -> Table | None:
    """The form of a table like this one; None where its lines are not as long."""
    lines = [line.split(separator) for line in text.split("\n")]
    width = len(lines[0])
    if width < 2 or any(len(line) != width or not all(line) for line in lines):
        return None
    kinds = [{_kind(line[at]) for line in lines[1:]} for at in range(width)]
    columns = tuple(own.pop() if len(own) == 1 else "" for own in kinds)
    has_header = all(_kind(name) == "a" for name in lines[0]) and (
        "9" in columns or re.search(r"(?i)\b(?:name|id|date|title|item|city)\b", text.split("\n")[0])
    )
    header = tuple(lines[0]) if has_header and separator in _SEPARATORS[:4] else ()
    if not header:
        columns = tuple(
            kind if kind == _kind(name) else "" for kind, name in zip(columns, lines[0], strict=True)
        )
    fixed = any(name in constants for name in header)

    def draw(choose: random.Random) -> str:
        words = choose.sample(WORDS, len(WORDS))
        names = [*header] if fixed else [words.pop() for _ in header]
        rows = [
            [
                _field(kind, choose, words, (at or header) and separator != " ")
                for at, kind in enumerate(columns)
            ]
            for _ in range(choose.randint(1, _MOST_LINES))
        ]
        return "\n".join(separator.join(row) for row in ([names] if names else []) + rows)

    return Table(re.compile(""), draw, None, "str", separator, columns, header, fixed)


def _field(kind: str, choose: random.Random, words: list[str], may_be_two: object) -> str:
    if (kind or choose.choice("9a")) == "9":
        return str(choose.randint(1, 120))
    if may_be_two and choose.random() < _TWO_WORDS:
        return " ".join(choose.sample(WORDS, 2))
    return words.pop() if words and choose.random() < 0.7 else choose.choice(WORDS)
