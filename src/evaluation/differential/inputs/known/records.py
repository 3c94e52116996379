"""Lists of dictionaries with the keys that a function takes from them: {"customer": "Ann", "amount": 20, "paid": False}."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator

from src.evaluation.differential.inputs.known.constants import keys_of_items
from src.evaluation.differential.inputs.parameter_names import kinds_of_name
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import WORDS

_MOST_RECORDS = 5
_FEW = 3  # words of one key, so that some occur in several records


def records_of(
    function: Function, name: str, draw: random.Random, most: int
) -> Iterator[list[dict[str, object]]]:
    """Lists of records for the parameter `name`; none where no keys are taken."""
    keys = keys_of_items(ast.walk(function), name)
    values = {key: _values(function, key, draw) for key in keys}
    for _ in range(most if keys else 0):
        yield [
            {key: draw.choice(own) for key, own in values.items()}
            for _ in range(draw.randint(2, _MOST_RECORDS))
        ]


def _values(function: Function, key: str, draw: random.Random) -> list[object]:
    """Values for a key: True and False where it is a condition, the texts that it is compared with, words or numbers by its name."""
    nodes = [*ast.walk(function)]
    conditions = [n.test for n in nodes if isinstance(n, ast.If | ast.IfExp | ast.While)]
    conditions += [n.operand for n in nodes if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not)]
    conditions += [part for n in nodes if isinstance(n, ast.BoolOp) for part in n.values]
    conditions += [part for n in nodes if isinstance(n, ast.comprehension) for part in n.ifs]
    if any(_is_key(condition, key) for condition in conditions):
        return [True, False]
    compared = [
        side.value
        for n in nodes
        if isinstance(n, ast.Compare) and _is_key(n.left, key)
        for side in n.comparators
        if isinstance(side, ast.Constant) and isinstance(side.value, str)
    ]
    if compared or kinds_of_name(key)[:1] == ["str"]:
        return [*compared, *draw.sample(WORDS, _FEW)]
    return [draw.randint(1, 12), draw.randint(1, 100), 10 * draw.randint(1, 12), draw.randint(1, 100)]


def _is_key(node: ast.AST, key: str) -> bool:
    """`item["paid"]`."""
    return (
        isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == key
    )
