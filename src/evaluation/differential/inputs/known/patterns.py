"""Texts of the parts that a function finds with a pattern: "C12H22O11" where it looks for `[A-Z][a-z]?\\d*`."""

from __future__ import annotations

import ast
import random
import re
import re._constants as signs
import re._parser as parser
from collections.abc import Sequence
from typing import Any

from src.evaluation.differential.inputs.forms.shapes import Shape
from src.evaluation.differential.inputs.known.constants import Function

_MOST_PARTS = 5
_MOST_REPEATS = 2  # of a sign, beyond those that the pattern asks for
_CATEGORIES = {signs.CATEGORY_DIGIT: "123456789", signs.CATEGORY_WORD: "abcxyz", signs.CATEGORY_SPACE: " "}


def matched_shape(function: Function, shown: Sequence[str]) -> Shape | None:
    """The form of the shown texts, where they are made of nothing but parts that the function finds by one pattern."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not re.fullmatch(
            r"re\.find(?:all|iter)", ast.unparse(node.func)
        ):
            continue
        pattern = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if not isinstance(pattern, str) or not shown:
            continue
        form = re.compile(f"(?:{pattern})+")
        if all(map(form.fullmatch, shown)) and not form.fullmatch(""):
            return _shape(form, pattern)
    return None


def _shape(form: re.Pattern[str], pattern: str) -> Shape | None:
    parsed = parser.parse(pattern)

    def draw(choose: random.Random) -> str:
        parts = [_drawn(parsed, choose) for _ in range(choose.randint(1, _MOST_PARTS))]
        return "".join(choose.choices(parts, k=choose.randint(1, _MOST_PARTS)))

    try:
        drawn = draw(random.Random(0))
    except NotImplementedError:
        return None
    return Shape(form, draw, kind="str") if form.fullmatch(drawn) else None


def _drawn(parsed: Any, choose: random.Random) -> str:
    """A text that a parsed pattern matches. NotImplementedError for patterns with other parts than signs, repeats, groups and branches."""
    text = ""
    for kind, value in parsed:
        if kind is signs.LITERAL:
            text += chr(value)
        elif kind is signs.IN:
            text += _sign(choose.choice(value), choose)
        elif kind in (signs.MAX_REPEAT, signs.MIN_REPEAT):
            least, most, inner = value
            times = choose.randint(least, min(most, least + _MOST_REPEATS))
            text += "".join(_drawn(inner, choose) for _ in range(times))
        elif kind is signs.SUBPATTERN:
            text += _drawn(value[-1], choose)
        elif kind is signs.BRANCH:
            text += _drawn(choose.choice(value[1]), choose)
        else:
            raise NotImplementedError(kind)
    return text


def _sign(part: Any, choose: random.Random) -> str:
    """One sign of a set, of which this is a part."""
    kind, value = part
    if kind is signs.LITERAL:
        return chr(value)
    if kind is signs.RANGE:
        return chr(choose.randint(*value))
    if kind is signs.CATEGORY and value in _CATEGORIES:
        return choose.choice(_CATEGORIES[value])
    raise NotImplementedError(kind)
