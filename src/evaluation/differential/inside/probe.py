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
import time
import types

MYPY = False  # what only the type checker reads: no import that costs a program time
if MYPY:
    from collections.abc import Callable
    from typing import Any

    from src.evaluation.differential.inside.description import Description
    from src.evaluation.differential.inside.frozen_clock import Clock, freeze_clock
    from src.evaluation.differential.inside.rewriting import MAX_TEXT, Capture, rewritten
    from src.evaluation.differential.inside.session import Session, called_twice, session_with

PLAN: "dict[str, Any]" = json.loads(globals().get("PLAN_JSON", "{}"))

MAX_RECORD_BYTES = 58_000  # one line of stdout; the sandbox keeps a little more
MAX_SEEN = 8
MAX_FILES = 8
RESERVED_BYTES = 300  # of a record for each call that is still to come
DATABASE = b"SQLite format 3\0"  # how such a file begins
FILES_BYTES = 3_000  # what digests of the files may take where the calls have left less
OPTIMIZED = 1  # inspect.CO_OPTIMIZED: code of a function, not of a class's body
WAIT_FACTOR = 5  # wall time allowed for each second of processor time: other programs run beside this one
LEAST_WAIT_S = 1.0  # so that a busy machine does not end what needs a few milliseconds
FUNCTION = "\u0192"  # begins an argument that is a function (type_inference.py)
WAITED = "waited"  # the error of what the wall clock ended
VARIANT_S = 0.03  # processor time of one variant, beside what its calls take in the program itself
MAX_TIMEOUTS = 3
processor_time = time.process_time  # the real one: the clock is frozen later
TICKS_S = {1: 0.001, 2: 0.003}  # what a reading advances the clock by, for each seed


class _OutOfTimeError(BaseException):
    """Not an Exception: a program's own handlers should not catch it."""


def _alarm(number: int, frame: "types.FrameType | None") -> None:
    raise _OutOfTimeError("timeout" if number == signal.SIGPROF else WAITED)


def _timed(seconds: float, action: "Callable[[], Any]") -> "tuple[Any, str, str]":
    """(value, error name, its message) of `action` with so much processor time, every exception caught."""
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.01))
    signal.setitimer(signal.ITIMER_REAL, max(WAIT_FACTOR * seconds, LEAST_WAIT_S))
    try:
        return action(), "", ""
    except SystemExit as stop:
        return None, "" if stop.code in (None, 0) else "SystemExit", ""
    except _OutOfTimeError as stop:
        return None, str(stop), ""
    except ImportError as error:
        return None, type(error).__name__, error.msg
    except BaseException as error:
        return None, type(error).__name__, ""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


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
    _, error, message = _timed(PLAN["module_s"], run)
    values = [] if error else [_values_of(namespace, group) for group in names]
    # What changes something in place has no value of its own.
    values = [value for value in values if value is not None]
    described, _, _ = _timed(PLAN["module_s"], _described(values[0] if values else None).short)
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

    described, error, _ = _timed(allowed, run)
    changed, _, _ = _timed(allowed, lambda: [_described(argument).short() for argument in arguments])
    changed = None if changed == before else changed
    record = {
        "value": described, "error": error, "stdout": output.text(), "marked": output.with_wording(),
        "changed": changed,
    }  # fmt: skip
    if len(json.dumps(record)) <= room:
        return record
    digests, _, _ = _timed(allowed, lambda: [_described(argument).digest() for argument in arguments])
    return {
        "value": None if described is None else _timed(allowed, returned[0].digest)[0],
        "error": error,
        "stdout": output.cut() if output.kept else "",
        "marked": "",
        "changed": None if changed is None else digests,
    }


def _written_files() -> dict[str, str]:
    """Files in the working folder that the program wrote or changed: their start, with a digest of the longer ones."""
    written: dict[str, str] = {}
    others = hashlib.sha256()
    for name in sorted(filter(os.path.isfile, os.listdir("."))):
        with open(name, "rb") as file:
            start = file.read(MAX_TEXT)
            digest = hashlib.sha256(start)
            rest = file.read(MAX_TEXT)
            text = start.decode("utf-8", "replace")
            if not rest and text == PLAN["files"].get(name):
                continue
            if start.startswith(DATABASE):
                text, rest = _rows_in(name) or text, b""
            cut = bool(rest)
            while rest:
                digest.update(rest)
                rest = file.read(1 << 20)
        if len(written) < MAX_FILES:
            written[name] = text + ("\n[cut] " + digest.hexdigest() if cut else "")
        else:
            others.update(f"{name!r} {digest.hexdigest()}".encode("utf-8", "backslashreplace"))
            written["more files"] = others.hexdigest()
    return written


def _rows_in(name: str) -> str:
    """The tables of an SQLite database with their rows; "" where it cannot be read. Its bytes depend on how it was written."""
    import sqlite3  # takes time that few programs need

    try:
        database = sqlite3.connect(f"file:{name}?mode=ro", uri=True, timeout=0)
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        rows = {table: database.execute(f'SELECT * FROM "{table}"').fetchall() for (table,) in tables}
    except sqlite3.Error:
        return ""
    return "\n".join(f"{table}: {row!r}" for table in rows for row in [(), *rows[table]])[:MAX_TEXT]


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
        _timed(PLAN["module_s"], lambda: exec(compile(PLAN["setup"], "input.py", "exec"), module.__dict__))
    return module.__dict__


def _essence(result: "dict[str, Any]") -> "tuple[Any, ...]":
    """What of a call's result is compared with that of another program."""
    shown = (
        (result["stdout"], result["changed"]) if PLAN["prints"] or result["value"] in (None, ["n"]) else ()
    )
    return result["value"], result["error"], shown


def _told_apart(
    program: str, results: "list[dict[str, Any]]", clock: "Clock", calls_s: float
) -> "str | None":
    """The places of the calls on which a variant of the program does something else, as bits of a hexadecimal number.

    In a process of its own; None where it left nothing.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            deadline = processor_time() + VARIANT_S + 3 * calls_s
            namespace = _namespace()
            error = _timed(
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
                other = _run_call(namespace, clock, name, sources, left, MAX_RECORD_BYTES)
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
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGPROF, _alarm)
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
    for place, (name, sources) in enumerate(calls):
        allowed = 0 if timeouts >= MAX_TIMEOUTS else min(PLAN["call_s"], deadline - processor_time())
        own = room - RESERVED_BYTES * (len(calls) - place)
        began = processor_time()
        result = _run_call(namespace, clock, name, sources, allowed, own) if allowed > 0 else _unfinished()
        calls_s += 0 if result["error"] in ("timeout", WAITED) else processor_time() - began
        timeouts += result["error"] in ("timeout", WAITED)
        room -= len(dumps(result)) + 2
        record["calls"].append(result if room > 0 else _unfinished())
    files = _written_files()
    if len(dumps(files)) > room:
        files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    record["files"] = files if len(dumps(files)) < max(room, FILES_BYTES) else {}
    record["told"] = []
    for variant in PLAN["variants"] if calls else ():
        used = os.times()
        if used.children_user + used.children_system > PLAN["variants_s"]:
            break
        record["told"].append(_told_apart(variant, record["calls"], clock, calls_s))
    line = "\n" + PLAN["marker"] + dumps(record)
    write((line + "\n").encode("ascii"))
    leave(0)


if PLAN:
    _main()
