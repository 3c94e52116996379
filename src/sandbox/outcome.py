"""Orders to a worker, and what its answers mean."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from src.sandbox.inside import wire
from src.schema import Execution

MAX_DETAIL = 300
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|heap out of memory|bad_alloc|MemoryError|Cannot allocate memory"
)
_FAILED_ASSERT = re.compile(r".*[Aa]ssertion .*failed.*|.*\bAssertionError\b.*")
_THROWN = (  # how the languages name what ended them
    re.compile(r"^terminate called after throwing an instance of '([^']+)'", re.MULTILINE),
    re.compile(r"^Exception in thread \"[^\"]*\" ([\w.$]+)", re.MULTILINE),
    re.compile(r"^(?:Uncaught )?((?:\w+[.:]+)*\w*(?:Error|Exception|Warning))\b", re.MULTILINE),
    re.compile(r"\((\w+Error)\)$", re.MULTILINE),  # Ruby
)
EARLY = "ended before its tests did"


def python_request(quota: Mapping[str, float], source: str, tests: str, stdin: bytes) -> bytes:
    """The order to run `source`, then `tests` in its namespace."""
    head = {"quota": dict(quota), "argv": [], "compile_argv": [], "names": []}
    return wire.pack(head, (stdin, _encoded(source), _encoded(tests)))


def command_request(
    quota: Mapping[str, float],
    files: Mapping[str, str],
    argv: Sequence[str],
    compile_argv: Sequence[str],
    stdin: bytes,
) -> bytes:
    """The order to write `files` into an empty folder and run `argv` there, `compile_argv` before it."""
    head = {
        "quota": dict(quota),
        "argv": list(argv),
        "compile_argv": list(compile_argv),
        "names": list(files),
    }
    return wire.pack(head, (stdin, *(_encoded(text) for text in files.values())))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def printable(content: bytes) -> str:
    """Text that does nothing to a terminal: control characters and changes of direction written out."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    return _UNPRINTABLE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def execution(head: Mapping[str, Any], stdout: bytes, stderr: bytes, quota: Mapping[str, float]) -> Execution:
    """What an answer means."""
    if "failure" in head:
        return Execution("not_run", f"no place to run it: {head['failure']}")
    out, err = printable(stdout), printable(stderr)
    if head["stopped"] or (head["status"] or 0) < 0:
        outcome, detail = _ended_by_force(head, err, quota)
    elif head["tested"]:
        outcome, detail = _tested(head)
    elif head["status"] == 0 and not head["error"]:
        outcome, detail = "passed", ""
    else:
        outcome, detail = _failed(head, err)
    detail = printable(detail.encode("utf-8", "replace")).replace("\n", " ")[:MAX_DETAIL]
    if head["step"] == "compile" and outcome != "passed":
        detail = f"compile: {detail}"
    return Execution(outcome, detail, out, err, head["wall_s"], head["cpu_s"], head["peak_mib"])


def _ended_by_force(head: Mapping[str, Any], stderr: str, quota: Mapping[str, float]) -> tuple[str, str]:
    status = -(head["status"] or 0)
    by_time = status == signal.SIGXCPU or (status == signal.SIGKILL and head["cpu_s"] >= quota["cpu_s"])
    match head["stopped"]:
        case "timeout":
            return "timeout", f"{quota['wall_s']:g} s"
        case "cpu":
            return "timeout", f"{quota['cpu_s']:g} s of CPU"
        case "out_of_memory":
            return "out_of_memory", f"{quota['memory_mib']} MiB"
        case "output_limit":
            return "output_limit", f"{quota['output_bytes']} bytes"
        case "processes":
            return "killed", f"more than {quota['processes']} processes"
        case "descriptors":
            return "killed", "too many open descriptors"
        case "supervisor":
            return "killed", "its supervisor was ended"
    if by_time:
        return "timeout", f"{quota['cpu_s']:g} s of CPU"
    name = signal.Signals(status).name if status in set(signal.Signals) else f"signal {status}"
    if status == signal.SIGABRT:
        return _failed(head, stderr, name)
    return "killed", name


def _tested(head: Mapping[str, Any]) -> tuple[str, str]:
    if head["finished"]:
        return "passed", ""
    if head["forged"]:
        return "failed", "wrote to the checker's descriptor"
    if head["error"] in ("", "SystemExit"):
        return "failed", EARLY
    return _raised(head["error"], head["line"])


def _raised(error: str, line: str) -> tuple[str, str]:
    if error == "AssertionError":
        return "failed", line if "assert" in line.lower() else f"AssertionError: {line}"
    return ("out_of_memory" if error == "MemoryError" else "error"), error


def _failed(head: Mapping[str, Any], stderr: str, signal_name: str = "") -> tuple[str, str]:
    """An ending with a status other than 0, told from its report or else from what it wrote."""
    if head["error"]:
        return _raised(head["error"], head["line"])
    tail = stderr[-4_000:]
    if head["step"] == "compile":
        return "error", f"exit {head['status']}"
    failed_assert = _FAILED_ASSERT.search(tail)
    if failed_assert:
        return "failed", failed_assert.group().strip()
    if _OUT_OF_MEMORY.search(tail):
        return "out_of_memory", f"exit {head['status']}"
    for pattern in _THROWN:
        thrown = pattern.findall(tail)
        if thrown:
            return "error", thrown[-1]
    return ("killed", signal_name) if signal_name else ("error", f"exit {head['status']}")
