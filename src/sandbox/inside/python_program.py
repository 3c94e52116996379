"""Runs a Python program and its tests in a fork of the warm interpreter, and reports how they ended."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import importlib
import json
import operator
import os
import re
import resource
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

# what programs of this kind import most; loaded once, so that each fork has them already
PRELOADED = (
    "abc array bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime decimal "
    "enum fractions functools hashlib heapq inspect io itertools json math operator pathlib queue random re "
    "shutil statistics string struct subprocess tempfile textwrap time traceback typing unittest uuid "
    "linecache locale sqlite3"
)
PROGRAM, TESTS = "main.py", "<tests>"
MAX_LINE = 300
WORD = re.compile(r"\w+")
MACHINERY = "ctypes _ctypes isolation syscall_filter supervisor resource_usage wire worker"

DENIED_EVENTS = (  # audit events
    "gc.get_objects gc.get_referrers gc.get_referents sys._getframe sys.settrace sys.setprofile "
    "sys._current_frames sys._current_exceptions sys.monitoring.register_callback"
)

Contents = dict[str, Any]
_pristine: dict[str, tuple[Contents, Contents]] = {}  # module: its live names, and their initial values


def warm_up() -> None:
    """Import what programs use, and save the contents of every module."""
    for name in PRELOADED.split():
        try:
            importlib.import_module(name)
        except ImportError:  # a distribution may leave parts of the library out
            continue
    import site

    for make in (site.setquit, site.setcopyright, site.sethelper):  # omitted by -S
        make()
    for name, module in list(sys.modules.items()):
        if module is not None and name not in (*MACHINERY.split(), "__main__", __name__, "sys", "threading"):
            _pristine[name] = (module.__dict__, dict(module.__dict__))


def starter(source: bytes, tests: bytes, work: str) -> Callable[[int, int], None]:
    """What the fork does once it has no privileges left."""

    def start(report: int, nonce: int) -> None:
        leave = os._exit
        try:
            _open_streams()
            # tests import what they test: the main part of a program, however it asks for its name, does not run
            namespace = _fresh_main(work, "main" if tests else "__main__")
            _write_program(source)
            if tests:
                _forget_machinery()
                sys.addaudithook(_guard)
                run_tests(source, tests, namespace, report, nonce)
            else:
                os.close(nonce)
                run_alone(source, namespace, report)
        except BaseException as error:
            _report(error, report, {}, sys.__excepthook__)
        finally:
            leave(127)

    return start


def _write_program(source: bytes) -> None:
    """The file that tracebacks and inspect read; left out where the program is larger than its folder."""
    with contextlib.suppress(OSError), open(PROGRAM, "wb") as file:
        file.write(source)


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
    sys.argv[:] = [PROGRAM]
    sys.path[:] = [work, *[entry for entry in sys.path if entry not in ("", os.path.dirname(__file__))]]
    os.environ["HOME"] = work
    os.environ.pop("PYTHONHASHSEED", None)
    gc.enable()
    return module.__dict__


def _forget_machinery() -> None:
    """Remove the modules through which a program could reach the native calls of the isolation."""
    sys.modules.pop(__name__, None)
    for name in MACHINERY.split():
        module = sys.modules.pop(name, None)
        if module is not None and name not in ("ctypes", "_ctypes"):
            module.__dict__.clear()


def _guard(
    event: str,
    _arguments: Any,
    # defaults, so that the hook looks up nothing that a program can replace
    _denied: frozenset[str] = frozenset(DENIED_EVENTS.split()),
    _error: type[Exception] = ValueError,
) -> None:
    """Beside tests, a program may not reach into the interpreter that runs them.

    ValueError, because the library's own callers of sys._getframe (namedtuple, enum, typing, logging)
    handle it.
    """
    if event in _denied or event.startswith("ctypes."):
        raise _error("not allowed beside tests: " + event)


def run_tests(source: bytes, tests: bytes, namespace: dict[str, Any], report: int, nonce: int) -> None:
    """Run program and tests; the nonce is sent only where both complete. Never returns."""
    read, write, leave, show, run = os.read, os.write, os._exit, sys.__excepthook__, exec
    flush = (sys.stdout.flush, sys.stderr.flush)
    program, checks = _compiled(source, tests, report)
    restore = compile("restore()", "<restore>", "exec")
    try:
        # The nonce is read before the program starts, and stays on the evaluation stack while it runs: in no
        # variable, no frame's locals and no module. So does everything that is called after the program.
        write(
            report,
            (
                read(nonce, 64),
                tuple(
                    map(
                        run,
                        (program, restore, checks),
                        (namespace, {"restore": _restorer(namespace, tests)}, namespace),
                    )
                ),
            )[0],
        )
    except BaseException as error:
        _report(error, report, {PROGRAM: source, TESTS: tests}, show)
    for stream in flush:
        with contextlib.suppress(Exception):  # it may be closed, which is no verdict on the tests
            stream()
    leave(0)


def _restorer(namespace: dict[str, Any], tests: bytes) -> Callable[[], None]:
    """Restores what the tests name: a program may have replaced `abs` or `math.isclose`.

    Only what they name, because each object touched is a page that this fork no longer shares.
    """
    named = {"builtins", *WORD.findall(tests.decode("utf-8", "replace"))}
    everything = _pristine
    chosen = [name for name in everything if not named.isdisjoint(name.split("."))]
    pristine = [everything[name] for name in chosen]
    modules, system = {name: sys.modules[name] for name in chosen}, sys.__dict__
    globals().update(_pristine={})  # out of the program's reach
    sys.addaudithook(everything.get)  # does nothing but keep it: to free it would touch every page of it
    own_builtins = dict(builtins.__dict__)
    kept = {name: system[name] for name in ("stdin", "stdout", "stderr", "argv", "path", "modules")}
    same, differs, every = operator.is_, operator.is_not, any

    def restore() -> None:
        for live, saved in pristine:
            if every(map(differs, map(live.get, saved), saved.values())):
                live.update((key, value) for key, value in saved.items() if not same(live.get(key), value))
        system.update(kept)
        system["modules"].update(modules)
        namespace["__builtins__"] = own_builtins

    return restore


def run_alone(source: bytes, namespace: dict[str, Any], report: int) -> None:
    """Run a program without tests, threads and exit functions included. Never returns."""
    leave, show = os._exit, sys.excepthook
    code = _compiled(source, b"", report)[0]
    status = 0
    try:
        exec(code, namespace)
    except SystemExit as stop:
        status = _exit_status(stop)
        if status:
            _report(stop, report, {}, None)
    except BaseException as error:
        status = 1
        _report(error, report, {PROGRAM: source}, show)
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:
        status = status or 120  # what the interpreter itself exits with where it cannot flush
        _report(error, report, {}, None)
    leave(status)


def _exit_status(stop: SystemExit) -> int:
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


def _compiled(source: bytes, tests: bytes, report: int) -> list[types.CodeType]:
    """Code of the program and of its tests; ends the process where one does not compile."""
    codes = []
    try:
        for text, name in ((source, PROGRAM), (tests, TESTS)):
            codes.append(compile(text.decode("utf-8"), name, "exec", dont_inherit=True))
    except BaseException as error:
        kind = _compile_error(error)
        print(f"{kind}: {str(error)[:MAX_LINE]}", file=sys.stderr)
        os.write(report, json.dumps({"error": kind}).encode())
        sys.stderr.flush()
        os._exit(1)
    return codes


def _compile_error(error: BaseException) -> str:
    """The exception that a failure to compile counts as. A NUL (ValueError) or a text too deep for the parser
    (RecursionError, MemoryError) is a SyntaxError; MemoryError counts only where half the memory was in use."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if isinstance(error, MemoryError) and used > limit / 2 > 0:
        return "MemoryError"
    return type(error).__name__ if isinstance(error, SyntaxError) else "SyntaxError"


def _report(
    error: BaseException, report: int, sources: dict[str, bytes], show: Callable[..., object] | None
) -> None:
    """Report the type of `error` and the line that raised it; a program that forges this can only fail."""
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
    os.write(report, json.dumps({"error": type(error).__name__[:100], "line": line}).encode())
