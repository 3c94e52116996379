"""Lists of tuples whose fields a task names: "a list of customers, as (id, name) tuples, and of orders, as (customer id, amount) tuples"."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from src.evaluation.differential.inputs.forms.repeated_form import WORDS
from src.evaluation.differential.inputs.parameter_names import kinds_of_name

Row = tuple[object, ...]

_FIELDS = re.compile(r"\(([A-Za-z][\w ]*(?:, ?[A-Za-z][\w ]*)+)\) ?-?(?:tuples?|pairs?|triples?)\b")
_ID = re.compile(r"(?i)\b(?:id|key|code)\b|_id\b")
_TEXT = re.compile(
    r"(?i)\b(?:names?|title|word|text|city|category|product|item|team|player|kind|type|colou?r)\b"
)
KEYS = 4  # that two lists share
ROWS = 5


def fields_in(instruction: str) -> tuple[tuple[str, ...], ...]:
    """The names of the fields of each kind of tuple that an instruction names, in its order."""
    return tuple(tuple(re.split(", ?", names)) for names in _FIELDS.findall(instruction))


def lists_of_tuples(fields: Sequence[Sequence[str]], draw: random.Random) -> list[list[Row]]:
    """A list for each kind of tuple; keys of the first are all different, those of the others are among them."""
    found: list[list[Row]] = []
    shared = draw.sample(range(1, KEYS + 1), draw.randint(2, KEYS))
    texts = draw.sample(WORDS, KEYS)
    for number, names in enumerate(fields):
        joined = len(fields) > 1 and bool(_ID.search(names[0]))
        count = len(shared) if joined and number == 0 else draw.randint(1, ROWS)
        rows = [tuple(_field(name, texts, draw) for name in names) for _ in range(count)]
        if joined:
            keys = shared if number == 0 else draw.choices(shared, k=count)
            rows = [(key, *row[1:]) for key, row in zip(keys, rows, strict=True)]
            if number == 0:  # so many texts as there are keys
                rows = [
                    tuple(texts[at] if part in texts else part for part in row) for at, row in enumerate(rows)
                ]
        found.append(rows)
    return found


def _field(name: str, texts: Sequence[str], draw: random.Random) -> object:
    if kinds_of_name(name)[:1] == ["date"]:
        return f"2024-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    if _TEXT.search(name) or kinds_of_name(name.rpartition(" ")[2])[:1] == ["str"]:
        return draw.choice(texts)
    return draw.choice((draw.randint(1, 12), draw.randint(1, 100), 10 * draw.randint(1, 12)))
