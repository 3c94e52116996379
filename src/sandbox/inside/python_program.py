"""Runs a Python program, or the tests of one, in a fork of the warm interpreter, and reports how it ended."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import functools
import gc
import importlib
import json
import os
import resource
import sys
import threading
import traceback
import types
from collections.abc import Callable, Sequence
from typing import Any

from checker import TESTS, Checker, Namespace, module_of
from tested_program import TestedProgram

# what programs of this kind import most; loaded once, so that each fork has them already
PRELOADED = (
    "abc array bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime decimal "
    "enum fractions functools hashlib heapq inspect io itertools json math operator pathlib queue random re "
    "shutil statistics string struct subprocess tempfile textwrap time traceback typing unittest uuid "
    "linecache locale sqlite3"
)
PROGRAM = "main.py"
REPORT, INCOMING, OUTGOING = 3, 4, 5  # descriptors beside the standard three
MAX_LINE = 300
MACHINERY = "isolation syscall_filter supervisor resource_usage wire worker python_program child peer references codec stand_ins safeguards checker tested_program"


def warm_up() -> None:
    """Import what programs use."""
    for name in PRELOADED.split():
        try:
            importlib.import_module(name)
        except ImportError:  # a distribution may leave parts of the library out
            continue
    import site

    for make in (site.setquit, site.setcopyright, site.sethelper):  # omitted by -S
        make()


def alone(source: bytes, work: str) -> Callable[[], None]:
    """What the fork does once it has no privileges left: run a program without tests."""

    def run() -> None:
        namespace = _fresh_main(work, "__main__")
        write_program(source)
        run_alone(source, namespace)

    return _reporting(run)


def tested(source: bytes, work: str) -> Callable[[], None]:
    """The same for a program that tests call: it is given no test, and answers what they request. Its file is there."""

    def run() -> None:
        # tests import what they test: the main part of a program, however it asks for its name, does not run
        namespace = _fresh_main(work, "main")
        try:
            exec(_compiled(source, PROGRAM), namespace)
        except BaseException as error:
            _report(error, {PROGRAM: source}, sys.__excepthook__)
            _flush()
            return
        TestedProgram(INCOMING, OUTGOING, namespace).serve_tests()

    return _reporting(run)


def tests_of(tests: bytes, shadowing: Sequence[str], operators: Sequence[str]) -> Callable[[], None]:
    """The same for the tests themselves. Of the builtins that the program defines, they see those `shadowing`; these
    `operators` of its classes are given data."""

    def run() -> None:
        sys.argv[:] = [PROGRAM]
        sys.path[:] = [entry for entry in sys.path if entry not in ("", os.path.dirname(__file__))]
        gc.enable()
        code = _compiled(tests, TESTS)
        checker = Checker(INCOMING, OUTGOING, tests.decode("utf-8"))
        try:
            checker.wait_until_loaded(operators)
            namespace = Namespace(checker, shadowing)
            _forget_machinery()
            sys.modules["__main__"] = sys.modules["main"] = module_of(namespace)
            exec(code, namespace)
            checker.conclude()
        except BaseException as error:
            if not checker.problem:
                _report(
                    error,
                    {TESTS: tests},
                    functools.partial(_show_with_remote, checker),
                    checker.lines.get(id(error), ""),
                )
        else:
            if not checker.problem:
                os.write(REPORT, json.dumps({"finished" if checker.used else "unused": True}).encode())
        if checker.problem:
            os.write(REPORT, json.dumps({"problem": checker.problem}).encode())
        _flush()

    return _reporting(run)


def _reporting(run: Callable[[], None]) -> Callable[[], None]:
    """`run` with streams of its own; whatever it raises is reported. Never returns."""

    def start() -> None:
        leave = os._exit
        try:
            _open_streams()
            run()
            leave(0)
        except BaseException as error:
            _report(error, {}, sys.__excepthook__)
        finally:
            leave(127)

    return start


def _show_with_remote(checker: Checker, kind: type, error: BaseException, trace: Any) -> None:
    """The traceback of an exception of the tests, with that of the program where it came from there."""
    frames = [entry for entry in traceback.extract_tb(trace) if entry.filename == TESTS]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)]
    lines += [str(getattr(error, "remote_trace", "")), *traceback.format_exception_only(kind, error)]
    sys.stderr.write("".join(lines))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # it may be closed, which is no verdict on the tests
            stream.flush()


def write_program(source: bytes) -> bool:
    """The file that tracebacks and inspect read; False where the program is larger than its folder."""
    try:
        with open(PROGRAM, "wb") as file:
            file.write(source)
    except OSError:
        return False
    return True


def _open_streams() -> None:
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        errors = "backslashreplace" if number == 2 else "surrogateescape"
        buffering = 1 if number == 2 else -1
        stream = open(  # noqa: SIM115 - open as long as the program runs
            number, mode, buffering, encoding="utf-8", errors=errors, closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _fresh_main(work: str, name: str) -> dict[str, Any]:
    module = types.ModuleType(name)
    module.__dict__.update(__builtins__=builtins, __file__=PROGRAM)
    sys.modules["__main__"] = sys.modules[name] = module
    _forget_machinery()
    sys.argv[:] = [PROGRAM]
    sys.path[:] = [work, *[entry for entry in sys.path if entry not in ("", os.path.dirname(__file__))]]
    os.environ["HOME"] = work
    os.environ.pop("PYTHONHASHSEED", None)
    gc.enable()
    return module.__dict__


def _forget_machinery() -> None:
    """A program finds the library, and no module of ours."""
    for name in MACHINERY.split():
        sys.modules.pop(name, None)


def run_alone(source: bytes, namespace: dict[str, Any]) -> None:
    """Run a program without tests, threads and exit functions included. Never returns."""
    leave, show = os._exit, sys.excepthook
    code = _compiled(source, PROGRAM)
    status = 0
    try:
        exec(code, namespace)
    except SystemExit as stop:
        status = _exit_status(stop)
        if status:
            _report(stop, {}, None)
    except BaseException as error:
        status = 1
        _report(error, {PROGRAM: source}, show)
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:
        status = status or 120  # what the interpreter itself exits with where it cannot flush
        _report(error, {}, None)
    leave(status)


def _exit_status(stop: SystemExit) -> int:
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


def _compiled(text: bytes, name: str) -> types.CodeType:
    """Code of the program or of its tests; ends the process where it does not compile."""
    try:
        return compile(text.decode("utf-8"), name, "exec", dont_inherit=True)
    except BaseException as error:
        kind = _compile_error(error)
        print(f"{kind}: {str(error)[:MAX_LINE]}", file=sys.stderr)
        os.write(REPORT, json.dumps({"error": kind}).encode())
        sys.stderr.flush()
        os._exit(1)


def _compile_error(error: BaseException) -> str:
    """The exception that a failure to compile counts as. A NUL (ValueError) or a text too deep for the parser
    (RecursionError, MemoryError) is a SyntaxError; MemoryError counts only where half the memory was in use."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if isinstance(error, MemoryError) and used > limit / 2 > 0:
        return "MemoryError"
    return type(error).__name__ if isinstance(error, SyntaxError) else "SyntaxError"


def _report(
    error: BaseException, sources: dict[str, bytes], show: Callable[..., object] | None, raised_at: str = ""
) -> None:
    """Report the type of `error` and the line that raised it, `raised_at` where that is known.

    A program that forges this can only fail.
    """
    line = ""
    with contextlib.suppress(BaseException):  # the exception's own methods may raise; its type still counts
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        step = trace
        while step is not None:
            text = sources.get(step.tb_frame.f_code.co_filename)
            if text is not None:
                lines = text.decode("utf-8").splitlines()
                line = lines[step.tb_lineno - 1].strip()[:MAX_LINE] if step.tb_lineno <= len(lines) else line
            step = step.tb_next
        if show and not isinstance(error, SystemExit):
            error.__traceback__ = trace  # without the frame that ran the program
            show(type(error), error, trace)
    report = {"error": type(error).__name__[:100], "line": raised_at.strip()[:MAX_LINE] or line}
    os.write(REPORT, json.dumps(report).encode())
