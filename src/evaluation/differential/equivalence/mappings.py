"""Dictionaries and lists that are printed whole, and numbers that are printed rounded.

A dictionary is taken as the lines that a loop over its items prints: the order of its keys is nobody's choice.
"""

from __future__ import annotations

import re

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
