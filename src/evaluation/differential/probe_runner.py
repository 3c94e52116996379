"""Runs the probe on one Python program in the sandbox and reads the record it wrote."""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.evaluation.differential.equivalence.equality import well_formed
from src.evaluation.differential.inputs.input_generation import Arguments
from src.schema import Execution

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox

# Of the sandbox's processor time: what the program, one call, all calls and all variants may take.
MODULE_SHARE, CALL_SHARE, TOTAL_SHARE, VARIANTS_SHARE = 0.3, 0.05, 0.6, 0.3
INSIDE_MODULES = (
    "frozen_clock.py", "timing.py", "description.py", "rewriting.py", "session.py", "written_files.py", "probe.py",
)  # fmt: skip
WAITED = "waited"  # the probe's error for what the wall clock ended

Call = tuple[str, Arguments]
# {"module": {error, message, stdout, marked, last}, "calls": [...], "files": {...}, "seen": {...}, "told": [...]}
ProbeRecord = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What both programs find when they start."""

    setup: str  # a program that runs first
    files: dict[str, str]  # name -> content, in the working folder
    stdin: str = ""
    quoted: tuple[str, ...] = ()  # texts that the task gives between quotes


def run_probe(
    sandbox: Sandbox,
    inputs: Inputs,
    program: str,
    calls: Sequence[Call] = (),
    seed: int = 1,
    share: float = 1.0,
    record_calls: bool = False,
    ordered: bool = True,
    variants: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    prints: bool = False,
) -> tuple[Execution, ProbeRecord | None]:
    """Run the probe in the sandbox; its record, or None where it wrote none.

    share: of the processor time that the program and each of its calls may take. ordered: whether the order of
    lists counts in the digest of a large value. variants: programs whose calls are compared with those of `program`.
    prints: what calls print beside their values counts too. names: expressions that give what is called in place of the name.
    """
    cpu_s = sandbox.limits.cpu_s
    marker = f"probe-{secrets.token_hex(8)} "
    plan = {
        "setup": inputs.setup, "files": inputs.files, "quoted": inputs.quoted, "program": program, "calls": calls, "seed": seed,
        "marker": marker, "names": dict(names or {}), "record_calls": record_calls, "ordered": ordered, "module_s": MODULE_SHARE * share * cpu_s,
        "call_s": CALL_SHARE * share * cpu_s, "total_s": TOTAL_SHARE * share * cpu_s,
        "variants": variants, "prints": prints, "variants_s": VARIANTS_SHARE * cpu_s,
    }  # fmt: skip
    source = f"PLAN_JSON = {json.dumps(plan)!r}\n{_probe_source()}"
    execution = sandbox.python(source, stdin=inputs.stdin.encode("utf-8", "replace"))
    at = execution.stdout.rfind(marker)
    if at < 0:
        return execution, None
    try:
        line = execution.stdout[at + len(marker) :].split("\n", 1)[0]
        record = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return execution, None
    checked = _checked(record, len(calls))
    if checked and WAITED in (checked["module"]["error"], *(call["error"] for call in checked["calls"])):
        sandbox.starved += 1
    return execution, checked


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _checked(record: Any, calls: int) -> ProbeRecord | None:
    """The known parts of a record; None where they have not the shape of the probe's.

    A program may have written something in its place.
    """
    if not isinstance(record, dict):
        return None
    module, results = _checked_part(record.get("module"), MODULE_PARTS), record.get("calls")
    if module is None or not isinstance(results, list) or len(results) != (0 if module["error"] else calls):
        return None
    checked = [_checked_part(result, RESULT_PARTS) for result in results]
    files, seen, told = record.get("files"), record.get("seen"), _told(record.get("told"))
    if None in checked or told is None or not _is_of_texts(files) or not _is_seen(seen):
        return None
    return {"module": module, "calls": checked, "files": files, "seen": seen, "told": told}


def _told(value: Any) -> list[frozenset[int] | None] | None:
    """For each variant the places of the calls that tell it from the program, None where it left nothing.

    None where this is no such list.
    """
    if not isinstance(value, list) or not all(bits is None or isinstance(bits, str) for bits in value):
        return None
    try:
        return [None if bits is None else _places(int(bits, 16)) for bits in value]
    except ValueError:
        return None


def _places(bits: int) -> frozenset[int]:
    return frozenset(at for at in range(max(bits, 0).bit_length()) if bits >> at & 1)


def _checked_part(part: Any, parts: _Parts) -> ProbeRecord | None:
    if isinstance(part, dict) and all(name in part and right(part[name]) for name, right in parts.items()):
        return {name: part[name] for name in parts}
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_changes(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(well_formed, value)))


def _is_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_seen(value: Any) -> bool:
    """Whether it has, of each function, the calls with the text of each argument."""
    return isinstance(value, dict) and all(
        isinstance(calls, list) and all(isinstance(call, list) and all(map(_is_text, call)) for call in calls)
        for calls in value.values()
    )


_Parts = Mapping[str, Callable[[Any], bool]]
MODULE_PARTS: _Parts = {
    "error": _is_text,
    "message": _is_text,
    "stdout": _is_text,
    "marked": _is_text,
    "last": well_formed,
}
RESULT_PARTS: _Parts = {
    "value": lambda value: value is None or well_formed(value),
    "error": _is_text, "stdout": _is_text, "marked": _is_text, "changed": _is_changes,
}  # fmt: skip


@functools.cache
def _probe_source() -> str:
    inside = Path(__file__).with_name("inside")
    return "".join((inside / name).read_text(encoding="utf-8") for name in INSIDE_MODULES)
