"""Many small values of the kinds that calls have: most faults show on a small one, and of these there are few enough to try.

Numbers one after another; lists, texts and matrices of two or three different items, so that these repeat, are equal, and
come in any order (the small scope hypothesis: Jackson, Software Abstractions, 2006).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from src.evaluation.differential.inputs.forms.matrices import is_matrix
from src.evaluation.differential.inputs.input_generation import Arguments
from src.evaluation.differential.inputs.known.tables import table_of
from src.evaluation.differential.inputs.variation import is_function, source_of
from src.languages.syntax import literal

ROW = 200  # numbers that a function of one number is called with, one after another
DRAWN = 160  # other calls
FEW = (2, 3, 4)  # different items of one value
MOST = 7  # items of a list, signs of a text
MANY, MANY_SHARE = (10, 20), 0.1  # items of one in ten: more than programs have a fixed place for
SIDE = 4  # of a matrix
HIGHEST = 12  # of small numbers
SHIFT, SHIFTED = 2_000, 12  # by how much, and of how many calls, numbers are larger
LARGE = 10_000  # constant beyond which neighbours are not tried


class SmallValues:
    """Draws small values. constants: that programs know; they and their neighbours are among the values."""

    def __init__(self, constants: Sequence[object], seed: int = 0) -> None:
        self._draw = random.Random(seed)
        numbers = [value for value in constants if type(value) is int and abs(value) <= LARGE]
        self._numbers = [value + step for value in numbers for step in (-1, 0, 1)]
        self._texts = [value for value in constants if isinstance(value, str) and value]

    def calls(self, given: Sequence[Arguments]) -> list[Arguments]:
        """Calls like those given, of which the ones with the most arguments count."""
        most = max(map(len, given), default=0)
        full = [[literal(source) for source in call] for call in given if len(call) == most]
        if not most:
            return []
        places = [[values[at] for values in full] for at in range(most)]
        found: list[list[Any]] = []
        if most == 1 and all(type(value) is int for value in places[0]):
            found = [[number] for number in (*range(1, ROW), *self._numbers)]
        for _ in range(DRAWN):
            values = [*self._draw.choice(full)]
            every = self._draw.random() < 0.6
            for at in range(most) if every else [self._draw.randrange(most)]:
                values[at] = self._like(self._draw.choice(places[at]), places[at])
            found.append(values)
        return list(dict.fromkeys(tuple(map(source_of, values)) for values in found))

    def shifted(self, given: Sequence[Arguments]) -> list[Arguments]:
        """Calls like those given in which all whole numbers of lists are larger, or smaller: beyond what a program may begin a search with."""
        found = []
        for call in given[:SHIFTED]:
            values = [literal(source) for source in call]
            for shift in (SHIFT, -SHIFT):
                moved = [
                    [item + shift for item in value]
                    if isinstance(value, list) and value and all(type(item) is int for item in value)
                    else value
                    for value in values
                ]
                found += [tuple(map(source_of, moved))] if moved != values else []
        return found

    def _like(self, value: Any, others: Sequence[Any]) -> Any:
        """A small value of the kind of this one, one of the others where there are no small ones."""
        draw = self._draw
        if isinstance(value, bool) or value is None or is_function(value):
            return draw.choice(others)
        if isinstance(value, int):
            is_near = self._numbers and draw.random() < 0.3
            return draw.choice(self._numbers) if is_near else draw.randint(-3 if value < 0 else 0, HIGHEST)
        if isinstance(value, float):
            return draw.randint(1, 4 * HIGHEST) / draw.choice((1, 2, 4))
        if isinstance(value, str):
            return self._text(value, [other for other in others if isinstance(other, str)])
        if isinstance(value, dict):
            return self._dict(value)
        if is_matrix(value):
            return self._matrix(value)
        return self._items(value) if value else value

    def _text(self, value: str, others: Sequence[str]) -> str:
        draw = self._draw
        table = table_of(value)
        if table is not None:
            return table.other(draw, self._numbers)
        way = draw.randrange(6)
        if way == 0 and value.split():
            words = [word for text in others for word in text.split()]
            if " " in value and draw.random() < MANY_SHARE:
                return " ".join(draw.sample(words, min(len(words), draw.randint(*MANY))))
            return " ".join(draw.choices(words, k=draw.randint(1, 5)))
        if way == 1 and self._texts:
            at = draw.randint(0, len(value))
            return value[:at] + draw.choice(self._texts) + value[at:]
        if way == 2:
            return "".join(draw.choice((sign.upper(), sign.lower())) for sign in value)
        signs = sorted({sign for text in others for sign in text}) or ["a"]
        few = draw.sample(signs, min(len(signs), draw.choice(FEW)))
        return "".join(draw.choices(few, k=draw.randint(1, MOST)))

    def _dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        keys = self._draw.sample([*value], self._draw.randint(min(1, len(value)), len(value)))
        few = self._few([*value.values()]) if value else []
        return {key: self._draw.choice(few) if self._draw.random() < 0.7 else value[key] for key in keys}

    def _items(self, value: list[Any] | tuple[Any, ...] | set[Any]) -> Any:
        items = sorted(value, key=repr) if isinstance(value, set) else [*value]
        if isinstance(value, tuple):
            return tuple(self._like(item, items) for item in items)
        if self._draw.random() < MANY_SHARE:
            made = [self._like(self._draw.choice(items), items) for _ in range(self._draw.randint(*MANY))]
        else:
            made = self._draw.choices([*self._few(items), *items[:2]], k=self._draw.randint(1, MOST))
        return set(made) if isinstance(value, set) else made

    def _matrix(self, value: list[list[Any]]) -> list[list[Any]]:
        few = self._few([item for row in value for item in row] or [1])
        rows, columns = (self._draw.randint(1, SIDE) for _ in range(2))
        return [[self._draw.choice(few) for _ in range(columns)] for _ in range(rows)]

    def _few(self, items: Sequence[Any]) -> list[Any]:
        """A few small values like these."""
        return [self._like(self._draw.choice(items), items) for _ in range(self._draw.choice(FEW))]
