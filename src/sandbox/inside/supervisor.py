"""Watches one program from its start to its end: time, memory, output, processes, verdict."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import python_program
import resource_usage
import wire
from child import Child, Start, stdin_file
from isolation import Isolation, Quota

POLL_INTERVAL_S = 0.02
MOST_WAITED_S = 1.0  # counted at one look: a later one means that the machine was paused, the program with it
ENDING_S = 0.3  # between the end of a program's pipes and its own
REQUEST_FIELDS = "argv compile_argv names tested shadowing operators".split()
MAX_DESCRIPTORS = 2_048  # of all processes together; each may hold 0.2 MiB in a socket's buffers
FIRST_FREE = 10  # the worker keeps lower descriptors occupied, so that none collides in the fork


@dataclass(frozen=True)
class ProgramRequest:
    """What to run: Python where `argv` is empty, else commands on files."""

    quota: Quota
    argv: Sequence[str]
    compile_argv: Sequence[str]
    names: Sequence[str]  # of the files
    tested: bool  # a message with the tests follows
    shadowing: Sequence[str]  # builtins that the tests mean to be the program's
    operators: Sequence[str]  # of classes of the program, that its tests may give data ("Vector.__add__")


@dataclass
class Ending:
    """How a process ended. It becomes the header of the response."""

    step: str = "run"  # or "compile"
    status: int | None = None  # exit status, a signal's number negative; None where it was killed
    # why it was killed: waited timeout cpu out_of_memory output_limit processes descriptors
    stopped: str = ""
    finished: bool = False  # its tests completed
    tested: bool = False
    error: str = ""  # type of the exception that ended it
    line: str = ""  # the source line that raised it
    forged: bool = False  # what it sent its tests is no value
    unused: bool = False  # its tests never asked it for anything
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0


class Step:
    """One supervised program: a process, or that of a Python program and that of its tests."""

    def __init__(self, name: str, request: ProgramRequest, isolation: Isolation) -> None:
        self.quota, self.isolation = request.quota, isolation
        self.ending = Ending(name)
        self.out, self.err = b"", b""
        self.cpu_before_s = 0.0  # of the steps before this one
        self._busy_s = 0.0  # of its time that is no waiting
        self._children: list[Child] = []  # the last one decides how the step ended

    def run(self, start: Start, stdin: bytes, python: bool) -> None:
        """Start a program, and watch it to its end."""
        self._began = time.monotonic()
        with stdin_file(stdin) as descriptor:
            self._fork(start, descriptor, (), python)
        self._watch_to_the_end()
        self._take_error(self._children[0].report)

    def run_tested(self, program: Start, tests: Callable[[], Start], stdin: bytes) -> None:
        """Start a program, then its tests, which `tests` receives when the program has been forked: no memory that
        the program inherits has ever held them."""
        self.ending.tested = True
        self._began = time.monotonic()
        calls, replies = os.pipe(), os.pipe()
        with stdin_file(stdin) as descriptor:
            self._fork(program, descriptor, (calls[0], replies[1]), python=True)
            self._fork(tests(), descriptor, (replies[0], calls[1]), python=True)
        for end in (*calls, *replies):
            os.close(end)
        self._watch_to_the_end()
        self._read_verdict(*(child.report for child in self._children))

    def _fork(self, start: Start, stdin: int, more: Sequence[int], python: bool) -> None:
        drop = functools.partial(
            self.isolation.give_up_privileges, self.quota, whole_address_space=python, dumpable=not more
        )
        self._children.append(Child(start, drop, stdin, more, self.quota.output_bytes))

    @property
    def program(self) -> int:
        return self._children[-1].pid

    def _watch_to_the_end(self) -> None:
        self.streams = [stream for child in self._children for stream in child.streams]
        self._watch(self._began)
        self._finish()
        self.ending.status = None if self.ending.stopped else self._children[-1].status

    def _watch(self, began: float) -> None:
        """Until the process ends or uses too much of something."""
        poll = select.poll()
        pidfd = os.pidfd_open(self.program)
        poll.register(pidfd, select.POLLIN)
        by_descriptor = {stream.descriptor: stream for stream in self.streams}
        for descriptor in by_descriptor:
            poll.register(descriptor, select.POLLIN)
        last_check = began
        while not self.ending.stopped:
            left_s = last_check + POLL_INTERVAL_S - time.monotonic()
            events = poll.poll(max(0.0, left_s) * 1000 + 0.5)
            for descriptor, _ in events:
                stream = by_descriptor.get(descriptor)
                if stream and not stream.read():
                    self.ending.stopped = "output_limit"
                if stream and not stream.open:
                    poll.unregister(descriptor)
            if any(descriptor == pidfd for descriptor, _ in events):
                break
            if time.monotonic() - last_check >= POLL_INTERVAL_S:
                self._reap()
                now = time.monotonic()
                self._check_usage(now - began, now - last_check)
                last_check = now
        self.ending.wall_s = time.monotonic() - began
        os.close(pidfd)

    def _check_usage(self, since_start_s: float, since_last_s: float) -> None:
        processes = self.isolation.processes()
        used = resource_usage.usage(processes)
        self._busy_s += since_last_s if used.busy else max(0.0, since_last_s - MOST_WAITED_S)
        waited_s = since_start_s - self._busy_s
        resident_mib = used.resident_mib
        if resident_mib > self.quota.memory_mib and len(processes) > 1:
            resident_mib = resource_usage.proportional_mib(processes)
        self.ending.peak_mib = max(self.ending.peak_mib, resident_mib)
        if resident_mib > self.quota.memory_mib:
            self.ending.stopped = "out_of_memory"
        elif used.cpu_s - self.cpu_before_s > self.quota.cpu_s:
            self.ending.stopped = "cpu"
        elif waited_s > self.quota.wall_s:
            self.ending.stopped = "waited"
        elif since_start_s > self.quota.longest_s:
            self.ending.stopped = "timeout"
        elif len(processes) > self.quota.processes + len(self._children):
            self.ending.stopped = "processes"
        elif (
            len(processes) > len(self._children)
            and resource_usage.open_descriptors(processes) > MAX_DESCRIPTORS
        ):
            self.ending.stopped = "descriptors"

    def _finish(self) -> None:
        """Kill what is left of the program, and read the rest of its output."""
        if self.ending.stopped:
            self.isolation.kill_everything()
            self._reap(block=True)
        else:
            self._reap(block=True, only=self.program)
            self._let_program_end()
            statuses = [child.status for child in self._children]  # without our killing
            self.isolation.kill_everything()
            self._reap(block=True)
            for child, status in zip(self._children, statuses, strict=True):
                child.status = status
        for stream in self.streams:
            if stream.open and not stream.read() and not self.ending.stopped:
                self.ending.stopped = "output_limit"
            os.close(stream.descriptor)
        contents = [bytes(stream.content[: stream.limit]) for stream in self.streams]
        self.out, self.err = b"".join(contents[::2]), b"".join(contents[1::2])
        self.ending.cpu_s = resource_usage.usage(()).cpu_s - self.cpu_before_s

    def _let_program_end(self) -> None:
        """Where its tests say that the program has ended: wait until it has, unless it only closed its pipes."""
        program, *tests = self._children
        if program.status is None and any((child.report or {}).get("problem") == "ended" for child in tests):
            pidfd = os.pidfd_open(program.pid)
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            poll.poll(ENDING_S * 1000)
            os.close(pidfd)
            self._reap()

    def _reap(self, block: bool = False, only: int = -1) -> None:
        """Collect the exit status of ended processes; with `block`, wait for all or for `only`."""
        while True:
            try:
                process, status, used = os.wait4(only, 0 if block else os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            self.ending.peak_mib = max(self.ending.peak_mib, used.ru_maxrss / 1024)
            for child in self._children:
                if process == child.pid:
                    child.status = os.waitstatus_to_exitcode(status)
            if process == only:
                return

    def _read_verdict(self, program: dict[str, Any] | None, tests: dict[str, Any] | None) -> None:
        """The tests' own report decides; the program's says no more than why it could not be tested."""
        tests = tests or {}
        self.ending.finished = tests.get("finished") is True
        self.ending.unused = tests.get("unused") is True
        problem = str(tests.get("problem", ""))
        if not problem:
            self._take_error(tests)
        elif problem != "ended":
            self.ending.forged = True
        else:
            self._take_error(program)
            status = self._children[0].status or 0
            if not self.ending.error and not self.ending.forged and status < 0 and not self.ending.stopped:
                self.ending.status = status

    def _take_error(self, report: dict[str, Any] | None) -> None:
        if report is None:
            self.ending.forged = True
        elif "error" in report:
            self.ending.error, self.ending.line = str(report["error"]), str(report.get("line", ""))


def supervise(
    request: ProgramRequest, blobs: Sequence[bytes], isolation: Isolation, receive_tests: Callable[[], bytes]
) -> bytes:
    """Run the request in the namespaces of this process, and pack the response."""
    isolation.enter(request.quota, executable=bool(request.argv))
    isolation.hide()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 ignores what has no handler
    stdin, *contents = blobs

    def tests() -> Start:
        return python_program.tests_of(receive_tests(), request.shadowing, request.operators)

    try:
        if request.argv:
            step = _run_commands(request, stdin, contents, isolation)
        elif request.tested:
            if python_program.write_program(contents[0]):
                isolation.preserve(python_program.PROGRAM)
            step = Step("run", request, isolation)
            step.run_tested(python_program.tested(contents[0], isolation.work), tests, stdin)
        else:
            step = Step("run", request, isolation)
            step.run(python_program.alone(contents[0], isolation.work), stdin, python=True)
    finally:
        isolation.leave()
    return wire.pack(vars(step.ending), (step.out, step.err))


def _run_commands(
    request: ProgramRequest, stdin: bytes, contents: Sequence[bytes], isolation: Isolation
) -> Step:
    """Run the compiler, where there is one, and on success what it built."""
    for name, content in zip(request.names, contents, strict=True):
        write_file(name, content)
    environment = {**os.environ, "HOME": isolation.work}
    done = None
    for name, argv in (("compile", request.compile_argv), ("run", request.argv)):
        if argv:
            step = Step(name, request, isolation)
            step.cpu_before_s = done.ending.cpu_s if done else 0.0
            step.run(_executor(argv, environment), b"" if name == "compile" else stdin, python=False)
            done = step
            if step.ending.status != 0:
                break
    assert done is not None
    return done


def write_file(name: str, content: bytes) -> None:
    if os.path.dirname(name):
        os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)


def _executor(argv: Sequence[str], environment: dict[str, str]) -> Start:
    def start() -> None:
        os.execvpe(argv[0], list(argv), environment)

    return start


def parse_request(header: dict[str, Any]) -> ProgramRequest:
    return ProgramRequest(Quota(**header.pop("quota")), **{name: header[name] for name in REQUEST_FIELDS})


def failure_response(error: BaseException) -> bytes:
    """The response where isolation failed: nothing ran."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{error}\n")
    return wire.pack({"failure": f"{type(error).__name__}: {error}"}, (b"", b""))
