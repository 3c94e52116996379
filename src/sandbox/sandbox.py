"""Runs untrusted programs, each isolated from the machine and from every other."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from src.sandbox.launch import Recipe, Worker, WorkerError, bare_recipe, find_recipe
from src.sandbox.outcome import command_request, python_request, read_response
from src.schema import Execution

log = logging.getLogger(__name__)

RESPONSE_GRACE_S = 10.0  # past the time limits, after which a worker counts as hung
ATTEMPTS = 2
WALL_FACTOR = 3.0  # wall time of waiting for each second of processor time
LONGEST = 5.0  # times what a program may take of both, from start to end: on however busy a machine
MAX_PENDING_PER_WORKER = 8  # jobs submitted and not yet yielded
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """What one program may use, all of its processes together."""

    cpu_s: float = 10.0
    wall_s: float = 10.0 * WALL_FACTOR  # of waiting: what waits for a processor only does not count
    memory_mib: int = 1024
    reserved_mib: int = 0  # address space of a runtime that reserves more than it uses; 0: memory_mib
    output_bytes: int = 65_536  # of stdout, and of stderr
    processes: int = 64
    file_mib: int = 64

    @property
    def longest_s(self) -> float:
        return LONGEST * (self.cpu_s + self.wall_s)

    @property
    def quota(self) -> dict[str, float]:
        """As the worker takes it."""
        return asdict(self) | {"longest_s": self.longest_s}

    @property
    def response_s(self) -> float:
        """The longest that a worker takes, past which it hangs: there may be a compile step too."""
        return 2 * self.longest_s + RESPONSE_GRACE_S


class SandboxClosedError(RuntimeError):
    """A program was requested after the sandbox had been closed."""


def unavailable_reason() -> str | None:
    """Why there is no sandbox on this machine and what to do; None where there is one."""
    return find_recipe()[1] or None


class Sandbox:
    """Runs programs, `workers` at a time. A context manager: leaving it kills everything at once.

    Where no sandbox is available every program is `not_run`, unless `allow_unsandboxed`.
    """

    def __init__(
        self, limits: Limits | None = None, workers: int | None = None, allow_unsandboxed: bool = False
    ) -> None:
        self.limits = limits or Limits()
        self.workers = workers or os.cpu_count() or 1
        recipe, self._reason = find_recipe()
        if recipe is None and allow_unsandboxed:
            log.warning("no sandbox (%s): untrusted programs run with NO protection", self._reason)
            recipe = bare_recipe()
        self._recipe = recipe
        # of every program, where there is no place to run one
        self.not_run = None if recipe else Execution("not_run", self._reason)
        self.mode = recipe.mode if recipe else "none"  # recorded in the results
        # programs ended by a clock that runs while they wait for a processor: alone they might go on
        self.starved = 0
        self._lock = threading.Lock()
        self._closed = False
        self._started: set[Worker] = set()
        self._idle: queue.LifoQueue[Worker | None] = queue.LifoQueue()  # None: a slot with no worker yet
        for _ in range(self.workers):
            self._idle.put(None)
        # A worker dies with the thread that started it, so one long-lived thread starts them all.
        self._starter = ThreadPoolExecutor(1, "sandbox-starter")

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End every program and every worker."""
        with self._lock:
            self._closed = True
            started, self._started = self._started, set()
        for worker in started:
            worker.kill()
        self._starter.shutdown(wait=True, cancel_futures=True)
        with contextlib.suppress(queue.Empty):
            for _ in range(self.workers):  # those in use are closed by the threads that use them
                idle = self._idle.get_nowait()
                if idle is not None:
                    idle.close()
        for _ in range(self.workers):  # wakes the threads that wait for a slot
            self._idle.put(None)

    def python(
        self,
        source: str,
        tests: str = "",
        stdin: bytes = b"",
        limits: Limits | None = None,
        shadowing: Sequence[str] = (),
        operators: Sequence[str] = (),
    ) -> Execution:
        """Run a Python program, then `tests` in a process of their own: passed only where these complete.

        Of the names of builtins that the program defines, the tests see those in `shadowing`. Operators of the
        program's classes are given plain data only where they are among `operators` ("Vector.__add__").
        """
        limits = limits or self.limits
        return self._run(python_request(limits.quota, source, tests, stdin, shadowing, operators), limits)

    def command(
        self,
        files: Mapping[str, str],
        argv: Sequence[str],
        stdin: bytes = b"",
        compile_argv: Sequence[str] | None = None,
        limits: Limits | None = None,
    ) -> Execution:
        """Run `argv` in a folder of `files`, where `compile_argv` ran before it; each has `limits.wall_s`."""
        limits = limits or self.limits
        return self._run(command_request(limits.quota, files, argv, compile_argv or (), stdin), limits)

    def map(self, jobs: Iterable[Callable[[Sandbox], Result]]) -> Iterator[Result]:
        """The results of all jobs, in order, each as soon as those before it are done.

        At most MAX_PENDING_PER_WORKER jobs per worker are taken ahead, so that memory stays bounded.
        """
        pool = ThreadPoolExecutor(self.workers, "sandbox")
        pending: deque[Future[Result]] = deque()
        try:
            for job in jobs:
                pending.append(pool.submit(job, self))
                if len(pending) >= MAX_PENDING_PER_WORKER * self.workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except (KeyboardInterrupt, SystemExit):
            self.close()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, request: bytes, limits: Limits) -> Execution:
        """Run one request; retry where its worker exited, which another program may have caused."""
        if self.not_run:
            return self.not_run
        assert self._recipe is not None
        for _ in range(ATTEMPTS):
            worker = self._idle.get()
            try:
                if worker is None:
                    worker = self._starter.submit(self._start, self._recipe).result()
                header, blobs = worker.run(request, limits.response_s)
                self.starved += header.get("stopped") == "timeout"
                return read_response(header, blobs, limits.quota)
            except (WorkerError, ConnectionError):
                worker = self._discard(worker)
            except TimeoutError:
                self.starved += 1
                worker = self._discard(worker)
                return Execution("timeout", "its worker did not answer")
            finally:
                if worker is not None and worker.single_use:
                    worker = self._discard(worker)
                self._idle.put(worker)
            self._check_open()
        return Execution("killed", "its worker ended")

    def _start(self, recipe: Recipe) -> Worker:
        self._check_open()
        worker = Worker(recipe)
        with self._lock:
            if not self._closed:
                self._started.add(worker)
                return worker
        worker.close()
        raise SandboxClosedError("the sandbox was closed")

    def _discard(self, worker: Worker | None) -> Worker | None:
        """Kill a worker; None, the empty slot that it leaves."""
        if worker is not None:
            with self._lock:
                self._started.discard(worker)
            with contextlib.suppress(OSError):
                worker.close()
        return None

    def _check_open(self) -> None:
        """Raises SandboxClosedError."""
        if self._closed:
            raise SandboxClosedError("the sandbox was closed")


@dataclass(frozen=True)
class SandboxKey:
    """Passes a sandbox to a cached function; only its limits are part of the cache key."""

    limits: Limits
    sandbox: Sandbox = field(compare=False)
