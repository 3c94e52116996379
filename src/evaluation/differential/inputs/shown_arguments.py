"""Arguments that a sample shows: in calls that it writes out, and in its input."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence

from src.evaluation.differential.inputs.forms.shapes import named_shape
from src.evaluation.differential.inputs.input_generation import Arguments, is_literal, parameters
from src.evaluation.differential.inputs.type_inference import Function, likely_kinds
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal, parse_expression

LIKELY = 3  # kinds of which a value in an instruction is one
_EXAMPLE = re.compile(
    r"(?i)\b(?:for example|e\.g\.|such as|example:),? (?:the )?(?:list |input |matrix |dictionary )?[\[{]"
)
_EXPLAINS = re.compile(r"(?i)\bexamples?:|\bbecomes?\b|\breturns?\b|->")
_FOR = re.compile(r"(?i)\b(?:for|given|from|turns|examples?:)\s(?=[\[{(\"'])")
_NEXT = re.compile(r"(?i)(?:,| and|, and)\s(?:the \w+ )?(?=[\[{(\"'\d-])")
_THEN = re.compile(
    r"(?i)[\"']?,?\s(?:(?:it|this|the|a|your|function|program|result|answer|output|should|must|would|will)\s){0,4}"
    r"(?:is|are|be|returns?|gives?|becomes?|yields?|results?|prints?|into|to|->|=>)(?!\w)"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_RESULTS = re.compile(
    r"(?im)^[ \t>*#-]{0,9}(?:(?:expected|sample|example) )?(?:outputs?|results?|returns?)\b"
)  # what stands behind is no input


def known_arguments(
    function: Function, seen: Sequence[Sequence[str]], input: str, texts: Sequence[str]
) -> list[Arguments]:
    """Arguments that the sample shows: in calls that the program made itself, in its input, in calls that texts contain."""
    every, required = parameters(function)
    least = required or min(1, len(every))
    known = [tuple(call[: len(every)]) for call in seen]
    for text in (input, *texts):
        known += _calls_in(text, function.name, least, len(every))
    kinds = likely_kinds(function, every[0])[:2] if every else []
    shape = named_shape(texts[0]) if texts else None
    is_text = "str" in kinds or (shape is not None and shape.admits(input.strip()))
    as_text = least == 1 and is_text and not _EXPLAINS.search(input)
    known += values_in(_RESULTS.split(input)[0], least, as_text)
    known += _examples_in(texts[0]) if texts and least == 1 else []
    likely = [likely_kinds(function, parameter)[:LIKELY] for parameter in every[:least]]
    known += [call for text in (*texts[:1], input) for call in _results_for(text, likely)]
    known = [_without_defaults(function, call) for call in known]
    return [call for call in dict.fromkeys(known) if all(map(is_literal, call))]


def _without_defaults(function: Function, call: Arguments) -> Arguments:
    """A call without last arguments that are the parameters' defaults: not every program has these parameters."""
    required = parameters(function)[1]
    defaults = dict(enumerate(function.args.defaults, required))
    while len(call) > max(required, 1) and ast.unparse(defaults[len(call) - 1]) == call[-1]:
        call = call[:-1]
    return call


def _calls_in(text: str, name: str, least: int, most: int) -> list[Arguments]:
    """Literal arguments of calls of `name` that are written out in `text`."""
    calls = []
    for start in itertools.islice(re.finditer(rf"\b{re.escape(name)}\(", text), 6):
        closing = _closing_bracket(text, start.end())
        tree = parse_expression(text[start.start() : closing])
        if isinstance(tree, ast.Call) and not tree.keywords and least <= len(tree.args) <= most:
            sources = tuple(ast.unparse(argument) for argument in tree.args)
            if all(literal(source) is not None for source in sources):
                calls.append(sources)
    return calls


def _examples_in(instruction: str) -> list[Arguments]:
    """Lists, tuples and dictionaries that an instruction shows as an example: "For example, [1, 2] becomes [2, 1]"."""
    found: list[Arguments] = []
    for start in itertools.islice(_EXAMPLE.finditer(instruction), 3):
        text = instruction[start.end() - 1 :]
        value = literal(text[: _closing_bracket(text, 1)])
        if value and isinstance(value, list | dict):
            found.append((source_of(value),))
    return found


def _results_for(text: str, kinds: Sequence[Sequence[str]]) -> list[Arguments]:
    """The values of which a text tells the result: "for [1, 2] and 3 it returns 5". kinds: likely ones of each parameter."""
    found: list[Arguments] = []
    for start in itertools.islice(_FOR.finditer(text), 6):
        at, sources = start.end(), list[str]()
        while len(sources) < len(kinds):
            end = _end_of_literal(text, at)
            value = literal(text[at:end])
            if value is None or not _is_of(value, kinds[len(sources)]):
                break
            sources.append(source_of(value))
            following = _NEXT.match(text, end)
            if len(sources) == len(kinds) and _THEN.match(text, end):
                found.append(tuple(sources))
            if following is None:
                break
            at = following.end()
    return found


def _is_of(value: object, kinds: Sequence[str]) -> bool:
    """Whether a value is of one of the kinds, apart from what it holds."""
    outer = {kind.partition("[")[0].replace("matrix", "list").replace("nested", "list") for kind in kinds}
    return type(value).__name__ in outer | ({"str"} if "char" in outer else set())


def _end_of_literal(text: str, start: int) -> int:
    """Where the literal that begins there ends: a bracket's other one, a quote's, the last digit of a number."""
    sign = text[start : start + 1]
    if sign in ("'", '"'):
        end = text.find(sign, start + 1, start + 500)
        return end + 1 if end > 0 else start
    number = _NUMBER.match(text, start)
    return number.end() if number else _closing_bracket(text, start + 1)


def _closing_bracket(text: str, start: int) -> int:
    depth = 1
    for position in range(start, min(len(text), start + 500)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if not depth:
            return position + 1
    return start


def values_in(text: str, count: int, as_text: bool = False) -> list[Arguments]:
    """Values that a sample's input gives: "[1, 2], 3", "n = 4, k = 2", "Number: 7", "{1} and {2}".

    as_text: a line that gives none is itself the value.
    """
    text = text.strip()
    if not text or len(text) > 600:
        return []
    value = literal(text)
    if isinstance(value, tuple) and count > 1 and len(value) == count:
        return [tuple(map(source_of, value))]
    if value is not None:
        return [(source_of(value),)] if count == 1 else []
    pieces = re.split(r"\n|;|\sand\s|,\s*(?=[A-Za-z_][\w ]*+\s*+[:=])", text)
    values = [literal(re.sub(r"^[A-Za-z_][\w ]*+\s*+[:=]\s*", "", piece.strip())) for piece in pieces]
    found = [source_of(value) for value in values if value is not None]
    if len(found) == count:
        return [tuple(found)]
    if count == 1 and found:
        return [(source,) for source in found[:4]]
    return [(repr(text),)] if as_text and len(text.splitlines()) == 1 else []
