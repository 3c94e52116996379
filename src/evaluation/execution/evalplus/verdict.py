"""Decides whether a program returns what the reference returns on every input, first the base's, then the plus ones."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import marshal
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.evaluation.benchmarks.calls import Arguments, Calls, parse_calls
from src.evaluation.execution.evalplus.equality import Comparison
from src.evaluation.execution.evalplus.values import Digest, decoded
from src.sandbox.outcome import one_line
from src.sandbox.sandbox import Sandbox, SandboxKey
from src.schema import Execution

# As EvalPlus 0.3.1 has them, in processor time here: of one call, and of all calls of a set of inputs.
CALL_S, CALL_FACTOR = 1.0, 4.0
TOTAL_S, TOTAL_FACTOR = 60.0, 2.0
REFERENCE_S = 120.0
WAIT_FACTOR = 2.0  # wall time for each second of processor time
MEMORY_MIB = 4096  # some references build lists of 100 MB and more
OUTPUT_BYTES = 64 << 20
CACHED_REFERENCES = 8  # completions of one task follow each other


@dataclass(frozen=True)
class _Expected:
    """What the reference returned, or why it did not."""

    problem: Execution | None
    values: tuple[Any, ...] = ()
    slowest_s: float = 0.0
    total_s: float = 0.0


def judge_calls(sandbox: Sandbox, tests: str, reference: str, program: str) -> Execution:
    """The verdict on `program` by the calls that `tests` are, against the program `reference`.

    Its `base` is the outcome on the base inputs alone; where they are not passed, the others are not tried.
    """
    base = verdict = _judge_part(sandbox, tests, "base", reference, program)
    if base.outcome == "passed":
        verdict = _judge_part(sandbox, tests, "plus", reference, program)
    return dataclasses.replace(verdict, base=base.outcome)


def _judge_part(sandbox: Sandbox, tests: str, part: str, reference: str, program: str) -> Execution:
    calls = parse_calls(tests)
    assert calls is not None
    expected = _expected(SandboxKey(sandbox.limits, sandbox), tests, part, reference)
    if expected.problem:
        return dataclasses.replace(expected.problem, outcome="not_run", detail="reference does not run")
    inputs: list[Arguments] = getattr(calls, part)
    call_s = max(CALL_S, CALL_FACTOR * expected.slowest_s)
    total_s = max(TOTAL_S, TOTAL_FACTOR * expected.total_s)
    execution, record = _run(sandbox, calls, inputs, program, call_s, total_s)
    if record is None:
        failed = execution.outcome == "passed"
        detail = "ended before its results were read" if failed else execution.detail
        return _verdict(execution, "failed" if failed else execution.outcome, f"{part}: {detail}")
    comparison = Comparison(calls)
    for place, actual in enumerate(record.values):
        pair = expected.values[place], actual
        if any(isinstance(value, Digest) for value in pair):
            if pair[0] == pair[1]:
                continue
            pair = _in_full(sandbox, tests, part, place, reference, program)
        if not comparison.same(inputs[place], *pair):
            return _verdict(execution, "failed", f"{part} input {place + 1}: another value")
    if record.error:
        outcome = "timeout" if record.error == "timeout" else "error"
        return _verdict(execution, outcome, f"{record.error} ({part} input {len(record.values) + 1})")
    return _verdict(execution, "passed", "")


def _in_full(
    sandbox: Sandbox, tests: str, part: str, place: int, reference: str, program: str
) -> tuple[Any, Any]:
    """Both results of one input where digests differ, which values that are equal may: 1 and 1.0, or two sets."""
    calls = parse_calls(tests)
    assert calls is not None
    inputs = [getattr(calls, part)[place]]
    records = [
        _run(sandbox, calls, inputs, source, TOTAL_S, TOTAL_S, whole=True)[1]
        for source in (reference, program)
    ]
    expected, actual = (record.values[0] if record and record.values else None for record in records)
    return expected, actual


@functools.lru_cache(CACHED_REFERENCES)
def _expected(key: SandboxKey, tests: str, part: str, reference: str) -> _Expected:
    calls = parse_calls(tests)
    assert calls is not None
    inputs = getattr(calls, part)
    execution, record = _run(key.sandbox, calls, inputs, reference, REFERENCE_S, REFERENCE_S)
    if record is None or record.error:
        return _Expected(execution)
    return _Expected(None, record.values, record.slowest_s, record.total_s)


@dataclass(frozen=True)
class _Record:
    """What program.py wrote: the results up to the first error, and the processor time of the calls."""

    error: str
    values: tuple[Any, ...]
    slowest_s: float
    total_s: float


def _run(
    sandbox: Sandbox,
    calls: Calls,
    inputs: Sequence[Arguments],
    program: str,
    call_s: float,
    total_s: float,
    whole: bool = False,
) -> tuple[Execution, _Record | None]:
    """Call the program's function on each input, in a sandbox of its own; None where it wrote no record of it."""
    marker = f"calls-{secrets.token_hex(8)} "
    plan = {
        "program": program, "entry_point": calls.entry_point, "marker": marker, "whole": whole, "call_s": call_s,
        "total_s": total_s, "inputs": base64.b64encode(marshal.dumps(list(inputs), 2)).decode("ascii"),
    }  # fmt: skip
    limits = dataclasses.replace(
        sandbox.limits, wall_s=WAIT_FACTOR * total_s, cpu_s=total_s, output_bytes=OUTPUT_BYTES,
        memory_mib=max(MEMORY_MIB, sandbox.limits.memory_mib),
    )  # fmt: skip
    execution = sandbox.python(f"PLAN_JSON = {json.dumps(plan)!r}\n{_program_source()}", limits=limits)
    at = execution.stdout.rfind(marker)
    line = execution.stdout[at + len(marker) :].split("\n", 1)[0] if at >= 0 else ""
    try:
        record = _read(json.loads(line), len(inputs))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        record = None  # the program may have written something in its place
    return dataclasses.replace(execution, stdout=""), record


def _read(record: Any, expected: int) -> _Record:
    """Raises ValueError, TypeError or LookupError where it is no record of so many calls."""
    values, error = tuple(map(decoded, record["results"])), str(record["error"])
    if len(values) > expected or (len(values) < expected and not error):
        raise ValueError(f"{len(values)} results of {expected} calls")
    return _Record(error, values, float(record["slowest_s"]), float(record["total_s"]))


def _verdict(execution: Execution, outcome: str, detail: str) -> Execution:
    return dataclasses.replace(execution, outcome=outcome, detail=one_line(detail))


@functools.cache
def _program_source() -> str:
    return Path(__file__).with_name("program.py").read_text(encoding="utf-8")
