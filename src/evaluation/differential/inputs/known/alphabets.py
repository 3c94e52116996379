"""Texts and lists of the signs and words that a function tells apart, and of nothing else."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence

from src.evaluation.differential.inputs.known.constants import Function, is_name, looked_up, tables_of

_BRACKETS = ("()", "[]", "{}", "<>")


def alphabet_of(function: Function, tree: ast.Module) -> str:
    """The signs that a function tells apart in its texts: the letters of `"([{"` and the keys of a table of single letters."""
    tables = tables_of(function, tree)
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.comprehension)]
    names = {n.id for loop in loops for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    texts = [
        text for name in sorted(names) for text in looked_up(function, name, tree) if isinstance(text, str)
    ]
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id in names:
            for side in node.comparators:
                made = tables.get(side.id) if isinstance(side, ast.Name) else side
                if isinstance(made, ast.Constant) and isinstance(made.value, str):
                    texts.append(made.value)
    counted = _counted(function)
    texts += counted if len(counted) > 1 else []
    signs = [sign for text in texts for sign in text]
    is_of_signs = bool(signs) and all(
        len(text) == 1 or not text.isalpha() or text.lower() in "aeiou" for text in texts
    )
    return "".join(dict.fromkeys(signs)) if is_of_signs else ""


def _counted(function: Function) -> list[str]:
    """Single letters that it counts in a parameter: `points.count("A")`."""
    names = {parameter.arg for parameter in function.args.args}
    found = [
        node.args[0].value
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "count"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in names
        and isinstance(node.args[0], ast.Constant)
    ]
    return [text for text in dict.fromkeys(found) if isinstance(text, str) and len(text) == 1]


def lists_of(
    function: Function,
    name: str,
    tree: ast.Module,
    draw: random.Random,
    most: int,
    quoted: Sequence[str] = (),
) -> Iterator[list[str]]:
    """Lists of the texts that a loop over `name` tells apart, with those that the task quotes beside them, and of whole numbers as texts where it reads these too."""
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.comprehension)]
    items = [
        loop.target.id for loop in loops if is_name(loop.iter, name) and isinstance(loop.target, ast.Name)
    ]
    texts = [
        text for item in items for text in looked_up(function, item, tree) if isinstance(text, str) and text
    ]
    own = list(dict.fromkeys(texts))
    if len(own) < 2:
        return
    others = [text for text in dict.fromkeys(quoted) if text not in own] if {*own} <= {*quoted} else []
    source = "\n".join(map(ast.unparse, function.body))
    numbers = (
        [str(draw.randint(2, 10)) for _ in own] if any(f"int({item})" in source for item in items) else []
    )
    for number in range(most):
        yield draw.choices([*own, *own, *others, *numbers], k=draw.randint(2, 12 if number % 3 == 0 else 6))


def texts_of(alphabet: str, draw: random.Random, most: int) -> Iterator[str]:
    """Texts of these signs alone: brackets that are closed in order and out of order, else in random rows."""
    pairs = [pair for pair in _BRACKETS if set(pair) <= set(alphabet)]
    for number in range(most):
        if not pairs:
            yield "".join(draw.choices(alphabet, k=draw.randint(1, 6 if len(alphabet) > 3 else 10)))
            continue
        text = _nested(pairs, draw, 1 + number % 4)
        if number % 2:
            signs = list(text)
            a, b = draw.randrange(len(signs)), draw.randrange(len(signs))
            signs[a], signs[b] = signs[b], signs[a]
            text = "".join(signs)
        yield text


def _nested(pairs: Sequence[str], draw: random.Random, depth: int) -> str:
    opening, closing = tuple(draw.choice(pairs))
    inner = _nested(pairs, draw, depth - 1) if depth > 1 else ""
    return f"{opening}{inner}{closing}" if draw.random() < 0.6 else f"{inner}{opening}{closing}"
