"""How lists are arranged when a task is given them: in order, as rows of one length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

Relation = Callable[[Sequence[object]], bool]  # whether it holds between the values of a call

# What is in order when it is given: "merge two sorted lists", and not "return a sorted list".
_SORTED = re.compile(
    r"(?i)\bbinary[ -]search\b(?! tree)|\bsorted (?:\w+ )?(?:lists|arrays|sequences)\b|\b(?:is|are) (?:already )?sorted\b"
    r"|\b(?:two|given|takes?|accepts?|receives?|in|of|from|through|input|already|already-)(?: an?| the)?[ -]sorted (?:\w+ )?(?:list|array|sequence)"
)
_DESCENDING = re.compile(r"(?i)\b(?:descend|decreas)\w*")
_ASKS = re.compile(r"\b(?:check|whether|if|determin|verif)")
_MATRIX = re.compile(r"(?i)\b(?:matri(?:x|ces)|grids?|boards?|tables?|2d|two-dimensional|transpos\w*)\b")
_TEXT_GRID = re.compile(r"(?i)\b(?:boards?|grids?|maze|maps?|rooms?|fields?|pictures?|images?|rows?)\b")
_SIGN = re.compile(r"(?:[\"'`]|(?<=\s))([^\w\s\"'`])(?=[\"'`]| is\b)")  # "# is land"
_OF_TEXTS = re.compile(r"(?i)\blists? of (?:\w+ ){0,3}(?:strings|texts|lines|rows)\b")
GRID = (4, 5)  # rows and columns where none are shown
_SQUARE = re.compile(
    r"(?i)\b(?:square|diagonals?|determinant|invert\w*|inverse|identity|symmetric|rotat\w*|n ?x ?n|trace)\b"
)
_SIZED = re.compile(r"(?i)\b(\d) ?(?:x|×|by) ?(\d)(?= (?:\w+ )?matri)")
_PRODUCT = re.compile(r"(?i)\b(?:multipl\w*|products?)\b")


def arrangements(instruction: str) -> list[Relation]:
    """What an instruction says of the lists and matrices that it gives."""
    found: list[Relation] = []
    if _SORTED.search(instruction) and not _asks_for_order(instruction):
        found.append(_descending if _DESCENDING.search(instruction) else _ascending)
    if _MATRIX.search(instruction):
        sized = _SIZED.search(instruction)
        found += [_squares] if _SQUARE.search(instruction) else []
        found.append(_rectangles)
        found += [Sized(int(sized[1]), int(sized[2]))] if sized else []
        found.append(_can_be_multiplied if _PRODUCT.search(instruction) else _of_one_size)
    return found


def _asks_for_order(instruction: str) -> bool:
    """Whether lists may well be in disorder: "check if the list is sorted"."""
    before = [part.rpartition("sorted")[0] for part in instruction.lower().split(".") if "sorted" in part]
    return any(_ASKS.search(part) or part.endswith("un") for part in before)


def _comparable(items: list[object]) -> bool:
    kinds = {type(item) for item in items}
    return kinds <= {int, float} or kinds == {str}


def _ascending(values: Sequence[object]) -> bool:
    """Whether lists of numbers, or of texts, are in order."""
    lists = [value for value in values if isinstance(value, list) and _comparable(value)]
    return all(items == sorted(items) for items in lists)


def _descending(values: Sequence[object]) -> bool:
    lists = [value for value in values if isinstance(value, list) and _comparable(value)]
    return all(items == sorted(items, reverse=True) for items in lists)


def _matrices(values: Sequence[object]) -> list[list[list[object]]]:
    return [
        value
        for value in values
        if isinstance(value, list) and value and all(isinstance(row, list) for row in value)
    ]


def _rectangles(values: Sequence[object]) -> bool:
    """Whether the rows of a matrix are as long as each other, and not empty."""
    return all(rows[0] and len({len(row) for row in rows}) == 1 for rows in _matrices(values))


def _squares(values: Sequence[object]) -> bool:
    return all(len(row) == len(rows) for rows in _matrices(values) for row in rows)


def _of_one_size(values: Sequence[object]) -> bool:
    """Whether two matrices, as those to be added, have as many rows and columns."""
    return len({(len(rows), len(rows[0])) for rows in _matrices(values)}) < 2


def _can_be_multiplied(values: Sequence[object]) -> bool:
    matrices = _matrices(values)
    return len(matrices) != 2 or len(matrices[0][0]) == len(matrices[1])


def _cut(value: object, square: bool = False) -> object:
    """A matrix without what stands out of its shortest row."""
    rows = next(iter(_matrices([value])), None)
    if rows is None:
        return value
    width = min(len(row) for row in rows)
    if square:
        width = min(width, len(rows))
    return [row[:width] for row in (rows[:width] if square else rows)]


def _sorted_items(value: object, reverse: bool = False) -> object:
    return sorted(value, reverse=reverse) if isinstance(value, list) and _comparable(value) else value


@dataclass(frozen=True)
class Sized:
    """Whether matrices have so many rows and columns: those of "a 2x2 matrix"."""

    rows: int
    columns: int

    def __call__(self, values: Sequence[object]) -> bool:
        return values == [self.fit(value) for value in values]

    def fit(self, value: object) -> object:
        """Rows again from the first where there are too few, and so with columns."""
        if not _matrices([value]) or not all(_matrices([value])[0]):
            return value
        rows = _matrices([value])[0]
        return [
            [rows[at % len(rows)][place % len(rows[at % len(rows)])] for place in range(self.columns)]
            for at in range(self.rows)
        ]


@dataclass(frozen=True)
class TextGrid:
    """Whether lists of texts are the rows of a grid like the one that a sample shows: of its size and its signs."""

    rows: int
    width: int
    signs: str

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: object) -> object:
        if not isinstance(value, list) or not all(isinstance(row, str) for row in value):
            return value
        text = "".join(value) or " "
        signs = [sign if sign in self.signs else self.signs[ord(sign) % len(self.signs)] for sign in text]
        size = self.rows * self.width
        cells = [signs[(7 * at) % len(signs)] if at >= len(signs) else signs[at] for at in range(size)]
        return ["".join(cells[at : at + self.width]) for at in range(0, size, self.width)]


def text_grids(instruction: str, calls: Sequence[Sequence[object]]) -> Iterator[TextGrid]:
    """The grid that the sample's own calls show as a list of texts, or of which the instruction gives the signs."""
    shown = [value for call in calls for value in call if isinstance(value, list)]
    if not _TEXT_GRID.search(instruction):
        return
    signs = "".join(dict.fromkeys(_SIGN.findall(instruction)))
    if not shown and len(signs) > 1 and not signs.isalnum() and _OF_TEXTS.search(instruction):
        yield TextGrid(*GRID, signs)
    if not shown:
        return
    first = shown[0]
    if len(first) > 1 and all(isinstance(row, str) and len(row) == len(first[0]) > 1 for row in first):
        yield TextGrid(len(first), len(first[0]), "".join(dict.fromkeys("".join(map("".join, shown)))))


# Of relations that calls which were drawn freely seldom keep: what makes a value keep them.
FITS: dict[Relation, Callable[[object], object]] = {
    _ascending: _sorted_items,
    _descending: partial(_sorted_items, reverse=True),
    _rectangles: _cut,
    _squares: partial(_cut, square=True),
}
