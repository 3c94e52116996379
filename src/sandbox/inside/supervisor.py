"""Watches one program from its start to its end: time, memory, output, processes, verdict."""

from __future__ import annotations

import contextlib
import json
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
from isolation import Isolation, Quota

POLL_INTERVAL_S = 0.02
REPORT_BYTES = 4_096
MAX_DESCRIPTORS = 2_048  # of all processes together; each may hold 0.2 MiB in a socket's buffers
NONCE_BYTES = 32
REPORT, NONCE = 3, 4  # descriptors of a Python program beside the standard three
FIRST_FREE = 10  # the worker keeps lower descriptors occupied, so that none collides in the fork


@dataclass(frozen=True)
class ProgramRequest:
    """What to run: Python where `argv` is empty, else commands on files."""

    quota: Quota
    argv: Sequence[str]
    compile_argv: Sequence[str]
    names: Sequence[str]  # of the files


@dataclass
class Ending:
    """How a process ended. It becomes the header of the response."""

    step: str = "run"  # or "compile"
    status: int | None = None  # exit status, a signal's number negative; None where it was killed
    stopped: str = ""  # timeout cpu out_of_memory output_limit processes descriptors: why it was killed
    finished: bool = False  # its tests completed
    tested: bool = False
    error: str = ""  # type of the exception that ended it
    line: str = ""  # the source line that raised it
    forged: bool = False  # it wrote to a descriptor that is the checker's
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0


class Output:
    """The first `limit` bytes of one stream, and whether there were more."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor, self.limit, self.content, self.open = descriptor, limit, bytearray(), True
        os.set_blocking(descriptor, False)

    def read(self) -> bool:
        """Read what is available; False where the stream exceeds its limit."""
        while len(self.content) <= self.limit:
            try:
                part = os.read(self.descriptor, 65_536)
            except BlockingIOError:
                return True
            if not part:
                self.open = False
                return True
            self.content += part[: self.limit + 1 - len(self.content)]
        return False


class Step:
    """One supervised process."""

    def __init__(self, name: str, request: ProgramRequest, isolation: Isolation) -> None:
        self.quota, self.isolation = request.quota, isolation
        self.ending = Ending(name)
        self.out, self.err = b"", b""
        self.cpu_before_s = 0.0  # of the steps before this one

    def run(self, start: Callable[[int, int], None], stdin: bytes, python: bool, tested: bool) -> None:
        """Fork, let the child `start` (report and nonce descriptors), and watch it to its end."""
        self.ending.tested = tested
        out_r, out_w = os.pipe()
        err_r, err_w = os.pipe()
        report_r, report_w = os.pipe()
        nonce_r, nonce_w = os.pipe()
        input_fd = stdin_file(stdin)
        began = time.monotonic()
        self.program = os.fork()
        if self.program == 0:
            self._run_child((input_fd, out_w, err_w, report_w, nonce_r), start, python, tested)
        for descriptor in (input_fd, out_w, err_w, report_w, nonce_r):
            os.close(descriptor)
        self.streams = [Output(out_r, self.quota.output_bytes), Output(err_r, self.quota.output_bytes)]
        # created after the fork, so that the program's memory does not hold it before the program reads it
        nonce = os.urandom(NONCE_BYTES)
        if tested:
            with contextlib.suppress(BrokenPipeError):  # it has exited already
                os.write(nonce_w, nonce)
        os.close(nonce_w)
        self._watch(began)
        self._finish()
        os.set_blocking(report_r, False)
        self._read_report(report_r, nonce)

    def _run_child(
        self, descriptors: Sequence[int], start: Callable[[int, int], None], python: bool, tested: bool
    ) -> None:
        """In the child: drop privileges and run the program. Never returns."""
        try:
            for target, descriptor in enumerate(descriptors):
                os.dup2(descriptor, target, inheritable=target < REPORT)
            os.closerange(NONCE + 1, 4_096)
            self.isolation.give_up_privileges(self.quota, whole_address_space=python, dumpable=not tested)
            start(REPORT, NONCE)
        except BaseException as error:
            os.write(REPORT, json.dumps({"error": type(error).__name__}).encode())
            os.write(2, f"{error}\n".encode("utf-8", "replace"))
        finally:
            os._exit(127)

    def _watch(self, began: float) -> None:
        """Until the process ends or uses too much of something."""
        poll = select.poll()
        pidfd = os.pidfd_open(self.program)
        poll.register(pidfd, select.POLLIN)
        by_descriptor = {stream.descriptor: stream for stream in self.streams}
        for descriptor in by_descriptor:
            poll.register(descriptor, select.POLLIN)
        deadline = began + self.quota.wall_s
        next_check = began + POLL_INTERVAL_S
        while not self.ending.stopped:
            now = time.monotonic()
            events = poll.poll(max(0.0, min(next_check, deadline) - now) * 1000 + 0.5)
            for descriptor, _ in events:
                stream = by_descriptor.get(descriptor)
                if stream and not stream.read():
                    self.ending.stopped = "output_limit"
                if stream and not stream.open:
                    poll.unregister(descriptor)
            if any(descriptor == pidfd for descriptor, _ in events):
                break
            now = time.monotonic()
            if now >= deadline:
                self.ending.stopped = "timeout"
            elif now >= next_check:
                self._reap()
                self._check_usage()
                next_check = time.monotonic() + POLL_INTERVAL_S
        self.ending.wall_s = time.monotonic() - began
        os.close(pidfd)

    def _check_usage(self) -> None:
        processes = self.isolation.processes(self.program)
        used = resource_usage.usage(processes)
        resident_mib = used.resident_mib
        if resident_mib > self.quota.memory_mib and len(processes) > 1:
            resident_mib = resource_usage.proportional_mib(processes)
        self.ending.peak_mib = max(self.ending.peak_mib, resident_mib)
        if resident_mib > self.quota.memory_mib:
            self.ending.stopped = "out_of_memory"
        elif used.cpu_s - self.cpu_before_s > self.quota.cpu_s:
            self.ending.stopped = "cpu"
        elif len(processes) > self.quota.processes + 1:
            self.ending.stopped = "processes"
        elif len(processes) > 1 and resource_usage.open_descriptors(processes) > MAX_DESCRIPTORS:
            self.ending.stopped = "descriptors"

    def _finish(self) -> None:
        """Kill what is left of the program, and read the rest of its output."""
        if self.ending.stopped:
            self.isolation.kill_everything(self.program)
            self._reap(block=True)
        else:
            self._reap(block=True, only=self.program)
            self.isolation.kill_everything(self.program)
            self._reap(block=True)
        for stream in self.streams:
            if stream.open and not stream.read() and not self.ending.stopped:
                self.ending.stopped = "output_limit"
            os.close(stream.descriptor)
        self.out, self.err = (bytes(stream.content[: stream.limit]) for stream in self.streams)
        self.ending.cpu_s = resource_usage.usage(()).cpu_s - self.cpu_before_s

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
            if process == self.program:
                self.ending.status = None if self.ending.stopped else os.waitstatus_to_exitcode(status)
            if process == only:
                return

    def _read_report(self, descriptor: int, nonce: bytes) -> None:
        """Read the checker's report; anything but the nonce or a report is a forgery."""
        try:
            text = os.read(descriptor, REPORT_BYTES)
        except BlockingIOError:
            text = b""
        os.close(descriptor)
        self.ending.finished = text == nonce
        if text and text != nonce:
            try:
                report = json.loads(text)
                self.ending.error, self.ending.line = str(report["error"]), str(report.get("line", ""))
            except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
                self.ending.forged = True


def stdin_file(content: bytes) -> int:
    """A descriptor to read `content` from, with no name in the file system."""
    if not content:
        return os.open("/dev/null", os.O_RDONLY)
    with open("stdin", "wb") as file:
        file.write(content)
    descriptor = os.open("stdin", os.O_RDONLY)
    os.unlink("stdin")
    return descriptor


def supervise(request: ProgramRequest, blobs: Sequence[bytes], isolation: Isolation) -> bytes:
    """Run the request in the namespaces of this process, and pack the response."""
    isolation.enter(request.quota, executable=bool(request.argv))
    isolation.hide()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 ignores what has no handler
    stdin, *contents = blobs
    try:
        step = _run_commands(request, stdin, contents, isolation) if request.argv else None
        if step is None:
            source, tests = contents
            step = Step("run", request, isolation)
            step.run(python_program.starter(source, tests, isolation.work), stdin, True, bool(tests))
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
            step.run(_executor(argv, environment), b"" if name == "compile" else stdin, False, False)
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


def _executor(argv: Sequence[str], environment: dict[str, str]) -> Callable[[int, int], None]:
    def start(report: int, nonce: int) -> None:
        os.close(nonce)
        os.execvpe(argv[0], list(argv), environment)

    return start


def parse_request(header: dict[str, Any]) -> ProgramRequest:
    return ProgramRequest(Quota(**header["quota"]), header["argv"], header["compile_argv"], header["names"])


def failure_response(error: BaseException) -> bytes:
    """The response where isolation failed: nothing ran."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{error}\n")
    return wire.pack({"failure": f"{type(error).__name__}: {error}"}, (b"", b""))
