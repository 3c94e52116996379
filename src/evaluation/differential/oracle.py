"""Decides whether a Python program behaves as its reference does, by running both on the same inputs."""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from src.evaluation.differential import input_generation
from src.evaluation.differential.equality import same_numbers, same_text, same_value
from src.evaluation.differential.file_fixtures import files_for
from src.evaluation.differential.input_selection import discriminating_calls, is_discriminating
from src.evaluation.differential.probe_runner import Call, Inputs, ProbeRecord, run_probe
from src.evaluation.differential.program_analysis import (
    entry_functions,
    is_interactive,
    iterates_set,
    matched_functions,
    shows_addresses,
)
from src.evaluation.extraction.extract import extract
from src.languages.python import setup_program
from src.languages.syntax import parse_python
from src.sandbox.outcome import one_line
from src.schema import Execution, Sample

if TYPE_CHECKING:
    from src.sandbox.sandbox import Limits, Sandbox

CACHED_REFERENCES = 2048  # so that a second model's answers do not run them again; some kB each
NOT_RUN = "not run: "  # prefix of the reason where there is no sandbox


@dataclass(frozen=True)
class Behaviour:
    """What a reference does on inputs that were found for it, or why that decides nothing."""

    reason: str  # "": comparable; otherwise why there is no verdict
    files: dict[str, str] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    record: ProbeRecord = field(default_factory=dict)
    ordered: bool = True  # False: it makes lists from sets, whose order means nothing
    by_last_value: bool = False  # it prints and defines nothing: its last statement's value is its result


def judge_by_reference(sandbox: Sandbox, sample: Sample, code: str) -> Execution | None:
    """The verdict on `code` against the sample's reference; None where the reference allows none."""
    behaviour = reference_behaviour(sandbox, sample)
    if behaviour.reason.startswith(NOT_RUN):
        return Execution("not_run", behaviour.reason.removeprefix(NOT_RUN))
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
    execution, record = run_probe(sandbox, inputs, code, calls, ordered=behaviour.ordered)
    if record is None:
        if execution.outcome == "passed":
            return _with_outcome(execution, "failed", "ended before its results were read")
        return execution
    if record["module"]["error"]:
        return _raised(execution, record["module"])
    difference = _difference(behaviour, record)
    return _with_outcome(execution, "failed" if difference else "passed", difference)


def reference_behaviour(sandbox: Sandbox, sample: Sample) -> Behaviour:
    """What the sample's reference does; computed once for each reference and input."""
    try:
        return _behaviour(
            _Key(sandbox.limits, sandbox),
            reference_program(sample.reference),
            sample.input,
            sample.instruction,
        )
    except _NotRunError as stopped:
        return Behaviour(f"{NOT_RUN}{stopped}")


def reference_program(reference: str) -> str:
    """The code of a reference: some data sets keep the Markdown fences of a chat."""
    return reference if parse_python(reference) is not None else extract(reference, "python").code


class _NotRunError(Exception):
    """There is no sandbox: nothing is known of the reference, and nothing may be cached."""


@dataclass(frozen=True)
class _Key:
    """Passes the sandbox to the cached function; only its limits are part of the cache key."""

    limits: Limits
    sandbox: Sandbox = field(compare=False)


@functools.lru_cache(CACHED_REFERENCES)
def _behaviour(key: _Key, reference: str, input: str, instruction: str) -> Behaviour:
    sandbox, tree = key.sandbox, parse_python(reference)
    if tree is None or not tree.body:
        return Behaviour("reference does not parse")
    if is_interactive(tree):
        return Behaviour("reference is interactive")
    inputs = Inputs(setup_program(input), files_for(reference, input))
    # Half the time that an answer gets, so that what the reference does in time, equal programs do too.
    execution, first = run_probe(sandbox, inputs, reference, share=0.5, record_calls=True)
    if execution.outcome == "not_run":
        raise _NotRunError(execution.detail)
    if first is None or first["module"]["error"]:
        return Behaviour("reference does not run")
    calls = _discriminating_calls(
        sandbox, inputs, reference, tree, first["seen"], (input, instruction, reference)
    )
    ordered = not iterates_set(tree)
    _, record = run_probe(sandbox, inputs, reference, calls, ordered=ordered)
    _, again = run_probe(sandbox, inputs, reference, calls, seed=2, ordered=ordered)
    if record is None or again is None:
        return Behaviour("reference does not end")
    if record["module"]["error"]:  # it did run the first time
        return Behaviour("reference is not deterministic")
    behaviour = Behaviour("", inputs.files, calls, record, ordered)
    if shows_addresses(tree) or _difference(behaviour, again) or not _same_numbers(record, again):
        return Behaviour("reference is not deterministic")
    if calls or record["module"]["stdout"].strip() or record["files"]:
        return behaviour
    if not entry_functions(tree) and is_discriminating(record["module"]["last"]):
        return dataclasses.replace(behaviour, by_last_value=True)
    return Behaviour("reference shows no behaviour")


def _discriminating_calls(
    sandbox: Sandbox,
    inputs: Inputs,
    reference: str,
    tree: ast.Module,
    seen: ProbeRecord,
    texts: Sequence[str],
) -> tuple[Call, ...]:
    """Calls of the reference's entry functions that show what they do, found by trying many."""
    tried = [
        (function.name, arguments)
        for function in entry_functions(tree)
        for arguments in input_generation.candidates(function, seen.get(function.name, ()), texts)
    ]
    _, found = run_probe(sandbox, inputs, reference, tried, share=0.5) if tried else (None, None)
    return tuple(discriminating_calls(tree, tried, found["calls"])) if found else ()


def _same_numbers(record: ProbeRecord, again: ProbeRecord) -> bool:
    """Whether two runs of one program show exactly the same numbers: the tolerance is for other programs."""
    shown = [json.dumps({key: run[key] for key in ("module", "calls", "files")}) for run in (record, again)]
    return same_numbers(*shown)


def _with_outcome(execution: Execution, outcome: str, detail: str) -> Execution:
    return dataclasses.replace(execution, outcome=outcome, detail=one_line(detail), stdout="")


def _raised(execution: Execution, module: ProbeRecord) -> Execution:
    error, message = module["error"], module["message"]
    outcome = "timeout" if error == "timeout" else "error"
    return _with_outcome(execution, outcome, f"{error}: {message}" if message else error)


def _difference(behaviour: Behaviour, record: ProbeRecord) -> str:
    """The first difference of `record` from the reference's; "" where there is none."""
    reference, ordered = behaviour.record, behaviour.ordered
    if record["module"]["error"]:
        return f"raises {record['module']['error']}"
    if not same_text(reference["module"]["stdout"], record["module"]["stdout"], ordered):
        return "prints something else"
    last = reference["module"]["last"], record["module"]["last"]
    if behaviour.by_last_value and not same_value(*last, ordered):
        return "ends with another value"
    if not _same_files(reference["files"], record["files"], ordered):
        return "writes other files"
    results = zip(behaviour.calls, reference["calls"], record["calls"], strict=True)
    for (name, arguments), expected, actual in results:
        shown = f"{name}({', '.join(arguments)})"[:200]
        if expected["error"] != actual["error"]:
            return f"{shown}: raises {actual['error'] or 'nothing'}"
        if expected["error"] == "timeout":
            continue
        if not same_value(expected["value"], actual["value"], ordered):
            return f"{shown}: another value"
        if not same_text(expected["stdout"], actual["stdout"], ordered):
            return f"{shown}: prints something else"
        if not _same_changes(expected["changed"], actual["changed"], ordered):
            return f"{shown}: changes its arguments otherwise"
    return ""


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
