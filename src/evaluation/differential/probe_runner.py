"""Runs the probe on one Python program in the sandbox and reads the record it wrote."""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.evaluation.differential.equality import well_formed
from src.evaluation.differential.input_generation import Arguments
from src.schema import Execution

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox

# Of the sandbox's wall time, which other programs beside this one may use up: processor time allowed.
MODULE_SHARE, CALL_SHARE, TOTAL_SHARE = 0.3, 0.05, 0.6

Call = tuple[str, Arguments]
# {"module": {error, message, stdout, last}, "calls": [...], "files": {...}, "seen": {...}}
ProbeRecord = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What both programs find when they start."""

    setup: str  # a program that runs first
    files: dict[str, str]  # name -> content, in the working folder


def run_probe(
    sandbox: Sandbox,
    inputs: Inputs,
    program: str,
    calls: Sequence[Call] = (),
    seed: int = 1,
    share: float = 1.0,
    record_calls: bool = False,
) -> tuple[Execution, ProbeRecord | None]:
    """Run the probe in the sandbox; its record, or None where it wrote none.

    share: of the processor time that the program and each of its calls may take.
    """
    wall_s = sandbox.limits.wall_s
    marker = f"probe-{secrets.token_hex(8)} "
    plan = {
        "setup": inputs.setup,
        "files": inputs.files,
        "program": program,
        "calls": calls,
        "seed": seed,
        "marker": marker,
        "record_calls": record_calls,
        "module_s": MODULE_SHARE * share * wall_s,
        "call_s": CALL_SHARE * share * wall_s,
        "total_s": TOTAL_SHARE * share * wall_s,
    }
    execution = sandbox.python(f"PLAN_JSON = {json.dumps(plan)!r}\n{_probe_source()}")
    at = execution.stdout.rfind(marker)
    if at < 0:
        return execution, None
    try:
        record = json.loads(execution.stdout[at + len(marker) :].split("\n", 1)[0])
    except (ValueError, RecursionError):
        return execution, None
    return execution, record if _is_record(record, len(calls)) else None


def _is_record(record: Any, calls: int) -> bool:
    """Whether a record has the shape of the probe's: a program may have written something in its place."""
    if not isinstance(record, dict) or not {"module", "calls", "files", "seen"} <= record.keys():
        return False
    module, results, files = record["module"], record["calls"], record["files"]
    if not isinstance(module, dict) or not isinstance(results, list) or not isinstance(files, dict):
        return False
    if not all(
        isinstance(text, str)
        for text in [module.get("error"), module.get("message"), module.get("stdout"), *files.values()]
    ):
        return False
    if not well_formed(module.get("last")) or len(results) != (0 if module["error"] else calls):
        return False
    return all(isinstance(result, dict) and _is_result(result) for result in results)


def _is_result(result: ProbeRecord) -> bool:
    value, changed = result.get("value"), result.get("changed")
    return (
        isinstance(result.get("error"), str)
        and isinstance(result.get("stdout"), str)
        and (value is None or well_formed(value))
        and (changed is None or (isinstance(changed, list) and all(map(well_formed, changed))))
    )


@functools.cache
def _probe_source() -> str:
    return "".join(
        Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("frozen_clock.py", "probe.py")
    )
