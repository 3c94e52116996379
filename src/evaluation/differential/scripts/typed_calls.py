"""Holds a script that reads input against a function: it is typed the arguments of calls, in each way that it may want."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.equivalence.agreement import shown_call
from src.evaluation.differential.equivalence.printed import text_of
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.equivalence.wording import Answered, said_alike
from src.evaluation.differential.inputs.input_generation import kinds_of
from src.evaluation.differential.inputs.input_selection import is_session
from src.evaluation.differential.probe_runner import Call, ProbeRecord
from src.evaluation.differential.scripts.cross_form import first_shown
from src.evaluation.differential.scripts.typed_lines import ways_to_type
from src.schema import Execution

MAX_TYPED = 20  # calls
FIRST = 4  # of which one at least is shown, where a script is typed what it wants
TYPABLE_SHARE = (
    0.25  # of the calls: a way that fits fewer is for other values, as digits in a row for numbers
)
UNREAD = ("ValueError", "EOFError")  # what a script raises that wants something else typed
Run = Callable[[str], tuple[Execution, ProbeRecord | None]]  # of a script that is typed this


@dataclass(frozen=True)
class Typed:
    """The last run of a script that was typed the arguments of several calls."""

    execution: Execution
    record: ProbeRecord
    difference: str  # the first call whose result it does not show; "" where it shows all


def on_typed_calls(
    rules: Rules, script: ast.Module, calls: Sequence[Call], results: Sequence[ProbeRecord], run: Run
) -> Typed | None:
    """What comes of the way of typing in which a script shows what the reference gives, on calls with several results.

    Where there is none, of one in which it shows some of it. None where the script takes the arguments in no way.
    """
    places = _places(calls, results)
    found = None
    for texts in ways_to_type(script, [calls[at][1] for at in places]):
        able = [(at, text) for at, text in zip(places, texts, strict=True) if text is not None]
        if len(able) < TYPABLE_SHARE * len(places):
            continue
        able = able[:MAX_TYPED]
        if len({_result(results[at]) for at, _ in able}) < 2:
            continue
        typed = _typed(rules, [(calls[at], results[at], text) for at, text in able], run)
        if typed and not typed.difference:
            return typed
        found = found or typed
    return found


def _places(calls: Sequence[Call], results: Sequence[ProbeRecord]) -> list[int]:
    """Calls of the usual kind: the first with each result, then the others."""
    usual = Counter(kinds_of(arguments) for _, arguments in calls).most_common(1)[0][0]
    places = [
        at
        for at, result in enumerate(results)
        if not result["error"] and _is_printable(result["value"]) and kinds_of(calls[at][1]) == usual
    ]
    first: dict[str, int] = {}
    for at in places:
        first.setdefault(_result(results[at]), at)
    return list(dict.fromkeys([*first.values(), *places]))


def _result(result: ProbeRecord) -> str:
    """What a call gives or prints."""
    return json.dumps([result[part] for part in ("value", "stdout", "changed")])


def _is_printable(value: list[Any]) -> bool:
    """Not so a number of a thousand digits, or what a session gives."""
    return not is_session(value) and (value == ["n"] or text_of(value) is not None)


def _typed(rules: Rules, able: Sequence[tuple[Call, ProbeRecord, str]], run: Run) -> Typed | None:
    """None where the script cannot read one of these calls, or shows what none of the first ones gives."""
    answered: list[Answered] = []
    last = None
    for (_, arguments), result, text in able:
        execution, record = run(text)
        error = record["module"]["error"] if record else ""
        if record is None or error in UNREAD or (error and not answered):
            return None
        same = not error and first_shown(rules, [arguments], [result], record)
        answered.append(Answered(arguments, result, _as_call(record), same))
        last = execution, record
        if len(answered) == FIRST and not any(call.same for call in answered) and not _agree(rules, answered):
            return None
    if last is None:
        return None
    if _agree(rules, answered):
        return Typed(*last, "")
    if not any(call.same for call in answered):
        return None
    name, arguments = able[[call.same for call in answered].index(False)][0]
    return Typed(*last, f"typed in {shown_call(name, arguments)}: another value")


def _agree(rules: Rules, answered: Sequence[Answered]) -> bool:
    """Whether a script shows all results, or says them in words of its own: to print is what a script is for."""
    return all(call.same for call in answered) or said_alike(
        answered, rules.words, rules.raised, rules.must_print, False, rules.must_be_bool
    )


def _as_call(record: ProbeRecord) -> ProbeRecord:
    """The run of a script as a call that returns nothing."""
    return {**record["module"], "value": ["n"], "changed": None}
