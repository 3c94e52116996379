"""A script against a function of the same task: the function is run on the script's own inputs, where these can be found."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence

from src.evaluation.differential.equivalence.printed import denies, plain, shown, shows, text_of
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.equivalence.wording import answers_question
from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of
from src.evaluation.differential.inputs.shown_arguments import values_in
from src.evaluation.differential.inputs.variation import source_of
from src.evaluation.differential.probe_runner import Call, ProbeRecord
from src.languages.syntax import literal

MAX_TYPED = 6  # calls
_BOOLS = re.compile(r"\b(?:True|False)\b")


def script_inputs(script: ast.Module, names: Sequence[str], input: str) -> list[Arguments]:
    """Arguments for parameters of these names, of a script's own values: by the names, in order, or the sample's."""
    count = len(names)
    if count == 0:
        return [()]
    found: list[Arguments] = []
    assigned = _assigned_literals(script)
    if all(name in assigned for name in names):
        found.append(tuple(assigned[name] for name in names))
    values = list(assigned.values())
    if len(values) >= count:
        found.append(tuple(values[:count]))
    found += values_in(input, count, as_text=True)
    passed = [tuple(call) for call in _literal_calls(script, count)]
    return list(dict.fromkeys([*found, *passed]))[:4]


def typed_inputs(script: ast.Module, input: str) -> list[str]:
    """What a user might type into a program for the same task: the sample's input, values in it, a script's own values."""
    values = [arguments for count in (1, 2, 3) for arguments in values_in(input, count)]
    own = list(_assigned_literals(script).values())
    lines = ["".join(f"{_typed(source)}\n" for source in sources) for sources in (*values, own) if sources]
    return list(dict.fromkeys([*([f"{input}\n"] if input.strip() else []), *lines]))[:4]


def typed(arguments: Arguments) -> str | None:
    """What a user types who is asked for these arguments one by one; None for what nobody types, such as a table."""
    values = [literal(source) for source in arguments]
    plain = all(
        isinstance(value, int | float | str) and not isinstance(value, bool) and "\n" not in str(value)
        for value in values
    )
    return "".join(f"{_typed(source)}\n" for source in arguments) if plain and values else None


def typed_calls(calls: Sequence[Call], results: Sequence[ProbeRecord]) -> list[int]:
    """Places of the calls, of the usual kinds and with different results, whose arguments can be typed."""
    usual = Counter(kinds_of(arguments) for _, arguments in calls).most_common(1)[0][0]
    first: dict[str, int] = {}
    for at, result in enumerate(results):
        if not result["error"] and kinds_of(calls[at][1]) == usual and typed(calls[at][1]) is not None:
            first.setdefault(json.dumps(result["value"]), at)
    return [*first.values()][:MAX_TYPED]


def _typed(source: str) -> str:
    value = literal(source)
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _assigned_literals(script: ast.Module) -> dict[str, str]:
    """Names that a script gives a literal value to at its top, with the literals; no empty ones: they collect."""
    found: dict[str, str] = {}
    for node in script.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            source = ast.unparse(node.value)
            if literal(source) not in (None, 0, "", 0.0) and literal(source) not in ([], {}, (), False):
                found.setdefault(node.targets[0].id, source)
    return found


def _literal_calls(script: ast.Module, count: int) -> list[list[str]]:
    """Literals that a script loops over or works on in place: `for t in ["17:05", "09:30"]`, where one argument is needed."""
    found = []
    for node in ast.walk(script):
        iterated = node.iter if isinstance(node, ast.For | ast.comprehension) else None
        value = literal(ast.unparse(iterated)) if iterated is not None else None
        if count == 1 and isinstance(value, list | tuple | str) and value:
            found.append([source_of(value)])
    return found


def first_shown(
    rules: Rules, inputs: Sequence[Arguments], results: Sequence[ProbeRecord], script: ProbeRecord
) -> bool:
    """Whether a script shows what one of these calls gave or printed."""
    return any(
        _shows_call(rules, arguments, result, script)
        for arguments, result in zip(inputs, results, strict=False)
    )


def _shows_call(rules: Rules, arguments: Arguments, result: ProbeRecord, script: ProbeRecord) -> bool:
    value, printed = result["value"], shown(script["module"])
    if result["error"] or value is None:
        return False
    if value not in (["n"], ["u"]) and _shows_value(rules, arguments, value, script):
        return True
    if value == ["n"] and any(_shows_value(rules, (), left, script) for left in result["changed"] or []):
        return True  # what it changes in place is what it is for
    text = plain(printed)
    if value[0] == "b" and not rules.must_be_bool and answers_question(text, rules.topics):
        return denies(text) is not bool(value[1])
    if value[0] == "b" and {*_BOOLS.findall(text)} == {str(bool(value[1]))}:
        return True
    return bool(shown(result).strip()) and rules.same_printed(printed, shown(result))


def _shows_value(rules: Rules, arguments: Arguments, value: list[object], script: ProbeRecord) -> bool:
    """Whether a script prints this value, or ends with it."""
    printed = shown(script["module"])
    if not printed.strip():
        return rules.same_value(value, script["module"]["last"])
    text = text_of(value)
    return text is not None and (rules.same_printed(text, printed) or shows(text, printed, arguments))
