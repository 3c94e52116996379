"""Decides whether what one program did is what another did, as a teacher would who set the task.

docs/functional.md says what counts; the rules stand here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.equality import same_text, same_value
from src.evaluation.differential.printed import same_printed, text_of
from src.evaluation.differential.probe_runner import WAITED, Call, ProbeRecord
from src.evaluation.differential.program_analysis import iterates_set

_PRINT = re.compile(r"(?i)\b(?:print|display|show|output|log)\w*")
_RETURN = re.compile(r"(?i)\breturn")
_UNCHANGED = re.compile(
    r"(?i)\b(?:not|without|never) (?:be )?(?:chang|modif|mutat|alter)\w*|\bunchanged\b|\ba copy\b"
    r"|\bnew (?:list|dict|array|set)"
)
_ORDER = re.compile(
    r"(?i)\b(?:order|sort|first|last|revers|ascend|descend|position|same sequence|alphabet|rank|left|right)\w*"
)
_ROUNDING = re.compile(r"(?i)\b(?:round|decimal|precision|nearest|digits?\b)\w*")
OUT_OF_TIME = ("timeout", WAITED)


@dataclass(frozen=True)
class Rules:
    """What of a program's behaviour the task holds an answer to."""

    ordered: bool = True  # False: lists are made from sets, and their order means nothing
    rounded: bool = False  # the reference rounds of its own accord: at its precision other numbers are equal
    must_print: bool = False
    must_return: bool = False
    must_not_change: bool = False  # its arguments
    error_names: str = ""  # the instruction, where it names errors

    def for_answer(self, answer: ast.Module, instruction: str) -> Rules:
        """The rules for an answer that makes lists from sets where the task says nothing of their order."""
        free = self.ordered and not _ORDER.search(instruction) and iterates_set(answer)
        return Rules(**{**self.__dict__, "ordered": False}) if free else self


def rules_of(instruction: str, reference: ast.Module) -> Rules:
    """The rules that a task sets."""
    source = ast.unparse(reference)
    return Rules(
        ordered=not iterates_set(reference),
        rounded=bool(re.search(r"\bround\(", source)) and not _ROUNDING.search(instruction),
        must_print=bool(_PRINT.search(instruction)),
        must_return=bool(_RETURN.search(instruction)),
        must_not_change=bool(_UNCHANGED.search(instruction)),
        error_names=instruction if re.search(r"\w(?:Error|Exception)\b", instruction) else "",
    )


def call_difference(rules: Rules, calls: Sequence[Call], expected: ProbeRecord, actual: ProbeRecord) -> str:
    """The first call on which the answer does something else; "" where there is none."""
    for (name, arguments), left, right in zip(calls, expected["calls"], actual["calls"], strict=True):
        difference = "" if left["error"] in OUT_OF_TIME else _result_difference(rules, left, right)
        if difference:
            return f"{shown_call(name, arguments)}: {difference}"
    return ""


def shown_call(name: str, arguments: Sequence[str]) -> str:
    return f"{name}({', '.join(arguments)})"[:200]


def _result_difference(rules: Rules, expected: ProbeRecord, actual: ProbeRecord) -> str:
    if expected["error"] or actual["error"]:
        same = expected["error"] == actual["error"]
        both = bool(expected["error"] and actual["error"]) and actual["error"] not in OUT_OF_TIME
        if same or (both and expected["error"] not in rules.error_names):
            return ""
        return f"raises {actual['error'] or 'nothing'}"
    if rules.must_not_change and expected["changed"] is None and actual["changed"] is not None:
        return "changes its arguments"
    if expected["value"] == ["n"]:
        return _effect_difference(rules, expected, actual)
    value = expected["value"]
    if same_value(value, actual["value"], rules.ordered, rules.rounded):
        return ""
    if actual["value"] == ["n"] and not rules.must_return:
        text = text_of(value)
        if text is not None and shown(actual).strip() and same_printed(text, shown(actual), rules.ordered):
            return ""
        if any(
            same_value(value, changed, rules.ordered, rules.rounded) for changed in actual["changed"] or ()
        ):
            return ""
    return "another value"


def _effect_difference(rules: Rules, expected: ProbeRecord, actual: ProbeRecord) -> str:
    """Of a call that returns nothing: what it prints and changes is what it is for."""
    if shown(expected).strip():
        text = text_of(actual["value"]) if actual["value"] else None
        returned = not rules.must_print and not shown(actual).strip() and text is not None
        printed = str(text) if returned else shown(actual)
        if not same_printed(shown(expected), printed, rules.ordered):
            return "prints something else"
    elif expected["changed"] is None and actual["value"] != ["n"]:
        return "another value"
    return (
        ""
        if _same_changes(expected["changed"], actual["changed"], rules.ordered)
        else "changes its arguments otherwise"
    )


def script_difference(rules: Rules, by_last_value: bool, expected: ProbeRecord, actual: ProbeRecord) -> str:
    """How the run of one script differs from that of another; "" where it does not.

    What a script assigns last may be printed, and what is printed may be assigned unless the task asks for print.
    """
    if not _same_files(expected["files"], actual["files"], rules.ordered):
        return "writes other files"
    left, right = expected["module"], actual["module"]
    if by_last_value:
        text = text_of(left["last"])
        if same_value(left["last"], right["last"], rules.ordered, rules.rounded):
            return ""
        printed = (
            text is not None
            and bool(shown(right).strip())
            and same_printed(text, shown(right), rules.ordered)
        )
        return "" if printed else "ends with another value"
    if same_printed(shown(left), shown(right), rules.ordered):
        return ""
    text = text_of(right["last"]) if not right["stdout"].strip() and not rules.must_print else None
    return (
        "" if text is not None and same_printed(shown(left), text, rules.ordered) else "prints something else"
    )


def shown(result: ProbeRecord) -> str:
    """What a program or call printed, its wording marked."""
    return str(result["marked"] or result["stdout"])


def same_output(rules: Rules, expected: ProbeRecord, actual: ProbeRecord) -> bool:
    """Whether two programs print and write the same beside what their functions do."""
    left, right = expected["module"], actual["module"]
    return same_printed(shown(left), shown(right), rules.ordered) and _same_files(
        expected["files"], actual["files"], rules.ordered
    )


def _same_files(expected: dict[str, str], actual: dict[str, str], ordered: bool) -> bool:
    return expected.keys() == actual.keys() and all(
        same_text(expected[name], actual[name], ordered) for name in expected
    )


def _same_changes(expected: list[Any] | None, actual: list[Any] | None, ordered: bool) -> bool:
    """A reference that does not change its arguments allows an answer to sort them in place."""
    return expected is None or (
        actual is not None
        and len(expected) == len(actual)
        and all(same_value(a, b, ordered) for a, b in zip(expected, actual, strict=True))
    )
