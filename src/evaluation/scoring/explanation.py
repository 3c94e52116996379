"""Explains the verdict on one sample: the extracted program, the inputs, what both programs did, the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from src.evaluation.differential.equivalence.agreement import shown_call
from src.evaluation.differential.equivalence.printed import text_of
from src.evaluation.differential.oracle import compare_with_reference
from src.evaluation.differential.verdicts import Comparison
from src.evaluation.execution.judge import execute, judge
from src.evaluation.extraction.extract import extract
from src.evaluation.extraction.wanted import wanted_names
from src.sandbox.outcome import printable
from src.sandbox.sandbox import Sandbox
from src.schema import Execution, Sample

MAX_SHOWN = 300  # characters of one value or output


def explain(sample: Sample, sandbox: Sandbox) -> str:
    """The text that --explain prints."""
    code = extract(sample.prediction, sample.language, wanted_names(sample), sample.finish).code
    parts = [
        f"sample {sample.id}, language {sample.language or 'not known'}",
        "",
        "extracted program:",
        code or "(none)",
        "",
    ]
    parts.append(f"run alone: {_outcome(execute(sandbox, sample, code))}")
    if sample.tests or sample.language != "python" or not code.strip():
        parts += ["", "tests:", sample.tests] if sample.tests else []
        parts.append(f"verdict: {_outcome(judge(sandbox, sample, code))}")
    else:
        parts += _against_reference(sandbox, sample, code)
    return printable("\n".join(parts).encode("utf-8", "replace"))


def _against_reference(sandbox: Sandbox, sample: Sample, code: str) -> Iterator[str]:
    comparison = compare_with_reference(sandbox, sample, code)
    yield from ("", "reference:", sample.reference, "")
    if comparison.behaviour.reason:
        yield f"no verdict: {comparison.behaviour.reason}"
        return
    yield from _side_by_side(comparison)
    yield f"verdict: {_outcome(comparison.verdict)}"


def _side_by_side(comparison: Comparison) -> Iterator[str]:
    """Each input with what the reference and the answer did."""
    reference, answer = comparison.behaviour.record, comparison.record
    yield "inputs and results, reference | answer:"
    yield f"  the whole program: {_module(reference)} | {_module(answer)}"
    results = answer["calls"] if answer and answer["calls"] else [None] * len(comparison.behaviour.calls)
    for call, left, right in zip(comparison.behaviour.calls, reference["calls"], results, strict=True):
        yield f"  {shown_call(*call)}: {_result(left)} | {_result(right)}"


def _module(record: dict[str, Any] | None) -> str:
    if record is None:
        return "left no record"
    module = record["module"]
    if module["error"]:
        return f"raises {module['error']}"
    files = f", writes {', '.join(sorted(record['files']))}" if record["files"] else ""
    return f"prints {_cut(json.dumps(module['stdout']))}, ends with {_value(module['last'])}{files}"


def _result(result: dict[str, Any] | None) -> str:
    if result is None:
        return "not called"
    if result["error"]:
        return f"raises {result['error']}"
    printed = f", prints {_cut(json.dumps(result['stdout']))}" if result["stdout"] else ""
    changed = (
        f", changes its arguments to {', '.join(map(_value, result['changed']))}" if result["changed"] else ""
    )
    return f"{_value(result['value'])}{printed}{changed}"


def _value(described: Any) -> str:
    text = text_of(described) if described else None
    return _cut(json.dumps(described) if text is None else repr(text) if described[0] == "s" else text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _outcome(execution: Execution | None) -> str:
    if execution is None:
        return "none: nothing decides"
    return f"{execution.outcome}, {execution.detail}" if execution.detail else execution.outcome
