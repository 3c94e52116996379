"""Lists of numbers whose total is near a number that a function knows: free shipping from 5000 on."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from src.evaluation.differential.inputs.known.constants import texts_for
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

MOST_TEXTS = 3  # beside each list
_SHARES = (1.0, 1.08, 0.95, 1.02)  # of the number: at it, a little above, a little below
_LEAST = 10  # below, a number is compared with items or counts
_COUNTS = (12, 3, 10, 1)  # how many of each there are, where an item says it


def compared_totals(function: Function) -> list[int]:
    """Numbers that are held against what is added up: `total < 5000`, `sum(prices) >= 30`."""
    added = {ast.unparse(n.target) for n in ast.walk(function) if isinstance(n, ast.AugAssign)}
    added |= {
        ast.unparse(n.targets[0])
        for n in ast.walk(function)
        if isinstance(n, ast.Assign) and "sum(" in ast.unparse(n.value)
    }
    found = []
    for node in ast.walk(function):
        if not isinstance(node, ast.Compare) or isinstance(node.ops[0], ast.In | ast.NotIn):
            continue
        side, other = node.left, node.comparators[0]
        is_total = ast.unparse(side) in added or ast.unparse(side).startswith("sum(")
        if (
            is_total
            and isinstance(other, ast.Constant)
            and type(other.value) is int
            and other.value >= _LEAST
        ):
            found.append(other.value)
    return list(dict.fromkeys(found))


def near_totals(
    function: Function, names: Sequence[str], bases: Sequence[tuple[str, ...]], tree: ast.Module
) -> Iterator[tuple[str, ...]]:
    """Calls with lists whose total is near a number that the function knows, with each text that it knows beside them."""
    totals = compared_totals(function)
    texts = [list(map(repr, texts_for(function, name, tree)[:MOST_TEXTS])) for name in names]
    for place in range(len(names) if totals else 0):
        lists = [made for base in bases for made in _lists_near(literal(base[place]), totals)]
        others = [known or [bases[0][at]] for at, known in enumerate(texts)]
        yield from itertools.product(*others[:place], dict.fromkeys(lists), *others[place + 1 :])


def _lists_near(value: Any, totals: list[int]) -> Iterator[str]:
    """Lists of numbers, or of tuples of two, like `value` that add up to one of `totals`, or nearly."""
    items = value if isinstance(value, list) else []
    for total in totals:
        for number, share in enumerate(_SHARES):
            wanted = round(total * share)
            if items and all(type(item) is int for item in items):
                yield source_of([wanted // 2, wanted - wanted // 2])
            elif items and all(isinstance(i, tuple) and [*map(type, i)] == [int, int] for i in items):
                count = _COUNTS[number]
                yield source_of([(count, -(-wanted // count))])
                yield source_of([(2, wanted // 4), (count, -(-wanted // count // 2))])
