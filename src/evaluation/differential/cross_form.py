"""A script against a function of the same task: the function is run on the script's own inputs, where these can be found."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from src.evaluation.differential.agreement import Rules, shown
from src.evaluation.differential.equality import same_value
from src.evaluation.differential.inputs.input_generation import Arguments, parameters, values_in
from src.evaluation.differential.printed import same_printed, text_of
from src.evaluation.differential.probe_runner import ProbeRecord
from src.evaluation.differential.program_analysis import Function
from src.languages.syntax import literal


def script_inputs(script: ast.Module, function: Function, input: str) -> list[Arguments]:
    """Arguments that a script's own values make for a function: by the names of its parameters, in order, or the sample's."""
    every, required = parameters(function)
    count = required or min(1, len(every))
    if count == 0:
        return [()]
    found: list[Arguments] = []
    assigned = _assigned_literals(script)
    names = [parameter.arg for parameter in every[:count]]
    if all(name in assigned for name in names):
        found.append(tuple(assigned[name] for name in names))
    values = list(assigned.values())
    if len(values) >= count:
        found.append(tuple(values[:count]))
    found += values_in(input, count, as_text=True)
    passed = [tuple(call) for call in _literal_calls(script, count)]
    return list(dict.fromkeys([*found, *passed]))[:4]


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
            found.append([repr(value)])
    return found


def shows_value(rules: Rules, value: list[object] | None, script: ProbeRecord) -> bool:
    """Whether a script prints this value, or ends with it."""
    module = script["module"]
    if value is None or value in (["n"], ["u"]):
        return False
    if not module["stdout"].strip():
        return same_value(value, module["last"], rules.ordered, rules.rounded)
    text = text_of(value)
    return text is not None and same_printed(text, shown(module), rules.ordered)


def shows_call(rules: Rules, result: ProbeRecord, script: ProbeRecord) -> bool:
    """Whether a script shows what this call gave or printed."""
    if result["error"]:
        return False
    if shows_value(rules, result["value"], script):
        return True
    return bool(shown(result).strip()) and same_printed(shown(script["module"]), shown(result), rules.ordered)


def first_shown(rules: Rules, results: Sequence[ProbeRecord], script: ProbeRecord) -> bool:
    return any(shows_call(rules, result, script) for result in results)
