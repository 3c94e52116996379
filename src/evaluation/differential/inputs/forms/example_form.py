"""The form of texts of which a task shows one: "a fraction like '3/4'", "in the form 'key=value'"."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence

from src.evaluation.differential.inputs.forms.repeated_form import WORDS, repeated_shape
from src.evaluation.differential.inputs.forms.shapes import Shape, shape_of
from src.evaluation.differential.inputs.known.constants import constants_of
from src.evaluation.differential.inputs.stated.units import units_of
from src.evaluation.differential.inputs.stated.values import OF_RESULT
from src.evaluation.differential.inputs.type_inference import Function, likely_kinds

_SHOWN = re.compile(
    r"(?i)\b(?:such as|like|e\.g\.|for example|(?:form|format|formatted as|written as)(?: of)?),? [\"'`]([^\"'`\n]{2,40})[\"'`]"
)
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]+)[\"'`]")
_STRUCTURED = re.compile(r"(?=.*\d)[A-Za-z0-9$]+(?:[=&/;:,.|-][A-Za-z0-9]+)+")
_SQUARE, _CHESS = re.compile(r"[a-hA-H][1-8]"), re.compile(r"(?i)\bchess|\bsquares?\b|\bboard\b")
_SIGNS = re.compile(r"\d|[=&/;:|$#_]")
_TOKEN = re.compile(r"\d+|[A-Za-z]+|.")
_SEPARATOR = re.compile(r", |[,;& |]")
_MOST_PARTS = 5
_OPERATORS = "+-*/%"
_RANGE = re.compile(r"\d{1,9} ?(?:-|–|to) ?\d{1,9}")


class _Range(Shape):
    """Two numbers of which the first is not the larger one."""

    def admits(self, text: str) -> bool:
        first, last = map(int, re.findall(r"\d+", text)) if super().admits(text) else (1, 0)
        return first <= last


def example_shape(function: Function, instruction: str, known: Sequence[Sequence[object]]) -> Shape | None:
    """The form of the only argument that is needed, where the task shows a text that has one. known: arguments of its own calls."""
    parameters = function.args.args
    kinds = likely_kinds(function, parameters[0])[:2] if parameters else []
    if len(parameters) - len(function.args.defaults) != 1 or "str" not in kinds or kinds[0] == "char":
        return None
    given = [text for call in known for text in call if isinstance(text, str)]
    repeated = repeated_shape(function, instruction, given)
    if repeated:
        return repeated
    constants = [text for text in constants_of(function) if isinstance(text, str) and text]
    shown = [
        match.group(1)
        for match in _SHOWN.finditer(instruction)
        if not OF_RESULT.search(instruction[: match.start()].rpartition(". ")[2])
        and _SIGNS.search(match.group(1))
    ]
    shown += [text for text in _QUOTED.findall(instruction) if shown and _outline(text) == _outline(shown[0])]
    taken_apart = [text for text in constants if not text.isalnum()]
    shown += [
        text
        for text in given
        if (_STRUCTURED.fullmatch(text) and any(sign in text for sign in taken_apart))
        or (_SQUARE.fullmatch(text) and _CHESS.search(instruction))
    ]
    if not shown or shape_of(shown[0]) or units_of(instruction, constants, shown):
        return None
    words = [text for text in constants if text.isalpha() or text in _OPERATORS]
    words += re.findall(r"(?<!\S)[-+*/%](?!\w)|(?<!^)(?<!\. )\b[B-Z]\b", instruction)
    tokens = [token for text in shown for token in _TOKEN.findall(text) if token.isalpha()]
    words += tokens if set(words) & set(tokens) else []
    shape = _shape(shown[0], words)
    return shape if all(map(shape.admits, shown)) else None


def _shape(text: str, words: Sequence[str]) -> Shape:
    separator = next(
        (s for s in _SEPARATOR.findall(text) if len({_outline(part) for part in text.split(s)}) == 1), ""
    )
    parts = text.split(separator) if separator else [text]
    part = "".join(_pattern(*pair, words) for pair in _tokens(parts[0]))
    form = rf"{part}(?:{re.escape(separator)}{part})*" if separator else part

    def draw(choose: random.Random) -> str:
        names = choose.sample(WORDS, len(WORDS))
        count = choose.randint(1, _MOST_PARTS) if separator else 1
        return separator.join(
            "".join(_other(*pair, words, names, choose) for pair in _tokens(parts[0])) for _ in range(count)
        )

    shape = _Range(re.compile(form), draw, kind="str")
    if _RANGE.fullmatch(text) and shape.admits(text):
        return shape
    return Shape(re.compile(form), draw, kind="str")


def _tokens(text: str) -> list[tuple[str, str]]:
    """Dates and the like, numbers, words and signs, each with the one before."""
    pieces = re.split("( )", text)
    tokens = [token for piece in pieces for token in ([piece] if shape_of(piece) else _TOKEN.findall(piece))]
    return list(itertools.pairwise(["", *tokens]))


def _outline(text: str) -> str:
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", text))


def _pattern(before: str, token: str, words: Sequence[str]) -> str:
    shape = shape_of(token)
    if shape:
        return f"(?:{shape.form.pattern})"
    if token.isdigit():
        one = "[1-8]" if before.isalpha() else r"\d{1,2}"
        return one if len(token) == 1 else rf"\d{{{len(token)}}}"
    if token in words:
        return f"(?:{'|'.join(map(re.escape, _like(token, words)))})"
    if not token.isalpha():
        return re.escape(token)
    letters = "a-h" if len(token) == 1 else "a-z"
    letters = letters.upper() if token.isupper() else letters if token.islower() else "A-Za-z"
    return f"[{letters}]" if len(token) == 1 else f"[{letters}]+"


def _like(token: str, words: Sequence[str]) -> list[str]:
    """Of the words that are known, those of letters for one of letters, single ones for a single one, and operators for one of them."""
    return [word for word in words if (word.isalpha(), len(word) == 1) == (token.isalpha(), len(token) == 1)]


def _other(before: str, token: str, words: Sequence[str], names: list[str], choose: random.Random) -> str:
    """Another number as long as this one, or nearly; another word in the same case; the same sign."""
    shape = shape_of(token)
    if shape:
        return shape.draw(choose)
    if token.isdigit():
        length = len(token) if len(token) > 1 else choose.randint(1, 2)
        one = len(token) == 1 and before.isalpha()
        return str(choose.randint(1, 8) if one else choose.randint(10 ** (length - 1), 10**length - 1))
    if token in words:
        return choose.choice(_like(token, words))
    if not token.isalpha():
        return token
    word = names.pop() if len(token) > 1 and names else choose.choice("abcdefgh")
    return word.upper() if token.isupper() else word.title() if token.istitle() else word
