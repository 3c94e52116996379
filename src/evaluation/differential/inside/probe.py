"""Runs inside the sandbox: executes one Python program, calls its functions, and records the results.

Its text is sent into the sandbox with a plan and the other modules that run there in front of it, so it imports
nothing of this project. It knows the inputs and never what is expected; what it writes is compared outside.
"""

import ast
import builtins
import functools
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import types

MYPY = False  # what only the type checker reads: no import that costs a program time
if MYPY:
    from collections.abc import Callable
    from typing import Any

    from src.evaluation.differential.inside.description import Description
    from src.evaluation.differential.inside.frozen_clock import Clock, freeze_clock
    from src.evaluation.differential.inside.rewriting import Capture, rewritten
    from src.evaluation.differential.inside.session import Session, called_twice, session_with
    from src.evaluation.differential.inside.timing import WAITED, alarm, processor_time, timed
    from src.evaluation.differential.inside.written_files import written_files

PLAN: "dict[str, Any]" = json.loads(globals().get("PLAN_JSON", "{}"))

MAX_RECORD_BYTES = 58_000  # one line of stdout; the sandbox keeps a little more
MAX_SEEN = 8
RESERVED_BYTES = 300  # of a record for each call that is still to come
FILES_BYTES = 3_000  # what digests of the files may take where the calls have left less
OPTIMIZED = 1  # inspect.CO_OPTIMIZED: code of a function, not of a class's body
FUNCTION = "\u0192"  # begins an argument that is a function (pools.py)
VARIANT_S = 0.03  # processor time of one variant, beside what its calls take in the program itself
MAX_TIMEOUTS = 3
TICKS_S = {1: 0.001, 2: 0.003}  # what a reading advances the clock by, for each seed


def _described(value: "Any") -> "Description":
    return Description(value, PLAN["ordered"])


def _literal(value: object) -> str | None:
    """A literal equal to `value`, or None."""
    try:
        source = repr(value)
        return source if len(source) < 1_000 and ast.literal_eval(source) == value else None
    except Exception:
        return None


def _record_calls(code: types.CodeType, seen: "dict[str, list[Any]]") -> "Callable[..., None]":
    """A profiler that records the arguments of the program's own calls of its functions."""
    functions = {
        item: item.co_name
        for item in code.co_consts
        if isinstance(item, types.CodeType) and item.co_flags & OPTIMIZED
    }

    def record(frame: types.FrameType, event: str, argument: object) -> None:
        name = functions.get(frame.f_code) if event == "call" else None
        if name is None or frame.f_back is None or frame.f_back.f_code is not code:
            return
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        calls = seen.setdefault(name, [])
        sources = [_literal(frame.f_locals.get(name)) for name in names]
        if len(calls) < MAX_SEEN and None not in sources and sources not in calls:
            calls.append(sources)

    return record


def _run_module(namespace: "dict[str, Any]", program: str, seen: "dict[str, list[Any]]") -> "dict[str, Any]":
    tree, names = rewritten(program, PLAN["quoted"])
    code = compile(tree, "program.py", "exec")

    def run() -> None:
        if PLAN["record_calls"]:
            sys.setprofile(_record_calls(code, seen))
        try:
            exec(code, namespace)
        finally:
            sys.setprofile(None)

    output = sys.stdout = Capture()
    _, error, message = timed(PLAN["module_s"], run)
    values = [] if error else [_values_of(namespace, group) for group in names]
    # What changes something in place has no value of its own.
    values = [value for value in values if value is not None]
    described, _, _ = timed(PLAN["module_s"], _described(values[0] if values else None).short)
    last = described or ["u"]
    return {
        "error": error, "message": message, "stdout": output.text(), "marked": output.with_wording(), "last": last
    }  # fmt: skip


def _values_of(namespace: "dict[str, Any]", names: list[str]) -> object:
    values = tuple(namespace.get(name) for name in names)
    return values[0] if len(values) == 1 else values


def _unfinished() -> "dict[str, Any]":
    return {"value": None, "error": "timeout", "stdout": "", "marked": "", "changed": None}


def _argument(source: str) -> object:
    """What a literal stands for: a text that begins with FUNCTION is a function."""
    value = ast.literal_eval(source)
    return eval(value[1:], {}) if isinstance(value, str) and value.startswith(FUNCTION) else value


def _run_call(
    namespace: "dict[str, Any]", clock: "Clock", name: str, sources: list[str], allowed: float, room: int
) -> "dict[str, Any]":
    """The record of one call; digests of what it gave and printed where these take more than `room` bytes."""
    arguments = [_argument(source) for source in sources]
    before = [_described(argument).short() for argument in arguments]
    output = sys.stdout = Capture()
    random.seed(PLAN["seed"])
    clock.elapsed_s = 0.0
    returned: list[Description | Session] = []

    def run() -> list[object]:
        value = eval(
            PLAN["names"].get(name, name),
            namespace,
            {"_session_": functools.partial(session_with, PLAN["ordered"]), "_made_": called_twice},
        )(*arguments)
        returned.append(value if isinstance(value, Session) else _described(value))
        return returned[0].short()

    described, error, _ = timed(allowed, run)
    changed, _, _ = timed(allowed, lambda: [_described(argument).short() for argument in arguments])
    changed = None if changed == before else changed
    record = {
        "value": described, "error": error, "stdout": output.text(), "marked": output.with_wording(),
        "changed": changed,
    }  # fmt: skip
    if len(json.dumps(record)) <= room:
        return record
    digests, _, _ = timed(allowed, lambda: [_described(argument).digest() for argument in arguments])
    return {
        "value": None if described is None else timed(allowed, returned[0].digest)[0],
        "error": error,
        "stdout": output.cut() if output.kept else "",
        "marked": "",
        "changed": None if changed is None else digests,
    }


def _namespace() -> "dict[str, Any]":
    """That of a new main module, in a new folder with the plan's files, after the plan's setup."""
    os.chdir(tempfile.mkdtemp())
    for name, text in PLAN["files"].items():
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
    random.seed(PLAN["seed"])
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__["__builtins__"] = builtins
    if PLAN["setup"]:
        sys.stdout = Capture()
        timed(PLAN["module_s"], lambda: exec(compile(PLAN["setup"], "input.py", "exec"), module.__dict__))
    return module.__dict__


def _essence(result: "dict[str, Any]") -> "tuple[Any, ...]":
    """What of a call's result is compared with that of another program."""
    shown = (
        (result["stdout"], result["changed"]) if PLAN["prints"] or result["value"] in (None, ["n"]) else ()
    )
    return result["value"], result["error"], shown


def _told_apart(
    program: str, results: "list[dict[str, Any]]", rooms: list[int], clock: "Clock", calls_s: float
) -> "str | None":
    """The places of the calls on which a variant of the program does something else, as bits of a hexadecimal number.

    In a process of its own; None where it left nothing. rooms: of each result, so that digests meet digests.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            deadline = processor_time() + VARIANT_S + 3 * calls_s
            namespace = _namespace()
            error = timed(
                VARIANT_S,
                lambda: exec(compile(rewritten(program, PLAN["quoted"])[0], "program.py", "exec"), namespace),
            )[1]
            bits = 0
            for place, (result, (name, sources)) in enumerate(zip(results, PLAN["calls"], strict=True)):
                left = deadline - processor_time()
                if result["error"] in ("timeout", WAITED) or left <= 0:
                    continue
                if error:
                    bits |= 1 << place
                    continue
                other = _run_call(namespace, clock, name, sources, left, rooms[place])
                bits |= (_essence(other) != _essence(result)) << place
            os.write(write_end, f"{bits:x}".encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as report:
        text = report.read(1_000).decode("ascii", "replace")
    os.waitpid(child, 0)
    return text or None


def _main() -> None:
    write, dumps, leave = functools.partial(os.write, os.dup(1)), json.dumps, os._exit
    deadline = processor_time() + PLAN["total_s"]
    signal.signal(signal.SIGALRM, alarm)
    signal.signal(signal.SIGPROF, alarm)
    clock = freeze_clock(TICKS_S[PLAN["seed"]])
    namespace = _namespace()
    seen: dict[str, list[Any]] = {}
    record: dict[str, Any] = {
        "module": _run_module(namespace, PLAN["program"], seen),
        "seen": seen,
        "calls": [],
    }
    room = MAX_RECORD_BYTES - len(dumps(record))
    timeouts = 0
    calls = [] if record["module"]["error"] else PLAN["calls"]
    calls_s = 0.0
    rooms = []
    for place, (name, sources) in enumerate(calls):
        allowed = 0 if timeouts >= MAX_TIMEOUTS else min(PLAN["call_s"], deadline - processor_time())
        rooms.append(room - RESERVED_BYTES * (len(calls) - place))
        began = processor_time()
        result = (
            _run_call(namespace, clock, name, sources, allowed, rooms[-1]) if allowed > 0 else _unfinished()
        )
        calls_s += 0 if result["error"] in ("timeout", WAITED) else processor_time() - began
        timeouts += result["error"] in ("timeout", WAITED)
        room -= len(dumps(result)) + 2
        record["calls"].append(result if room > 0 else _unfinished())
    files = written_files(PLAN["files"])
    if len(dumps(files)) > room:
        files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    record["files"] = files if len(dumps(files)) < max(room, FILES_BYTES) else {}
    record["told"] = []
    for variant in PLAN["variants"] if calls else ():
        used = os.times()
        if used.children_user + used.children_system > PLAN["variants_s"]:
            break
        record["told"].append(_told_apart(variant, record["calls"], rooms, clock, calls_s))
    line = "\n" + PLAN["marker"] + dumps(record)
    write((line + "\n").encode("ascii"))
    leave(0)


if PLAN:
    _main()
