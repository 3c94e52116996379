"""Other values like given ones, drawn with a seed: same kinds and layout, other numbers, letters, lengths and order."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import random
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from src.evaluation.differential.inputs.forms.matrices import is_matrix, other_matrix
from src.evaluation.differential.inputs.forms.pools import FUNCTION, POOLS
from src.evaluation.differential.inputs.forms.shapes import Shape, shape_of
from src.evaluation.differential.inputs.known.tables import table_of
from src.languages.syntax import literal

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?P<time> \d\d:\d\d:\d\d)?")
_SEPARATORS = ",;|-_"
ZEROS = 0.15  # share of the numbers that are 0, where they may be
NEAR = 0.5  # share of the halves and the like that are near the one that is shown
SHAPED = 0.9  # share of texts that keep the form of what they are made of
WORDS = "tree Anna level plum 42 Oslo noon eat tea Kiwi go".split()


def is_function(value: object) -> bool:
    """Whether a text stands for a function."""
    return isinstance(value, str) and value.startswith(FUNCTION)


def source_of(value: object) -> str:
    """The literal of a value; of a set, and of what holds one, the same in every process."""
    if isinstance(value, set) and value:
        return "{" + ", ".join(sorted(map(source_of, value))) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(source_of, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(source_of, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{source_of(key)}: {source_of(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _in_order(value: Iterable[object]) -> list[object]:
    return sorted(value, key=repr) if isinstance(value, set) else list(value)


def _tie(items: list[object], choose: random.Random) -> None:
    """Give one of several records a number of another."""
    one, other = choose.sample(items, 2)
    if isinstance(one, dict) and isinstance(other, dict):
        numbers = [key for key in one if type(one[key]) in (int, float) and key in other]
        if numbers:
            key = choose.choice(numbers)
            items[items.index(one)] = {**one, key: other[key]}


def chained(value: dict[Any, Any], first: str = "") -> dict[Any, Any]:
    """The dictionary in which each key leads to the next one, where its values may be keys; after a first text, where keys are texts."""
    keys = list(value)
    if not keys or type(value[keys[0]]) is not type(keys[0]):
        return value
    if first and isinstance(keys[0], str):
        keys.insert(0, first)
    return {**dict(itertools.pairwise(keys)), keys[-1]: value[list(value)[-1]]}


def _are_pairs(items: Sequence[Any]) -> bool:
    """Whether these are tuples of two whole numbers."""
    return len(items) > 1 and all(
        isinstance(item, tuple) and [*map(type, item)] == [int, int] for item in items
    )


def _of_few(choose: random.Random) -> list[Any]:
    """Pairs of few numbers, so that one occurs in several: edges of a graph, dominoes that touch."""
    numbers = choose.sample(range(1, 7), 4)
    return [tuple(choose.sample(numbers, 2)) for _ in range(choose.randint(2, 5))]


def _are_records(items: Sequence[Any]) -> bool:
    """Whether these are dictionaries that all have the same keys."""
    return bool(items) and all(isinstance(item, dict) and item.keys() == items[0].keys() for item in items)


class Variation:
    """Varies literals. constants: of the function that is to be called; they turn up in the values, and their neighbours.

    shape: that texts keep; those that are dates, times and the like keep theirs. signed: numbers may be negative. zeros: they may be 0.
    """

    def __init__(
        self,
        constants: Sequence[object],
        seed: int,
        shape: Shape | None = None,
        signed: bool = False,
        zeros: bool = False,
    ) -> None:
        self._random = random.Random(seed)
        self._shape, self._signed, self._zeros = shape, signed, zeros
        numbers = [value for value in constants if isinstance(value, int)]
        self._numbers = [value + step for value in numbers for step in (-1, 0, 1)]
        self._numbers += [a + times * b for a in numbers for b in numbers if a != b for times in (1, 2, 3)]
        self._numbers += [
            a // b + step for a in numbers for b in numbers if a > b > 1 for step in (0, a // b // 12)
        ]
        self._numbers += [a * b + step for a in numbers for b in numbers if a < b for step in (-1, 0, 1)]
        self._factors = [value for value in numbers if value > 1]
        self._texts = [value for value in constants if isinstance(value, str) and value]

    def calls(self, bases: Sequence[tuple[str, ...]], most: int) -> Iterator[tuple[str, ...]]:
        """`most` argument lists, each made of one of `bases`: all values varied, or only one of them."""
        for number in range(most if bases else 0):
            base = bases[number % len(bases)]
            values = [literal(source) for source in base]
            places = (
                range(len(base))
                if self._random.random() < 0.7
                else [self._random.randrange(len(base))]
                if base
                else ()
            )
            for place in places:
                values[place] = self._other(values[place])
            if len(values) > 1 and self._random.random() < 0.4:
                self._relate(values)
            self._keep_keys(list(map(literal, base)), values)
            yield tuple(map(source_of, values))

    def _keep_keys(self, before: Sequence[Any], values: list[Any]) -> None:
        """Where the key of records was given, give one of their keys; of a table the name of another column of the kind."""
        tables = [table for value in before if isinstance(value, str) and (table := table_of(value))]
        for place, value in enumerate(before):
            if tables and value in tables[0].names:
                values[place] = self._random.choice(tables[0].alike(value))
        records = next((v for v in before if isinstance(v, list) and _are_records(v)), None)
        for place, value in enumerate(before):
            if records and isinstance(value, str) and value in records[0]:
                values[place] = self._random.choice(list(records[0]))

    def _relate(self, values: list[object]) -> None:
        """Put a part of one value in the place of another of the part's type; of two days, one near the other."""
        days = [at for at, value in enumerate(values) if isinstance(value, str) and _DAY.fullmatch(value)]
        if len(days) > 1:
            one, other = self._random.sample(days, 2)
            with contextlib.suppress(ValueError, OverflowError):
                near = datetime.timedelta(
                    self._random.choice((0, 1, -1, 7, 30, 365, self._random.randint(2, 40)))
                )
                if " " in str(values[one]):
                    near += datetime.timedelta(
                        seconds=self._random.choice((0, 1, 59, 3600, self._random.randint(2, 90_000)))
                    )
                    values[other] = str(datetime.datetime.fromisoformat(str(values[one])) + near)
                else:
                    values[other] = str(datetime.date.fromisoformat(str(values[one])) + near)
            return
        if self._share_items(values):
            return
        container = self._random.choice([value for value in values if not is_function(value)] or [None])
        parts = _in_order(container) if isinstance(container, list | tuple | dict | str | set) else []
        if isinstance(container, str) and " " in container.strip() and self._random.random() < 0.5:
            parts = [*container.split()]
        if parts:
            part = self._random.choice(parts)
            if isinstance(part, tuple) and part and self._random.random() < 0.5:
                part = self._random.choice(part)
            places = [
                at for at, value in enumerate(values) if type(value) is type(part) and not is_function(value)
            ]
            if places:
                values[self._random.choice(places)] = part

    def _share_items(self, values: list[Any]) -> bool:
        """Put items of a list into the rows of another value; whether there are such."""
        items = next((v for v in values if isinstance(v, list) and v and type(v[0]) is int), None)
        at = next((at for at, value in enumerate(values) if is_matrix(value)), None)
        if items is None or at is None:
            return False
        pools = [[*dict.fromkeys([*items, *row])] for row in values[at]]
        values[at] = [
            self._random.sample(pool, min(len(pool), len(row) + 2))
            for pool, row in zip(pools, values[at], strict=True)
        ]
        return True

    def _other(self, value: object) -> object:
        choose = self._random
        if isinstance(value, bool):
            return choose.random() < 0.5
        if isinstance(value, int):
            if self._zeros and choose.random() < ZEROS:
                return 0
            if self._signed and choose.random() < 0.25:
                return -choose.randint(1, max(30, 2 * abs(value)))
            if self._factors and choose.random() < 0.2:
                return choose.choice(self._factors) * choose.randint(1, 30)
            near = [*self._numbers, value + 1, value - 1, 2 * value, 10 * value + choose.randrange(10)]
            return (
                choose.choice(near) if choose.random() < 0.5 else choose.randint(1, max(30, 2 * abs(value)))
            )
        if isinstance(value, float):
            is_near = choose.random() < NEAR and value
            low, high = (0.7 * abs(value), 1.4 * abs(value)) if is_near else (0.1, max(20.0, 2 * abs(value)))
            return round(choose.uniform(low, high), choose.choice((1, 2)))
        if isinstance(value, str):
            return self._other_text(value)
        if isinstance(value, list) and is_matrix(value) and choose.random() < 0.7:
            return other_matrix(value, choose)
        if isinstance(value, list | tuple):
            return self._other_items(value)
        if isinstance(value, set):
            items = _in_order(value)
            return {self._other(item) for item in items} | set(items[: choose.randint(0, 2)])
        if isinstance(value, dict):
            kept = {
                self._other(key) if choose.random() < 0.5 else key: self._other(v) for key, v in value.items()
            }
            kept = dict(list(kept.items())[: choose.randint(1, 1 + len(kept))])
            can_lead = chained(kept, WORDS[0]) != kept
            return chained(kept, choose.choice(WORDS)) if can_lead and choose.random() < 0.3 else kept
        return value

    def _other_items(self, value: list[object] | tuple[object, ...]) -> object:
        choose = self._random
        if isinstance(value, tuple):
            return tuple(self._other(item) for item in value)
        if _are_pairs(value) and choose.random() < 0.25:
            return _of_few(choose)
        vary = self._other_record if _are_records(value) else self._other
        items = [vary(item) if choose.random() < 0.7 else item for item in value]
        if choose.random() < 0.5:
            items += [vary(item) for item in value[: choose.randint(1, 3)]]
        if items and choose.random() < 0.3:
            items.insert(choose.randrange(len(items)), choose.choice(items))
        if len(items) > 1 and choose.random() < 0.3:
            _tie(items, choose)
        choose.shuffle(items)
        return items[: choose.randint(1, len(items))] if items and choose.random() < 0.5 else items

    def _other_record(self, record: Any) -> object:
        """Other values for the same keys."""
        return {key: self._other(value) for key, value in record.items()}

    def _other_text(self, value: str) -> str:
        choose = self._random
        if is_function(value):
            return str(literal(choose.choice(next(pool for pool in POOLS.values() if repr(value) in pool))))
        table = table_of(value)
        if table is not None:
            return table.other(choose, self._numbers)
        shape = self._shape or shape_of(value)
        if shape and choose.random() < SHAPED:
            return shape.draw(choose)
        if self._texts and choose.random() < 0.25:
            return choose.choice(self._texts)
        listed = next((sign for sign in _SEPARATORS if value.count(sign) > 1 and " " not in value), "")
        if listed and choose.random() < 0.5:  # fewer parts, or more
            return listed.join(choose.choices([*value.split(listed), *WORDS], k=choose.randint(2, 6)))
        words = value.split(" ")
        way = choose.randrange(6)
        if way == 0:
            return "".join(self._other_letter(letter) for letter in value)
        if way == 1:
            return " ".join(choose.sample(words, choose.randint(1, len(words))))
        if way == 2:
            return choose.choice((str.upper, str.title, str.swapcase))(value)
        if way == 3 and self._texts:
            at = choose.choice((0, len(value), choose.randint(0, len(value))))
            text = choose.choice(self._texts)
            return value[:at] + choose.choice((text, text, f"{text} {text}")) + value[at:]
        if way == 4 and len(words) == 1:
            return "".join(choose.sample(value, len(value)))
        few = choose.random() < 0.3  # of which some are there three times
        pool = choose.sample(words, min(2, len(words))) if few else [*words, *WORDS, *self._texts]
        return " ".join(choose.choices(pool, k=6 if few else choose.randint(1, 4)))

    def _other_letter(self, letter: str) -> str:
        for letters in (string.ascii_lowercase, string.ascii_uppercase):
            if letter in letters:
                return self._random.choice(letters[: self._random.choice((12, 26))])
        return self._random.choice(string.digits) if letter in string.digits else letter
