"""Decides whether a Python program behaves as its reference does, by running both on the same inputs."""

from __future__ import annotations

import ast
import functools
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.data.syntax import parse_python
from src.evaluation import probe_inputs
from src.evaluation.extraction import extract
from src.evaluation.probe_files import files_for
from src.evaluation.probe_inputs import Arguments
from src.evaluation.program_source import (
    entry_functions,
    is_interactive,
    iterates_set,
    matched_functions,
    names_in,
    setup_program,
)
from src.evaluation.values import same_numbers, same_text, same_value, well_formed
from src.schema import Execution, Sample

if TYPE_CHECKING:
    from src.evaluation.sandbox import Sandbox

MAX_CALLS = 24  # a function
KNOWN_REFERENCES = 256  # references kept, so that comparing a second model does not run them again

Call = tuple[str, Arguments]
Record = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What both programs find when they start."""

    setup: str  # a program that runs first
    files: dict[str, str]  # name -> content, in the working folder


@dataclass(frozen=True)
class Behaviour:
    """What a reference does on inputs that were found for it, or why that decides nothing."""

    reason: str  # "": comparable; otherwise why there is no verdict
    files: dict[str, str] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    record: Record = field(default_factory=dict)
    ordered: bool = True  # False: it makes lists from sets, whose order means nothing
    by_last_value: bool = (
        False  # it prints and defines nothing, so the value of its last statement is its result
    )


def compare(sandbox: Sandbox, sample: Sample, code: str) -> Execution | None:
    """The verdict on `code` against the sample's reference; None where the reference allows none."""
    behaviour = reference_behaviour(sandbox, sample)
    if behaviour.reason:
        return None
    tree = parse_python(code)
    if tree is None:
        return Execution("error", "SyntaxError")
    reference_tree = parse_python(reference_program(sample.reference))
    assert reference_tree is not None
    names = matched_functions(reference_tree, tree, {name for name, _ in behaviour.calls})
    missing = [name for name, _ in behaviour.calls if name not in names]
    if missing:
        return Execution("failed", f"no function {missing[0]}")
    calls = [(names[name], arguments) for name, arguments in behaviour.calls]
    inputs = Inputs(setup_program(sample.input), behaviour.files)
    execution, record = _probe(sandbox, inputs, code, calls, seed=1)
    if record is None:
        if execution.outcome == "passed":
            return _with(execution, "failed", "ended before its results were read")
        return execution
    if record["module"]["error"]:
        return _raised(execution, record["module"]["error"])
    difference = _difference(behaviour, record)
    return _with(execution, "failed" if difference else "passed", difference)


def reference_behaviour(sandbox: Sandbox, sample: Sample) -> Behaviour:
    """What the sample's reference does; computed once for each reference and input."""
    return _behaviour(_Key(sandbox), reference_program(sample.reference), sample.input, sample.instruction)


def reference_program(reference: str) -> str:
    """The code of a reference: some data sets keep the fences of the chat it came from."""
    return reference if parse_python(reference) is not None else extract(reference, "python").code


class _Key:
    """Hands the sandbox to the cached function without being part of what is looked up."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(KNOWN_REFERENCES)
def _behaviour(key: _Key, reference: str, input: str, instruction: str) -> Behaviour:
    sandbox, tree = key.sandbox, parse_python(reference)
    if tree is None or not tree.body:
        return Behaviour("reference does not parse")
    if is_interactive(tree):
        return Behaviour("reference is interactive")
    inputs = Inputs(setup_program(input), files_for(reference, input))
    execution, alone = _probe(sandbox, inputs, reference, (), seed=1, record_calls=True)
    if alone is None or alone["module"]["error"]:
        return Behaviour("reference does not run")
    functions = entry_functions(tree)
    texts = (input, instruction, reference)
    tried = [
        (function.name, arguments)
        for function in functions
        for arguments in probe_inputs.candidates(function, alone["seen"].get(function.name, ()), texts)
    ]
    record, calls = alone, []
    if tried:
        _, found = _probe(sandbox, inputs, reference, tried, seed=1)
        results = found["calls"] if found else []
        calls = _telling_calls(tree, tried, results)
        _, record = _probe(sandbox, inputs, reference, calls, seed=1)
    _, again = _probe(sandbox, inputs, reference, calls, seed=2)
    if record is None or again is None:
        return Behaviour("reference does not end")
    behaviour = Behaviour("", inputs.files, tuple(calls), record, not iterates_set(tree))
    if _difference(behaviour, again) or not same_numbers(json.dumps(record), json.dumps(again)):
        return Behaviour("reference is not deterministic")
    if calls or record["module"]["stdout"].strip() or record["files"]:
        return behaviour
    if not functions and _is_telling(record["module"]["last"]):
        return Behaviour("", inputs.files, (), record, behaviour.ordered, by_last_value=True)
    return Behaviour("reference shows no behaviour")


def _probe(
    sandbox: Sandbox,
    inputs: Inputs,
    program: str,
    calls: Sequence[Call],
    seed: int,
    record_calls: bool = False,
) -> tuple[Execution, Record | None]:
    """Run the probe in the sandbox; its record, or None where the program left none."""
    mark = f"probe-{secrets.token_hex(8)} "
    plan = {
        "setup": inputs.setup,
        "files": inputs.files,
        "program": program,
        "calls": calls,
        "seed": seed,
        "mark": mark,
        "record_calls": record_calls,
    }
    execution = sandbox.python(f"PLAN_JSON = {json.dumps(plan)!r}\n{_probe_source()}")
    at = execution.stdout.rfind(mark)
    if at < 0:
        return execution, None
    try:
        record = json.loads(execution.stdout[at + len(mark) :].split("\n", 1)[0])
    except (ValueError, RecursionError):
        return execution, None
    return execution, record if _is_record(record, len(calls)) else None


def _is_record(record: Any, calls: int) -> bool:
    """Whether a record is the probe's, as far as its shape goes."""
    if not isinstance(record, dict) or not {"module", "calls", "files", "seen"} <= record.keys():
        return False
    module, results, files = record["module"], record["calls"], record["files"]
    if not isinstance(module, dict) or not isinstance(results, list) or not isinstance(files, dict):
        return False
    if not all(
        isinstance(text, str) for text in [module.get("error"), module.get("stdout"), *files.values()]
    ):
        return False
    if not well_formed(module.get("last")) or len(results) != (0 if module["error"] else calls):
        return False
    return all(isinstance(result, dict) and _is_result(result) for result in results)


def _is_result(result: Record) -> bool:
    value, changed = result.get("value"), result.get("changed")
    return (
        isinstance(result.get("error"), str)
        and isinstance(result.get("stdout"), str)
        and (value is None or well_formed(value))
        and (changed is None or (isinstance(changed, list) and all(map(well_formed, changed))))
    )


@functools.cache
def _probe_source() -> str:
    return Path(__file__).with_name("probe.py").read_text(encoding="utf-8")


def _with(execution: Execution, outcome: str, detail: str) -> Execution:
    return Execution(
        outcome, detail, "", execution.stderr, execution.wall_s, execution.cpu_s, execution.peak_mib
    )


def _raised(execution: Execution, error: str) -> Execution:
    return _with(execution, "timeout" if error == "timeout" else "error", error)


def _difference(behaviour: Behaviour, record: Record) -> str:
    """The first thing that `record` does otherwise than the reference; "" where there is none."""
    expected, ordered = behaviour.record, behaviour.ordered
    if record["module"]["error"]:
        return f"raises {record['module']['error']}"
    if not same_text(expected["module"]["stdout"], record["module"]["stdout"], ordered):
        return "prints something else"
    if behaviour.by_last_value and not same_value(
        expected["module"]["last"], record["module"]["last"], ordered
    ):
        return "ends with another value"
    if not _same_files(expected["files"], record["files"], ordered):
        return "writes other files"
    for (name, arguments), wanted, got in zip(
        behaviour.calls, expected["calls"], record["calls"], strict=True
    ):
        shown = f"{name}({', '.join(arguments)})"[:200]
        if wanted["error"] != got["error"]:
            return f"{shown}: raises {got['error'] or 'nothing'}"
        if wanted["error"] == "timeout":
            continue
        if not same_value(wanted["value"], got["value"], ordered):
            return f"{shown}: another value"
        if not same_text(wanted["stdout"], got["stdout"], ordered):
            return f"{shown}: prints something else"
        if not _same_changes(wanted["changed"], got["changed"], ordered):
            return f"{shown}: changes its arguments otherwise"
    return ""


def _same_files(wanted: dict[str, str], got: dict[str, str], ordered: bool) -> bool:
    return wanted.keys() == got.keys() and all(same_text(wanted[name], got[name], ordered) for name in wanted)


def _same_changes(wanted: list[Any] | None, got: list[Any] | None, ordered: bool) -> bool:
    """A reference that leaves its arguments alone does not forbid an answer to sort them in place."""
    return wanted is None or (
        got is not None
        and len(wanted) == len(got)
        and all(same_value(a, b, ordered) for a, b in zip(wanted, got, strict=True))
    )


def _telling_calls(tree: ast.Module, tried: Sequence[Call], results: Sequence[Record]) -> list[Call]:
    """Of the calls tried on the reference, those that show what it does, at most MAX_CALLS a function.

    Calls of one combination of kinds only, as far as those suffice: `add(a, b)` also joins lists, but
    nobody asked for that. An error counts only where the reference raises it itself.
    """
    raised = {
        name for node in ast.walk(tree) if isinstance(node, ast.Raise) for name in names_in(node.exc)
    } - {
        "Exception",
        "TypeError",
    }
    chosen: list[Call] = []
    for function in dict.fromkeys(name for name, _ in tried):
        told: list[tuple[Call, str]] = []
        for call, result in zip(tried, results, strict=False):
            if call[0] != function or not _shows(result, raised):
                continue
            told.append((call, json.dumps(result)))
        if not any(not json.loads(result)["error"] for _, result in told):
            continue
        chosen += _varied_results(told)
    return chosen


def _varied_results(told: Sequence[tuple[Call, str]]) -> list[Call]:
    """Calls of the kinds that came first, those with results not seen before ahead of the others."""
    allowed: list[tuple[str, ...]] = []
    for call, result in told:
        kinds = probe_inputs.kinds_of(call[1])
        enough = len({r for c, r in told if probe_inputs.kinds_of(c[1]) in allowed}) >= 5
        if kinds not in allowed and not enough and not json.loads(result)["error"]:
            allowed.append(kinds)
    fitting = [(call, result) for call, result in told if probe_inputs.kinds_of(call[1]) in allowed]
    first: dict[str, Call] = {}
    for call, result in fitting:
        first.setdefault(result, call)
    rest = [call for call, _ in fitting if call not in first.values()]
    return [*first.values(), *rest][:MAX_CALLS]


def _shows(result: Record, raised: set[str]) -> bool:
    if result["error"]:
        return result["error"] in raised
    return _is_telling(result["value"]) or bool(result["stdout"].strip()) or result["changed"] is not None


def _is_telling(described: list[Any] | None) -> bool:
    return described is not None and described[0] not in "nu"
