"""Decides whether what one program did is what another did, as a teacher would who set the task.

docs/functional.md says what counts; the rules stand here.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from src.evaluation.differential.equality import same_text, same_value
from src.evaluation.differential.inputs.input_selection import EMPTY, is_discriminating, is_session
from src.evaluation.differential.inside.description import describe
from src.evaluation.differential.printed import same_printed, shown, shows, text_of
from src.evaluation.differential.probe_runner import WAITED, Call, ProbeRecord
from src.evaluation.differential.program_analysis import (
    changing_methods,
    iterates_set,
    prints_by_key,
    raised_names,
    reporting_methods,
    returns_change,
)
from src.evaluation.differential.wording import Answered, chosen_words, own_words, said_alike, topics_of
from src.languages.syntax import literal

_PRINT = re.compile(r"(?i)\b(?:print|display|show|output|log)\w*")
_RETURN = re.compile(r"(?i)\breturn")
_UNCHANGED = re.compile(
    r"(?i)\b(?:not|without|never) (?:be )?(?:chang|modif|mutat|alter)\w*|\bunchanged\b|\ba copy\b"
    r"|\bnew (?:list|dict|array|set)"
)
_IN_PLACE = re.compile(r"(?i)\bin[- ]place\b|\bmodif(?:y|ies) the\b")
_ORDER = re.compile(
    r"(?i)\b(?:order|sort|first|last|revers|ascend|descend|position|same sequence|alphabet|rank|left|right)\w*"
)
_BOOLEAN = re.compile(r"\b(?:True|False|[Bb]ool\w*)\b")
_ROUNDING = re.compile(r"(?i)\b(?:round|decimal|precision|nearest|digits?\b)\w*")
_CASE = re.compile(r"(?i)\b(?:upper|lower|capital|small|title)\w*|\bcase\b")
_LAYOUT = re.compile(
    r"(?i)\b(?:number(?:ed|ing)|enumerat\w*|index\w*|rank\w*|position\w*|separat\w*|space[sd]?|commas?|dash\w*|hyphen\w*|columns?"
    r"|tables?|formatt?\w*|prefix\w*|between|join\w*|concatenat\w*|in (?:one|a single) line)\b"
)
OUT_OF_TIME = ("timeout", WAITED)


@dataclass(frozen=True)
class Rules:
    """What of a program's behaviour the task holds an answer to."""

    ordered: bool = True  # False: lists are made from sets, and their order means nothing
    rounded: bool = False  # the reference rounds of its own accord: at its precision other numbers are equal
    rounds_to: int = (
        0  # decimals to which the answer rounds of its own accord, where the reference does not round
    )
    raised: frozenset[str] = frozenset()  # errors that the answer raises itself
    refuses: bool = False  # the reference raises errors itself: what it gives, it does not refuse
    lines_ordered: bool = (
        True  # False: the reference prints a line for each key, and the task says nothing of order
    )
    returns_none: bool = False  # the answer returns what `sort()` and the like give
    must_print: bool = False
    must_return: bool = False
    names_none: bool = False  # the task names None: a method that gives it ends
    must_be_bool: bool = False  # the task names True or False
    must_not_change: bool = False  # its arguments
    in_place: bool = False  # the task wants its arguments changed
    quiet: frozenset[str] = frozenset()  # methods that change their object: what they print is a remark
    reports: frozenset[str] = frozenset()  # of these, those whose return values are remarks too
    chains: bool = False  # the task wants calls that can be chained
    error_names: str = ""  # the instruction, where it names errors
    free_words: frozenset[str] = frozenset()  # of the reference's own, in small letters
    laid_out: bool = False  # the task says how lines are numbered, or what parts things
    topics: frozenset[str] = frozenset()  # what the reference's functions are about, by their names
    words: Mapping[str, bool] = field(default_factory=dict)  # the reference's own texts (wording.py)

    def for_answer(self, answer: ast.Module, instruction: str) -> Rules:
        """The rules for an answer that rounds, or makes lists from sets, where the task says nothing of it."""
        free = self.ordered and not _ORDER.search(instruction) and iterates_set(answer)
        rounds_to = 0 if self.rounded or _ROUNDING.search(instruction) else _decimals(answer)
        return dataclasses.replace(
            self, ordered=self.ordered and not free, rounds_to=rounds_to, raised=raised_names(answer),
            returns_none=returns_change(answer),
        )  # fmt: skip

    def same_value(self, expected: Any, actual: Any) -> bool:
        within = 0.5000001 * 10.0**-self.rounds_to if self.rounds_to else 0.0
        return same_value(expected, actual, self.ordered, self.rounded, within)

    def same_printed(self, expected: str, actual: str) -> bool:
        ordered = self.ordered and self.lines_ordered
        return same_printed(expected, actual, ordered, self.free_words, self.laid_out)


def rules_of(instruction: str, reference: ast.Module, input: str = "") -> Rules:
    """The rules that a task sets."""
    source = ast.unparse(reference)
    return Rules(
        ordered=not iterates_set(reference),
        refuses=bool(raised_names(reference)),
        rounded=bool(re.search(r"\bround\(", source)) and not _ROUNDING.search(instruction),
        lines_ordered=bool(_ORDER.search(instruction)) or not prints_by_key(reference),
        must_print=bool(_PRINT.search(instruction)),
        must_return=bool(_RETURN.search(instruction)),
        must_be_bool=bool(_BOOLEAN.search(instruction)),
        must_not_change=bool(_UNCHANGED.search(instruction)),
        error_names=instruction if re.search(r"\w(?:Error|Exception)\b", instruction) else "",
        in_place=bool(_IN_PLACE.search(instruction)),
        chains=bool(re.search(r"(?i)\bchain(?:ed|able|ing)\b", instruction)),
        quiet=changing_methods(reference),
        names_none=bool(re.search(r"\bNone\b", instruction)),
        reports=frozenset() if _RETURN.search(instruction) else reporting_methods(reference),
        free_words=frozenset()
        if _CASE.search(instruction)
        else chosen_words(reference, f"{instruction}\n{input}"),
        laid_out=bool(_LAYOUT.search(instruction)),
        topics=topics_of(reference),
        words=own_words(reference, f"{instruction}\n{input}"),
    )


def _decimals(answer: ast.Module) -> int:
    """To how many decimals, at least two, a program rounds; 0 where it does not."""
    calls = [node for node in ast.walk(answer) if isinstance(node, ast.Call) and len(node.args) == 2]
    digits = [literal(ast.unparse(call.args[1])) for call in calls if ast.unparse(call.func) == "round"]
    return min((n for n in digits if isinstance(n, int) and 2 <= n <= 12), default=0)


def call_difference(rules: Rules, calls: Sequence[Call], expected: ProbeRecord, actual: ProbeRecord) -> str:
    """The first call on which the answer does something else; "" where there is none."""
    differences = [
        "" if left["error"] in OUT_OF_TIME else _result_difference(rules, arguments, left, right)
        for (_, arguments), left, right in zip(calls, expected["calls"], actual["calls"], strict=True)
    ]
    if not any(differences):
        return ""
    answered = [
        Answered(arguments, left, right, not difference)
        for (_, arguments), left, right, difference in zip(
            calls, expected["calls"], actual["calls"], differences, strict=True
        )
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


def shown_call(name: str, arguments: Sequence[str]) -> str:
    return f"{name}({', '.join(arguments)})"[:200]


def _result_difference(
    rules: Rules, arguments: Sequence[str], expected: ProbeRecord, actual: ProbeRecord
) -> str:
    if expected["error"] or actual["error"]:
        same = expected["error"] == actual["error"]
        both = bool(expected["error"] and actual["error"]) and actual["error"] not in OUT_OF_TIME
        if same or (both and expected["error"] not in rules.error_names):
            return ""
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
        return _session_difference(rules, made, steps, value[1], actual["value"])
    if rules.same_value(value, actual["value"]):
        said_too = rules.must_print and shown(expected).strip()
        same = not said_too or rules.same_printed(shown(expected), shown(actual))
        return "" if same else "prints something else"
    if actual["value"] == ["n"] and not rules.must_return and not rules.returns_none:
        if _prints_value(rules, value, arguments, actual):
            return ""
        left = actual["changed"] or [describe(literal(source)) for source in arguments]
        left = [argument for argument in left if argument[0] in "ldS"]  # what can be changed in place
        if any(rules.same_value(value, argument) for argument in left):
            return ""
    return "another value"


def _prints_value(rules: Rules, value: list[Any], arguments: Sequence[str], result: ProbeRecord) -> bool:
    text, printed = text_of(value), shown(result)
    if text is None or not result["stdout"]:
        return False
    return (
        not text.strip()
        if not printed.strip()
        else rules.same_printed(text, printed) or shows(text, printed, arguments)
    )


def _effect_difference(rules: Rules, expected: ProbeRecord, actual: ProbeRecord) -> str:
    """Of a call that returns nothing: what it prints and changes is what it is for."""
    if shown(expected).strip():
        text = text_of(actual["value"]) if actual["value"] else None
        returned = not rules.must_print and not shown(actual).strip() and text is not None
        printed = str(text) if returned else shown(actual)
        if not rules.same_printed(shown(expected), printed):
            return "prints something else"
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


def _session_difference(
    rules: Rules,
    made: Sequence[object],
    steps: Sequence[tuple[str, Sequence[object]]],
    expected: list[Any],
    actual: Any,
) -> str:
    """Of a session with a class: what its steps return or print decides, but for what is said where one changes something."""
    given = " ".join(v for values in (made, *(own for _, own in steps)) for v in values if isinstance(v, str))
    if not is_session(actual) or len(actual[1]) != len(expected):
        return "another session"
    for at, ((how, value), (other_how, other)) in enumerate(zip(expected, actual[1], strict=True)):
        name = steps[at][0]
        if other_how == "raised" and how == "returned" and value == ["n"] and rules.names_none:
            return f"raises in step {at + 1}"
        if name[0] in "?_" and other == ["u"]:  # it has no attributes of those names
            continue
        if rules.chains and _holds_object(value) and other == ["n"]:
            return f"gives no object in step {at + 1}"
        remark = (how == "printed" and name in rules.quiet) or (name in rules.reports and _is_remark(other))
        if remark and how == "printed" and rules.must_print and (other_how, other) == ("returned", ["n"]):
            return f"says nothing in step {at + 1}"
        free = remark or how == "raised" or not is_discriminating(value) or _holds_object(value)
        if free or rules.same_value(value, other):
            continue
        texts = [str(text_of(v)) if v and v[0] != "s" else str(v[1]) for v in (value, other)]
        printed = "printed" in (how, other_how) and other_how != "raised"
        if name in ("__str__", "__repr__") and _same_facts(texts[0], texts[1], given):
            continue
        if not printed or (how == "returned" and rules.must_return) or not rules.same_printed(*texts):
            return f"another result of step {at + 1}"
    return ""


def _same_facts(expected: str, actual: str, given: str) -> bool:
    """Whether two texts that show an object, of which the first has words, have the same numbers and words of what was given to it."""
    numbers = [re.findall(r"\d+(?:\.\d+)?", text) for text in (expected, actual)]
    data, first, second = ({*re.findall(r"[^\W\d_]+", text.lower())} for text in (given, expected, actual))
    return bool(first) and data & first <= second and numbers[0] == numbers[1] != []


def _is_remark(described: list[Any] | None) -> bool:
    """Whether this is what a method says that has done its work: nothing, a text, or that it is done."""
    return described is None or described[0] in "nsb"


def _holds_object(described: list[Any]) -> bool:
    """Whether a value is, or holds, an object of the program's own class: what its fields are called is its own affair."""
    return '["o", ' in json.dumps(described)


def script_difference(rules: Rules, by_last_value: bool, expected: ProbeRecord, actual: ProbeRecord) -> str:
    """How the run of one script differs from that of another; "" where it does not.

    What a script assigns last may be printed, and what is printed may be assigned unless the task asks for print.
    """
    if not _same_files(expected["files"], actual["files"], rules.ordered):
        return "writes other files"
    left, right = expected["module"], actual["module"]
    if by_last_value:
        text = text_of(left["last"])
        if rules.same_value(left["last"], right["last"]):
            return ""
        printed = text is not None and bool(shown(right).strip()) and rules.same_printed(text, shown(right))
        return "" if printed else "ends with another value"
    if rules.same_printed(shown(left), shown(right)):
        return ""
    text = text_of(right["last"]) if not right["stdout"].strip() and not rules.must_print else None
    return "" if text is not None and rules.same_printed(shown(left), text) else "prints something else"


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
