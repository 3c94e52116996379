"""Decides whether what one program did is what another did, as a teacher would who set the task.

docs/functional.md says what counts; the rules that a task sets stand in rules.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from src.evaluation.differential.equivalence.equality import same_text, same_value
from src.evaluation.differential.equivalence.printed import shown, text_of
from src.evaluation.differential.equivalence.remarks import is_of_nothing
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.equivalence.sessions import session_difference
from src.evaluation.differential.equivalence.wording import Answered, said_alike
from src.evaluation.differential.inputs.forms.alike import SCRIPT
from src.evaluation.differential.inputs.input_selection import EMPTY, is_session
from src.evaluation.differential.inside.description import describe
from src.evaluation.differential.probe_runner import WAITED, Call, ProbeRecord
from src.languages.syntax import literal

PRINTS_OTHERWISE, ENDS_OTHERWISE = "prints something else", "ends with another value"
SHOWS_OTHERWISE = (PRINTS_OTHERWISE, ENDS_OTHERWISE)
DEEP = 300  # steps of a recursion, of which Python allows 1,000 frames
OUT_OF_TIME = ("timeout", WAITED)


def call_difference(rules: Rules, calls: Sequence[Call], expected: ProbeRecord, actual: ProbeRecord) -> str:
    """The first call on which the answer does something else; "" where there is none."""
    results = [
        # What a script does to its own data, nobody sees.
        [
            r | {"changed": None} if name == SCRIPT else r
            for (name, _), r in zip(calls, own["calls"], strict=True)
        ]
        for own in (expected, actual)
    ]
    texts = {text for _, arguments in calls for text in _texts_in([literal(a) for a in arguments])}
    differences = [
        "" if left["error"] in OUT_OF_TIME else _result_difference(rules, arguments, left, right, texts)
        for (_, arguments), left, right in zip(calls, *results, strict=True)
    ]
    if not any(differences):
        return _mixed(calls, expected["calls"], actual["calls"])
    answered = [
        Answered(arguments, left, right, not difference)
        for (_, arguments), left, right, difference in zip(calls, *results, differences, strict=True)
        if left["error"] not in OUT_OF_TIME
    ]
    if said_alike(
        answered, rules.words, rules.raised, rules.must_print, rules.must_return, rules.must_be_bool
    ):
        return ""
    return next(
        f"{shown_call(name, arguments)}: {difference}"
        for (name, arguments), difference in zip(calls, differences, strict=True)
        if difference
    )


def _mixed(calls: Sequence[Call], expected: Sequence[ProbeRecord], actual: Sequence[ProbeRecord]) -> str:
    """The first call on which an answer only prints the number that is to be returned, where it returns others."""
    returns = any(right["value"] not in (None, ["n"]) for right in actual)
    printed = [
        f"{shown_call(name, arguments)}: prints in place of returning"
        for (name, arguments), left, right in zip(calls, expected, actual, strict=True)
        if left["value"] and left["value"][0] in "if" and right["value"] == ["n"]
    ]
    return printed[0] if printed and returns else ""


def shown_call(name: str, arguments: Sequence[str]) -> str:
    return f"{name}({', '.join(arguments)})"[:200]


def _texts_in(value: object) -> set[str]:
    """All texts in a value."""
    if isinstance(value, str):
        return {value}
    parts = (
        [*value, *(value.values() if isinstance(value, dict) else ())]
        if isinstance(value, list | tuple | dict)
        else []
    )
    return {text for part in parts for text in _texts_in(part)}


def _result_difference(
    rules: Rules,
    arguments: Sequence[str],
    expected: ProbeRecord,
    actual: ProbeRecord,
    texts: Collection[str],
) -> str:
    if expected["error"] or actual["error"]:
        same = expected["error"] == actual["error"]
        both = bool(expected["error"] and actual["error"]) and actual["error"] not in OUT_OF_TIME
        if same or (both and expected["error"] not in rules.error_names):
            return ""
        if actual["error"] == "RecursionError" and not expected["error"] and _is_deep(arguments):
            return ""  # a step for each item or number is as right as a loop
        gives_nothing = expected["value"] and expected["value"][1:] in EMPTY
        if actual["error"] in rules.raised and gives_nothing and not rules.refuses:
            return ""  # the answer refuses what gives nothing
        return f"raises {actual['error'] or 'nothing'}"
    if rules.must_not_change and expected["changed"] is None and actual["changed"] is not None:
        return "changes its arguments"
    value = expected["value"]
    if value == ["n"]:
        return _effect_difference(rules, expected, actual)
    if is_session(value):
        made, steps = map(literal, arguments)
        return session_difference(rules, made, steps, value[1], actual["value"], texts)
    if rules.same_value(value, actual["value"]):
        said_too = rules.must_print and shown(expected).strip()
        same = not said_too or rules.same_printed(shown(expected), shown(actual))
        return "" if same else PRINTS_OTHERWISE
    if actual["value"] == ["n"] and not rules.must_return and not rules.returns_none:
        if _prints_value(rules, value, arguments, actual):
            return ""
        left = actual["changed"] or [describe(literal(source)) for source in arguments]
        left = [argument for argument in left if argument[0] in "ldS"]  # what can be changed in place
        if any(rules.same_value(value, argument) for argument in left):
            return ""
    return "another value"


def _is_deep(arguments: Sequence[str]) -> bool:
    """Whether an argument is so large that a recursion with a step for each item, or each number up to it, comes to Python's limit."""
    values = [literal(source) for source in arguments]
    sizes = [
        value if isinstance(value, int) else len(value)
        for value in values
        if isinstance(value, int | str | list)
    ]
    return max(sizes, default=0) >= DEEP


def _prints_value(rules: Rules, value: list[Any], arguments: Sequence[str], result: ProbeRecord) -> bool:
    if value[1:] in ([[]], [""]):
        return True  # of what is empty nothing is printed, or nothing but words around it
    text, printed = text_of(value), shown(result)
    if text is None or not printed.strip():
        return False
    return any(
        rules.same_printed(own, printed) or rules.shows(own, printed, arguments)
        for own in {text, text.strip()}
    )


def _effect_difference(rules: Rules, expected: ProbeRecord, actual: ProbeRecord) -> str:
    """Of a call that returns nothing: what it prints and changes is what it is for."""
    if shown(expected).strip():
        text = text_of(actual["value"]) if actual["value"] else None
        returned = not rules.must_print and not shown(actual).strip() and text is not None
        printed = str(text) if returned else shown(actual)
        if not rules.same_printed(shown(expected), printed) and not is_of_nothing(shown(expected), printed):
            return PRINTS_OTHERWISE
        if rules.must_print and not rules.in_place:
            return ""  # that is what it is for
    elif expected["changed"] and actual["changed"] is None and not rules.in_place:
        # A copy, changed and returned.
        return (
            ""
            if any(rules.same_value(value, actual["value"]) for value in expected["changed"])
            else "another value"
        )
    elif expected["changed"] is None and actual["value"] != ["n"]:
        return "another value"
    return (
        ""
        if _same_changes(rules, expected["changed"], actual["changed"])
        else "changes its arguments otherwise"
    )


def script_difference(rules: Rules, by_last_value: bool, expected: ProbeRecord, actual: ProbeRecord) -> str:
    """How the run of one script differs from that of another; "" where it does not.

    What a script assigns last may be printed, and what is printed may be assigned unless the task asks for print.
    """
    if not _same_files(expected["files"], actual["files"], rules.ordered):
        return "writes other files"
    left, right = expected["module"], actual["module"]
    if expected["files"] and not rules.must_print and left["stdout"].strip().count("\n") == 0:
        return ""  # the files are what it is for, and a line about them is a remark
    if by_last_value:
        text = text_of(left["last"])
        if rules.same_value(left["last"], right["last"]):
            return ""
        printed = text is not None and bool(shown(right).strip()) and rules.same_printed(text, shown(right))
        return "" if printed else ENDS_OTHERWISE
    if rules.same_printed(shown(left), shown(right)):
        return ""
    text = text_of(right["last"]) if not right["stdout"].strip() and not rules.must_print else None
    return "" if text is not None and rules.same_printed(shown(left), text) else PRINTS_OTHERWISE


def same_output(rules: Rules, expected: ProbeRecord, actual: ProbeRecord) -> bool:
    """Whether two programs print and write the same beside what their functions do."""
    left, right = expected["module"], actual["module"]
    return rules.same_printed(shown(left), shown(right)) and _same_files(
        expected["files"], actual["files"], rules.ordered
    )


def _same_files(expected: dict[str, str], actual: dict[str, str], ordered: bool) -> bool:
    return expected.keys() == actual.keys() and all(
        same_text(expected[name], actual[name], ordered) for name in expected
    )


def _same_changes(rules: Rules, expected: list[Any] | None, actual: list[Any] | None) -> bool:
    """A reference that does not change its arguments allows an answer to sort them in place."""
    return expected is None or (
        actual is not None
        and len(expected) == len(actual)
        and all(same_value(a, b, rules.ordered) for a, b in zip(expected, actual, strict=True))
    )
