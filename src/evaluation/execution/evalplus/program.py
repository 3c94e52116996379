"""Runs inside the sandbox: calls one function of a program on many inputs and writes what it returned, as data.

Its text is sent into the sandbox behind a plan, so it imports nothing of this project. It knows the inputs and never
what is expected; what it writes is compared outside.
"""

import base64
import hashlib
import itertools
import json
import marshal
import math
import os
import signal
import sys
import time

MYPY = False  # what only the type checker reads
if MYPY:
    from collections.abc import Callable
    from typing import Any

PLAN: "dict[str, Any]" = json.loads(globals().get("PLAN_JSON", "{}"))

MAX_BYTES = 2_000  # of a result; a larger one is written as a digest, and in full where that does not decide
MAX_DEPTH = 100
MAX_DRAWN = 10_000  # items of an iterator, which may never end
MAX_INTEGER = 2**53  # larger ones are written in hexadecimal: JSON readers limit the digits
WAIT_FACTOR = 3  # wall time of waiting allowed for each second of processor time


class _OutOfTimeError(BaseException):
    """Not an Exception: a program's own handlers should not catch it."""


def _alarm(number: int, frame: object) -> None:
    raise _OutOfTimeError


def _waiting_s() -> float:
    """How long this process has neither used a processor nor waited for its turn, but for a constant."""
    with open("/proc/self/schedstat") as file:
        return time.monotonic() - sum(map(int, file.read().split()[:2])) / 1e9


def _timed(seconds: float, action: "Callable[[], Any]") -> "tuple[Any, str]":
    """(value, error) of `action` with so much processor time, every exception caught."""
    end_s = _waiting_s() + WAIT_FACTOR * seconds

    def wake(number: int, frame: object) -> None:
        left_s = end_s - _waiting_s()
        if left_s <= 0:
            raise _OutOfTimeError
        signal.setitimer(signal.ITIMER_REAL, max(left_s, 0.01))

    signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAIT_FACTOR * seconds)
    try:
        return action(), ""
    except _OutOfTimeError:
        return None, "timeout"
    except ImportError as error:
        return None, f"{type(error).__name__}: {error.msg}"
    except BaseException as error:
        return None, type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _result(value: "Any") -> object:
    try:
        content = marshal.dumps(value, 2)  # version 2 depends on the value alone
    except ValueError:  # it holds what marshal does not know, or is nested too deep
        content = b""
    if len(content) > MAX_BYTES and not PLAN["whole"]:
        return {"h": hashlib.sha256(content).hexdigest()}
    return encoded(value)


def encoded(value: "Any", depth: int = 0) -> object:
    """A value as JSON that values.decoded reads: what JSON lacks as an object of one key."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value) if -MAX_INTEGER < value < MAX_INTEGER else {"i": hex(value)}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"f": repr(float(value))}
    if isinstance(value, complex):
        return {"c": [repr(value.real), repr(value.imag)]}
    if isinstance(value, bytes | bytearray):
        return {"y": bytes(value).hex()}
    if depth > MAX_DEPTH:
        return {"x": "nested too deep"}
    if isinstance(value, dict):
        return {"d": [[encoded(key, depth + 1), encoded(item, depth + 1)] for key, item in value.items()]}
    for kind, name in ((list, "l"), (tuple, "t"), (set, "s"), (frozenset, "z")):
        if isinstance(value, kind):
            items = [encoded(item, depth + 1) for item in value]
            return items if name == "l" else {name: items}
    if hasattr(value, "__iter__") and not isinstance(value, type):
        return {"g": [encoded(item, depth + 1) for item in itertools.islice(value, MAX_DRAWN)]}
    return {"x": type(value).__name__}


def _main() -> None:
    write, dumps, leave, now = os.write, json.dumps, os._exit, time.process_time
    signal.signal(signal.SIGPROF, _alarm)
    inputs = marshal.loads(base64.b64decode(PLAN["inputs"]))
    marker, name, call_s = PLAN["marker"], PLAN["entry_point"], PLAN["call_s"]
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # for as long as the program runs
    namespace: dict[str, Any] = {}  # as EvalPlus has it: no __main__, so no main part is run
    _, error = _timed(PLAN["total_s"], lambda: exec(compile(PLAN["program"], "main.py", "exec"), namespace))
    if not error and name not in namespace:
        error = f"no function {name}"
    results: list[object] = []
    slowest, began = 0.0, now()
    for arguments in [] if error else inputs:
        start = now()
        value, error = _timed(call_s, lambda: namespace[name](*arguments))  # noqa: B023  # called at once
        slowest = max(slowest, now() - start)
        if not error:
            encoding, error = _timed(PLAN["total_s"], lambda: _result(value))  # noqa: B023
        if error:
            break
        results.append(encoding)
    record = {"error": error, "results": results, "slowest_s": slowest, "total_s": now() - began}
    line = ("\n" + marker + dumps(record) + "\n").encode("ascii")
    while line:
        line = line[write(1, line) :]
    leave(0)


if PLAN:
    _main()
