"""Packs requests to a worker, and interprets its responses."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from src.sandbox.inside import wire
from src.schema import Execution
from src.system.exhaustion import OUT_OF_MEMORY
from src.system.plain_text import escape_controls

MAX_DETAIL = 300
MAX_STATUS = 255
MAX_AMOUNT = 1e9  # seconds or MiB
NEARLY = 0.9  # of the memory: a program that a signal ends with so much in use was refused more
_FAILED_ASSERT = re.compile(  # a line
    r"^(?>.*?[Aa]ssertion ).*failed.*|^.*?\bAssertionError\b.*", re.MULTILINE
)
_EXCEPTION_NAMES = (  # how each language reports an uncaught exception
    re.compile(r"^terminate called after throwing an instance of '([^']+)'", re.MULTILINE),
    re.compile(r"^Exception in thread \"[^\"]*\" ([\w.$]+)", re.MULTILINE),
    re.compile(r"^(?:Uncaught )?((?:\w+[.:]+)*\w*(?:Error|Exception|Warning))\b", re.MULTILINE),
    re.compile(r"\((\w+Error)\)$", re.MULTILINE),  # Ruby
)
ENDED_EARLY = "ended before its tests did"


def python_request(
    quota: Mapping[str, float],
    source: str,
    tests: str,
    stdin: bytes,
    shadowing: Sequence[str] = (),
    operators: Sequence[str] = (),
) -> bytes:
    """The request to run `source`, and `tests` on it: these are a message of their own, read after `source` is started."""
    header = _header(quota, tested=bool(tests), shadowing=list(shadowing), operators=list(operators))
    request = wire.pack(header, (stdin, _encoded(source)))
    return request + wire.pack({}, (_encoded(tests),)) if tests else request


def _header(quota: Mapping[str, float], **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {name: [] for name in "argv compile_argv names shadowing operators".split()}
    return {"quota": dict(quota), "tested": False} | empty | fields


def command_request(
    quota: Mapping[str, float],
    files: Mapping[str, str],
    argv: Sequence[str],
    compile_argv: Sequence[str],
    stdin: bytes,
) -> bytes:
    """The request to write `files` into an empty folder and run `argv` there, `compile_argv` before it."""
    header = _header(quota, argv=list(argv), compile_argv=list(compile_argv), names=list(files))
    return wire.pack(header, (stdin, *(_encoded(text) for text in files.values())))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def printable(content: bytes) -> str:
    """What a program wrote, as text that does nothing to a terminal."""
    return escape_controls(content.decode("utf-8", "replace").replace("\r\n", "\n"))


def read_response(header: Mapping[str, Any], blobs: Sequence[bytes], quota: Mapping[str, float]) -> Execution:
    """The Execution that a response describes. Raises ConnectionError where no worker sends such."""
    if len(blobs) != 2 or not _is_header(header):
        raise ConnectionError("something that is no response")
    return execution(header, blobs[0], blobs[1], quota)


def _is_header(header: Mapping[str, Any]) -> bool:
    if "failure" in header:
        return isinstance(header["failure"], str)
    status = header.get("status", "")
    return (
        all(isinstance(header.get(name), str) for name in ("step", "stopped", "error", "line"))
        and all(isinstance(header.get(name), bool) for name in ("finished", "tested", "forged", "unused"))
        and all(_is_amount(header.get(name)) for name in ("wall_s", "cpu_s", "peak_mib"))
        and (status is None or (type(status) is int and abs(status) <= MAX_STATUS))
    )


def _is_amount(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_AMOUNT


def execution(
    header: Mapping[str, Any], stdout: bytes, stderr: bytes, quota: Mapping[str, float]
) -> Execution:
    """The Execution that a response describes."""
    if "failure" in header:
        return Execution("not_run", one_line(f"no place to run it: {header['failure']}"))
    out, err = printable(stdout), printable(stderr)
    if header["stopped"] or (header["status"] or 0) < 0:
        outcome, detail = _killed_outcome(header, err, quota)
    elif header["tested"]:
        outcome, detail = _tested_outcome(header)
    elif header["status"] == 0 and not header["error"]:
        outcome, detail = "passed", ""
    else:
        outcome, detail = _failure_outcome(header, err)
    detail = one_line(detail)
    if header["step"] == "compile" and outcome != "passed":
        detail = f"compile: {detail}"
    return Execution(outcome, detail, out, err, header["wall_s"], header["cpu_s"], header["peak_mib"])


def one_line(text: str) -> str:
    """`text` as the detail of an outcome: printable, short, in one line."""
    return printable(text.encode("utf-8", "replace")).replace("\n", " ")[:MAX_DETAIL]


def _killed_outcome(header: Mapping[str, Any], stderr: str, quota: Mapping[str, float]) -> tuple[str, str]:
    status = -(header["status"] or 0)
    by_time = status == signal.SIGXCPU or (status == signal.SIGKILL and header["cpu_s"] >= quota["cpu_s"])
    reasons = {
        "waited": ("timeout", f"{quota['wall_s']:g} s of waiting"),
        "timeout": ("timeout", f"{quota['longest_s']:g} s of wall time"),
        "cpu": ("timeout", f"{quota['cpu_s']:g} s of CPU"),
        "out_of_memory": ("out_of_memory", f"{quota['memory_mib']} MiB"),
        "output_limit": ("output_limit", f"{quota['output_bytes']} bytes"),
        "processes": ("killed", f"more than {quota['processes']} processes"),
        "descriptors": ("killed", "too many open descriptors"),
        "supervisor": ("killed", "its supervisor was killed"),
    }
    if header["stopped"] in reasons:
        return reasons[header["stopped"]]
    if by_time:
        return reasons["cpu"]
    if header["peak_mib"] >= NEARLY * quota["memory_mib"]:  # C programs rarely look at what malloc gives them
        return reasons["out_of_memory"]
    name = signal.Signals(status).name if status in set(signal.Signals) else f"signal {status}"
    if status == signal.SIGABRT:
        return _failure_outcome(header, stderr, name)
    return "killed", name


def _tested_outcome(header: Mapping[str, Any]) -> tuple[str, str]:
    if header["finished"]:
        return "passed", ""
    if header["unused"]:
        return "not_run", "its tests never use it"
    if header["forged"]:
        return "failed", "sent its tests what is no value"
    if header["error"] in ("", "SystemExit"):
        return "failed", ENDED_EARLY
    return _exception_outcome(header["error"], header["line"])


def _exception_outcome(error: str, line: str) -> tuple[str, str]:
    if error == "AssertionError":
        return "failed", line if "assert" in line.lower() else f"AssertionError: {line}"
    return ("out_of_memory" if error == "MemoryError" else "error"), error


def _failure_outcome(header: Mapping[str, Any], stderr: str, signal_name: str = "") -> tuple[str, str]:
    """A status other than 0: the cause as its report names it, else as stderr does."""
    tail = stderr[-4_000:]
    if header["error"] and not (header["error"] == "OSError" and OUT_OF_MEMORY.search(tail)):
        return _exception_outcome(header["error"], header["line"])
    if header["step"] == "compile":
        return "error", f"exit {header['status']}"
    failed_assert = _FAILED_ASSERT.search(tail)
    if failed_assert:
        return "failed", failed_assert.group().strip()
    if OUT_OF_MEMORY.search(tail):
        return "out_of_memory", signal_name or f"exit {header['status']}"
    for pattern in _EXCEPTION_NAMES:
        thrown = pattern.findall(tail)
        if thrown:
            return "error", thrown[-1]
    return ("killed", signal_name) if signal_name else ("error", f"exit {header['status']}")
