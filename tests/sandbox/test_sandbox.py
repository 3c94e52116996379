"""Every program gets its outcome, in order, and leaves nothing behind."""

import contextlib
import itertools
import os
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from src.sandbox.inside.resource_usage import descendants
from src.sandbox.sandbox import Limits, Sandbox, SandboxClosedError
from tests.sandbox.environment import QUICK, needs_sandbox, run_script

pytestmark = needs_sandbox

OUTCOMES = [  # source, tests, stdin, outcome, detail, stdout
    ("print('hi')", "", b"", "passed", "", "hi\n"),
    ("", "", b"", "passed", "", ""),
    ("print(input())", "", b"\xc3\xa9\n", "passed", "", "é\n"),
    ("exit()", "", b"", "passed", "", ""),
    ("quit(0)", "", b"", "passed", "", ""),
    ("raise SystemExit(3)", "", b"", "error", "SystemExit", ""),
    ("import sys; sys.exit('why')", "", b"", "error", "SystemExit", ""),
    ("1 / 0", "", b"", "error", "ZeroDivisionError", ""),
    ("x = ", "", b"", "error", "SyntaxError", ""),
    ("assert 1 == 2", "", b"", "failed", "assert 1 == 2", ""),
    ("if 1:\nprint()", "", b"", "error", "IndentationError", ""),
    ("x = '\ud800'", "", b"", "error", "SyntaxError", ""),
    ("x = 1\0", "", b"", "error", "SyntaxError", ""),
    ("import atexit; atexit.register(print, 'bye')", "", b"", "passed", "", "bye\n"),
    ("import threading; threading.Timer(0.05, print, ('late',)).start()", "", b"", "passed", "", "late\n"),
    ("def f(x): return x + 1", "assert f(1) == 2", b"", "passed", "", ""),
    ("def f(x): return x", "y = 2\nassert f(1) == y, 'no'", b"", "failed", "assert f(1) == y, 'no'", ""),
    ("def f(x): return x", "def check(g):\n    assert g(1) == 2\ncheck(f)", b"", "failed", "assert g(1) == 2", ""),
    ("def f(x): return y", "assert f(1) == 2", b"", "error", "NameError", ""),
    ("def f(x): return x", "assert g(1) == 2", b"", "error", "NameError", ""),
    ("def f(x): return x", "assert f(", b"", "error", "SyntaxError", ""),
    ("def f(x): raise MemoryError", "assert f(1)", b"", "out_of_memory", "MemoryError", ""),
    ("import sys\nprint(len(sys.argv), __name__, __file__)", "", b"", "passed", "", "1 __main__ main.py\n"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "tests", "stdin", "outcome", "detail", "stdout"), OUTCOMES)
def test_a_python_program_gets_its_outcome(sandbox, source, tests, stdin, outcome, detail, stdout):
    execution = sandbox.python(source, tests, stdin)
    assert (execution.outcome, execution.detail, execution.stdout) == (outcome, detail, stdout), execution
    assert 0 < execution.wall_s < 2


HARMLESS = [  # what ordinary programs do, and the tests beside them must not forbid
    "from collections import namedtuple\nP = namedtuple('P', 'x y')\nassert P(1, 2).y == 2",
    "import enum\nE = enum.Enum('E', 'A B')\nassert E.A != E.B",
    "from typing import NamedTuple, TypeVar, Generic\nT = TypeVar('T')\nclass B(Generic[T]): pass\nclass N(NamedTuple):\n    a: int\nassert N(1).a == 1",
    "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass A:\n    x: int = 1\nassert A() == A(1)",
    "import logging\nlogging.warning('hello')",
    "import warnings\nwarnings.warn('old')",
    "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1\nassert asyncio.run(f()) == 1",
    "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
    "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as p:\n    assert list(p.map(abs, [-1])) == [1]",
    "import multiprocessing\nwith multiprocessing.Pool(2) as p:\n    assert p.map(abs, [-1, 2]) == [1, 2]",
    "import subprocess\nassert subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout == 'x\\n'",
    "import tempfile, os\nwith tempfile.NamedTemporaryFile() as f:\n    f.write(b'x')\nopen('a.txt', 'w').write('b')\nassert os.listdir('.')",
    "import signal\ndef stop(*a):\n    raise TimeoutError\nsignal.signal(signal.SIGALRM, stop)\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\ntry:\n    while True:\n        x = 1\nexcept TimeoutError:\n    pass",
    "import random, statistics, math, re, json, itertools, functools, heapq, bisect, decimal, fractions, datetime\nassert math.isclose(statistics.mean([1, 2]), 1.5)",
    "import sqlite3\nc = sqlite3.connect(':memory:')\nassert c.execute('select 1').fetchone() == (1,)",
    "import unittest\nclass T(unittest.TestCase):\n    def test_x(self):\n        self.assertEqual(1, 1)\nassert unittest.main(exit=False, argv=['x']).result.wasSuccessful()",
    "import socket, threading\ns = socket.create_server(('127.0.0.1', 0))\nthreading.Thread(target=lambda: s.accept()[0].send(b'x')).start()\nassert socket.create_connection(s.getsockname()).recv(1) == b'x'",
    "import inspect\ndef f(a, b=1): pass\nassert str(inspect.signature(f)) == '(a, b=1)' and 'def f' in inspect.getsource(f)",
    "import time, getpass, os, platform, uuid, hashlib\ntime.time(), os.getcwd(), platform.system(), uuid.uuid4(), hashlib.md5(b'').hexdigest()",
    "import doctest\ndef f():\n    '''\n    >>> f()\n    1\n    '''\n    return 1\nprint(f())",
]  # fmt: skip


@pytest.mark.parametrize("source", HARMLESS)
def test_a_harmless_program_passes_alone_and_beside_tests(sandbox, source):
    alone, tested = sandbox.python(source), sandbox.python(f"{source}\nend = 1", "assert end")
    assert alone.outcome == "passed", alone
    assert tested.outcome == "passed", tested


SPIN = "import time\nwhile time.process_time() < 0.6: pass\n"
WAITING = Limits(cpu_s=20, wall_s=0.3, memory_mib=512, processes=64)
BOMB = "import os\nfor i in range(55):\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass\nwhile True: pass\n"


@pytest.mark.parametrize(
    ("source", "outcome", "detail"),
    [
        (SPIN, "passed", ""),
        (f"import threading\ndef spin():\n    exec({SPIN!r})\nt = threading.Thread(target=spin)\nt.start()\nt.join()\n", "passed", ""),
        (f"import os\nif os.fork() == 0:\n    exec({SPIN!r})\n    os._exit(0)\nos.wait()\n", "passed", ""),
        ("import time\ntime.sleep(600)\n", "timeout", "0.3 s of waiting"),
        ("import os\nos.kill(os.getpid(), 19)\n", "timeout", "0.3 s of waiting"),
    ],
)  # fmt: skip
def test_the_wall_clock_ends_what_waits_and_not_what_takes_long(source, outcome, detail):
    """Each that passes needs twice the wall time at least, on any machine."""
    with Sandbox(WAITING, workers=1) as started:
        execution = started.python(source)
    assert (execution.outcome, execution.detail) == (outcome, detail)
    assert outcome == "timeout" or execution.wall_s > WAITING.wall_s


def test_neighbours_that_take_every_processor_change_no_outcome():
    """A program that needs twice its wall time of waiting passes beside 55 that spin, and they use up their own time."""
    with Sandbox(replace(WAITING, cpu_s=2), workers=2) as started:
        jobs = [lambda s: s.python(BOMB), lambda s: s.python(SPIN)] * 2
        found = [(e.outcome, e.detail) for e in started.map(jobs)]
    assert found == [("timeout", "2 s of CPU"), ("passed", "")] * 2


def test_the_time_in_which_a_machine_pauses_is_not_waited():
    """A paused container stops the supervisor too, which finds a program that does not run at its next look."""
    with Sandbox(replace(WAITING, wall_s=2.5), workers=1) as started, ThreadPoolExecutor(1) as thread:
        started.python("")
        found = thread.submit(started.python, "import time\nfor _ in range(8): time.sleep(0.1)")
        time.sleep(0.3)
        (worker,) = started._started
        paused = [worker.process.pid, *descendants(worker.process.pid)]
        try:
            for each in paused:
                os.kill(each, signal.SIGSTOP)
            time.sleep(3)
        finally:
            for each in paused[:-1]:
                os.kill(each, signal.SIGCONT)
            time.sleep(0.2)  # the supervisor looks before the program, the last of them, goes on
            with contextlib.suppress(ProcessLookupError):
                os.kill(paused[-1], signal.SIGCONT)
        execution = found.result()
    assert (execution.outcome, execution.detail) == ("passed", "")
    assert execution.wall_s > 3


def test_time_and_memory_are_measured(sandbox):
    busy = sandbox.python(
        "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    )
    assert 0.25 < busy.cpu_s <= busy.wall_s + 0.1
    child = sandbox.python(
        "import os\nif os.fork() == 0:\n    x = 10 ** 7\n    while x: x -= 1\nelse: os.wait()"
    )
    assert child.cpu_s > 0.1
    assert 100 < sandbox.python("x = b'x' * (100 << 20)").peak_mib < 160


def test_what_one_program_does_to_the_interpreter_is_gone_for_the_next():
    with Sandbox(QUICK, workers=1) as one:
        changes = "import os, sys, builtins, math\nbuiltins.left = math.left = 1\nos.environ['LEFT'] = '1'\nsys.path.clear()"
        assert one.python(changes).outcome == "passed"
        assert one.python("import os, math, builtins\nassert not hasattr(math, 'left')\nassert 'LEFT' not in os.environ\nleft",
                          ).detail == "NameError"  # fmt: skip


def test_a_program_does_the_same_in_every_worker():
    source = "print({str(i) for i in range(50)})"
    with Sandbox(QUICK, workers=3) as three:
        assert len({e.stdout for e in three.map([lambda s: s.python(source)] * 12)}) == 1


COMMANDS = [  # files, argv, compile, stdin, outcome, detail, stdout
    ({"a.sh": "cat; echo $HOME"}, ["bash", "a.sh"], None, b"in ", "passed", "", "in /tmp/work\n"),
    ({"a.sh": "exit 4"}, ["bash", "a.sh"], None, b"", "error", "exit 4", ""),
    ({"d/e/a.sh": "pwd"}, ["bash", "d/e/a.sh"], None, b"", "passed", "", "/tmp/work\n"),
    ({}, ["no-such-tool"], None, b"", "error", "FileNotFoundError", ""),
    ({"m.c": "int main(void) { return 0; }"}, ["./m"], ["gcc", "-o", "m", "m.c"], b"", "passed", "", ""),
    ({"m.c": "int main(void) { return x; }"}, ["./m"], ["gcc", "-o", "m", "m.c"], b"", "error", "compile: exit 1", ""),
    ({"m.c": "int main(void) { int *p = 0; return *p; }"}, ["./m"], ["gcc", "-o", "m", "m.c"], b"", "killed", "SIGSEGV", ""),
    ({"m.cc": "#include <vector>\nint main() { std::vector<int> v; v.at(1); }"}, ["./m"], ["g++", "-o", "m", "m.cc"], b"",
     "error", "std::out_of_range", ""),
    ({"m.js": "console.log(1); x"}, ["node", "m.js"], None, b"", "error", "ReferenceError", "1\n"),
    ({"m.js": "require('assert').equal(1, 2)"}, ["node", "m.js"], None, b"", "failed", "AssertionError", ""),
    ({"M.java": "class M { public static void main(String[] a) { int[] x = {}; x[0]++; } }"},
     ["java", "-Xmx256m", "-cp", ".", "M"], ["javac", "-J-Xmx256m", "M.java"], b"",
     "error", "java.lang.ArrayIndexOutOfBoundsException", ""),
]  # fmt: skip


@pytest.mark.parametrize(("files", "argv", "compile_argv", "stdin", "outcome", "detail", "stdout"), COMMANDS)
def test_a_command_gets_its_outcome(sandbox, files, argv, compile_argv, stdin, outcome, detail, stdout):
    tool = (compile_argv or argv)[0]
    if tool != "no-such-tool" and shutil.which(tool, path="/usr/local/bin:/usr/bin:/bin") is None:
        pytest.skip(f"no {tool} here")
    roomy = Limits(wall_s=20, cpu_s=20, memory_mib=2048, processes=64)
    execution = sandbox.command(files, argv, stdin, compile_argv, roomy)
    assert execution.outcome == outcome, execution
    assert detail in execution.detail
    assert execution.stdout == stdout


@pytest.mark.parametrize(
    ("source", "outcomes"),
    [
        ("# " + "x" * 10_000_000, {"passed"}),
        ("x = '" + "y" * 10_000_000, {"error"}),
        ("x = 1\n" * 1_000_000, {"passed", "timeout", "out_of_memory"}),
        ("\x7fELF\x01\x02\x80\xff" * 1000, {"error"}),
        ("(" * 10_000 + ")" * 10_000, {"error"}),
        ("lambda: " * 10_000 + "1", {"error", "killed"}),
        ("x = " + "a." * 50_000 + "b", {"error", "killed"}),
        ("Sure! Here is the code you asked for:", {"error"}),
        ("\ufeffprint(1)\r\n\x0c\n", {"passed", "error"}),
    ],
)
def test_bad_input_gets_an_outcome_and_slows_nobody(sandbox, source, outcomes):
    assert sandbox.python(source).outcome in outcomes
    assert sandbox.python(f"{source}\nend = 1", "assert end").outcome in outcomes
    assert min(sandbox.python("x = 1").wall_s for _ in range(3)) < 0.5


def test_results_come_in_order_and_jobs_are_taken_only_so_far_ahead(sandbox):
    taken = []

    def jobs():
        for number in itertools.count():
            taken.append(number)
            yield lambda s, number=number: (number, s.python(f"print({number})").stdout)

    results = list(itertools.islice(sandbox.map(jobs()), 40))
    assert results == [(number, f"{number}\n") for number in range(40)]
    assert len(taken) <= 40 + 8 * sandbox.workers
    assert list(sandbox.map([])) == []


def test_an_error_in_a_job_reaches_the_caller(sandbox):
    def job(started):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        list(sandbox.map([job]))
    assert sandbox.python("x = 1").outcome == "passed"


def test_more_threads_than_workers_wait_for_their_turn(sandbox):
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(sandbox.python("x = 1").outcome)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["passed"] * 8


def test_a_worker_that_is_killed_is_replaced():
    with Sandbox(QUICK, workers=1) as one:
        one.python("x = 1")
        next(iter(one._started)).process.kill()
        time.sleep(0.1)
        assert one.python("print(2)").stdout == "2\n"


def test_a_closed_sandbox_says_so():
    with Sandbox(QUICK, workers=1) as one:
        pass
    with pytest.raises((SandboxClosedError, RuntimeError)):
        one.python("x = 1")


ENDLESS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
from src.sandbox.sandbox import Limits, Sandbox
with Sandbox(Limits(wall_s=100, cpu_s=100), workers=3) as s:
    sources = ["print(1)"] + ["import os\\nos.fork()\\nwhile True: pass"] * 30
    for e in s.map([lambda s, source=source: s.python(source) for source in sources]):
        print(e.stdout.strip(), flush=True)
"""


def below(root: int) -> set[int]:
    """Processes that descend from `root`."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_everything_at_once_and_keeps_what_was_done(number):
    process = run_script(ENDLESS, start_new_session=True)
    assert process.stdout.readline() == "1\n"
    deadline = time.monotonic() + 20
    while len(running := below(process.pid)) < 3 * 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(running) >= 3 * 5  # bwrap, interpreter, supervisor, the program and its child
    process.send_signal(number)
    began = time.monotonic()
    process.communicate(timeout=20)
    left = running
    while left and time.monotonic() < began + 5:
        left = {pid for pid in left if Path(f"/proc/{pid}").exists()}
        time.sleep(0.02)
    assert not left
    assert time.monotonic() - began < 5


def test_memory_of_the_caller_does_not_grow_with_the_number_of_programs():
    with Sandbox(QUICK, workers=2) as started:
        job = partial(Sandbox.python, source="print('x' * 10_000)")

        def after(programs: int) -> float:
            for _ in started.map(itertools.repeat(job, programs)):
                pass
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4 / 1024

        before = after(50)
        assert after(300) - before < 5  # MiB


@pytest.mark.parametrize("reply", [({}, []), ({"status": 10**400}, [b"", b""]), ({"failure": 3}, [b"", b""])])
def test_a_reply_that_no_worker_sends_ends_the_worker_and_not_the_caller(monkeypatch, reply):
    closed = []

    class Forging:
        single_use = False

        def run(self, request, timeout_s):
            return reply

        def close(self):
            closed.append(self)

    monkeypatch.setattr(Sandbox, "_start", lambda self, recipe: Forging())
    with Sandbox(QUICK, workers=1) as sandbox:
        execution = sandbox.python("print(1)")
    assert (execution.outcome, execution.detail) == ("killed", "its worker ended")
    assert len(closed) == 2  # each try has a worker of its own
