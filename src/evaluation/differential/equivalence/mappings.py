"""Dictionaries and lists that are printed whole, numbers that are printed rounded, and dictionaries under other keys.

A dictionary is taken as the lines that a loop over its items prints: the order of its keys is nobody's choice.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Collection
from typing import Any

from src.evaluation.differential.equivalence.printed import plain
from src.languages.syntax import literal

_DECIMALS, _LONGER = re.compile(r"\d\.(\d+)"), re.compile(r"(?<![\w.])\d+\.(\d+)(?![\w.])")


def of_other_sizes(text: str, other: str) -> bool:
    """Whether both outputs are one list, and one has more items: that of an empty text shows nothing."""
    lists = [own for own in (_whole(text, "[]"), _whole(other, "[]")) if isinstance(own, list)]
    return len(lists) == 2 and len(lists[0]) != len(lists[1])


def _whole(text: str, brackets: str) -> object:
    """The value of an output that is one line with one list or dictionary, a label or the name of its class before it."""
    line = plain(text).strip()
    start, end = line.find(brackets[0]), line.rfind(brackets[1])
    is_whole = "\n" not in line and 0 <= start < end and line[end + 1 :] in ("", ")")
    return literal(line[start : end + 1]) if is_whole else None


def rounded_as(text: str, other: str) -> str:
    """An output whose numbers have no more decimals than those of another output that has some."""
    kept = max((len(decimals) for decimals in _DECIMALS.findall(plain(other))), default=0)
    if not kept:
        return text
    return _LONGER.sub(
        lambda match: f"{float(match.group()):.{kept}f}" if len(match[1]) > kept else match.group(), text
    )


def item_lines(text: str) -> str | None:
    """Lines "key: value" of an output that is one dictionary, a label before it left out; None of another output."""
    table = _whole(text, "{}")
    if not isinstance(table, dict) or not table:
        return None
    return "".join(f"{key}: {value}\n" for key, value in table.items())


def field_names(reference: ast.Module, task: str) -> frozenset[str]:
    """Keys that a reference chose itself: of dictionaries that are written out in it, where the task gives none between quotes."""
    keys = [
        [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        for node in ast.walk(reference)
        if isinstance(node, ast.Dict)
        and node.keys
        and all(isinstance(key, ast.Constant) for key in node.keys)
    ]
    chosen = {name for names in keys for name in names}
    return (
        frozenset()
        if any(re.search(rf"['\"`]{re.escape(name)}['\"`]", task) for name in chosen)
        else frozenset(chosen)
    )


def same_fields(left: Any, right: Any, names: Collection[str], same: Callable[[Any, Any], bool]) -> bool:
    """Whether two described dictionaries have the same values in the same order under other keys of the programs' own."""
    if not (left and right and left[0] == right[0] == "d" and len(left[1]) == len(right[1]) > 0):
        return False
    keys = [[key[1:] for key, _ in own[1]] for own in (left, right)]
    if not all(key and key[0] in names for key in keys[0]):
        return False
    alike = all(a == b or b not in keys[0] for a, b in zip(*keys, strict=True))
    return alike and all(same(a, b) for (_, a), (_, b) in zip(left[1], right[1], strict=True))


def same_order_of_keys(left: Any, right: Any) -> bool:
    """Whether two described dictionaries of the same keys have them in one order; True of anything else."""
    if not (left and right and left[0] == right[0] == "d"):
        return True
    keys = [[json.dumps(key) for key, _ in own[1]] for own in (left, right)]
    return keys[0] == keys[1] or sorted(keys[0]) != sorted(keys[1])
