"""Decides whether what a session with a class gave is what another gave: its steps count, but for what is said where one changes something."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from typing import Any

from src.evaluation.differential.equivalence.printed import same_tokens, text_of
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.inputs.input_selection import EMPTY, is_discriminating, is_session

_REFUSED = ["b", 0]  # what a step gives that did not take what it was given: False
_SHOWS = re.compile(r"(?i)print|show|display|descri|details|info")


def session_difference(
    rules: Rules,
    made: Sequence[object],
    steps: Sequence[tuple[str, Sequence[object]]],
    expected: list[Any],
    actual: Any,
    texts: Collection[str],
) -> str:
    """The first step of a session that gives something else; "" where there is none. texts: all that sessions give."""
    given = " ".join(v for values in (made, *(own for _, own in steps)) for v in values if isinstance(v, str))
    if actual and actual[:2] == ["h", "q"]:
        return "" if actual == _digest(steps, expected) else "another session"
    if not is_session(actual) or len(actual[1]) != len(expected):
        return "another session"
    own: set[str] = set()  # attributes in which the other keeps something else
    for at, (left, right) in enumerate(zip(expected, actual[1], strict=True)):
        name = steps[at][0]
        if name[:2] == "?=" and (right[0] == "raised" or right[1] == ["u"] or name[2:] in own):
            return ""  # it has no attribute of that name to set: what follows is another session
        if name[0] == "?" and {left[1][0], right[1][0]} & {*"ldSo"}:  # how it keeps several is its own affair
            own |= {name[1:]} if left[1][0] != right[1][0] else set()
            continue
        difference = _step_difference(rules, steps[at][0], left, right, given, texts)
        if difference and not (right[0] == "raised" and _asks_for_unknown(rules, made, steps, at, expected)):
            return f"{difference} step {at + 1}"
    return ""


def _digest(steps: Sequence[tuple[str, Sequence[object]]], results: Sequence[Any]) -> list[Any]:
    """What a session gave as the probe writes it where there is no room for its steps (inside/session.py)."""
    whole = [result for (name, _), result in zip(steps, results, strict=True) if name[0] != "?"]
    return ["h", "q", len(results), hashlib.sha256(json.dumps(whole).encode()).hexdigest()]


def _asks_for_unknown(
    rules: Rules,
    made: Sequence[object],
    steps: Sequence[tuple[str, Sequence[object]]],
    at: int,
    expected: Sequence[Any],
) -> bool:
    """Whether a step asks for a text that the object never took, and gets nothing: an answer may refuse that."""
    taken = [
        own
        for (name, own), (_, value) in zip(steps[:at], expected, strict=False)
        if name not in rules.finds and value != _REFUSED
    ]
    known = repr([made, *taken])
    texts = [value for value in steps[at][1] if isinstance(value, str)]
    return expected[at][1][1:] in EMPTY and any(repr(text) not in known for text in texts)


def _step_difference(
    rules: Rules,
    name: str,
    expected: Sequence[Any],
    actual: Sequence[Any],
    given: str,
    texts: Collection[str],
) -> str:
    (how, value), (other_how, other) = expected, actual
    other = ["n"] if other_how == "raised" else other  # which error it is decides nothing
    if other_how == "raised" and how == "returned" and value == ["n"] and rules.names_none:
        return "raises in"
    if name[0] in "?_" and other == ["u"]:  # it has no attributes of those names
        return ""
    if rules.chains and _holds_object(value) and other == ["n"]:
        return "gives no object in"
    if how == "returned" and value == ["n"] and name in rules.finds and _is_found(other, texts):
        return "finds something in"
    remark = (how == "printed" and name in rules.quiet) or (name in rules.reports and _is_remark(other))
    remark |= how == "returned" and name in rules.confirms and (other == ["n"] or other_how == "printed")
    if remark and how == "printed" and rules.must_print and (other_how, other) == ("returned", ["n"]):
        return "says nothing in"
    free = remark or how == "raised" or not is_discriminating(value) or _holds_object(value)
    if free or rules.same_value(value, other) or _shows_same(rules, name, expected, actual, given):
        return ""
    return "another result of"


def _shows_same(rules: Rules, name: str, expected: Sequence[Any], actual: Sequence[Any], given: str) -> bool:
    """Whether one step shows what the other gives or shows."""
    (how, value), (other_how, other) = expected, actual
    texts = [str(text_of(v)) if v and v[0] != "s" else str(v[1]) for v in (value, other)]
    if other_how == "raised":
        return False
    if name in ("__str__", "__repr__") and _same_facts(texts[0], texts[1], given):
        return True
    shows_it = how == "printed" and _SHOWS.match(name) and not rules.laid_out
    if shows_it and _same_order_of_facts(texts[0], texts[1], given):
        return True
    if how == "returned" and rules.must_return:
        return False
    if other_how == "returned" and other == ["n"] and value[1:] in EMPTY[:3]:
        return True  # what prints its items, printed none
    return "printed" in (how, other_how) and rules.same_printed(*texts)


def _same_order_of_facts(expected: str, actual: str, given: str) -> bool:
    """Whether two texts have the same numbers and words of what was given, in order; or none, where the first is blank."""
    known = {*re.findall(r"[^\W\d_]+", given.lower())}
    parts = [re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", text.lower()) for text in (expected, actual)]
    left, right = ([part for part in own if part in known or part[0].isdigit()] for own in parts)
    return same_tokens(left, right) or left == right == [*expected.split()]


def _same_facts(expected: str, actual: str, given: str) -> bool:
    """Whether two texts that show an object, of which the first has words, have the same numbers and words of what was given to it."""
    numbers = [re.findall(r"\d+(?:\.\d+)?", text) for text in (expected, actual)]
    data, first, second = ({*re.findall(r"[^\W\d_]+", text.lower())} for text in (given, expected, actual))
    return bool(first) and data & first <= second and numbers[0] == numbers[1] != []


def _is_remark(described: list[Any] | None) -> bool:
    """Whether this is what a method says that has done its work: nothing, a text, or that it is done."""
    return described is None or described[0] in "nsb"


def _is_found(described: list[Any] | None, texts: Collection[str]) -> bool:
    """Whether this is more than a word for nothing: a number, items, or one of the texts that sessions give."""
    if described is None or described[0] not in "iflds" or described[1:] in EMPTY:
        return False
    return described[1] in texts if described[0] == "s" else described != ["i", "-0x1"]


def _holds_object(described: list[Any]) -> bool:
    """Whether a value is, or holds, an object of the program's own class: what its fields are called is its own affair."""
    return '["o", ' in json.dumps(described)
