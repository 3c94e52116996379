"""A child process that replies to JSON lines, watched while it works and killed with all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

ROOT = Path(__file__).resolve().parents[2]  # where `python -m src. ...` finds the package
POLL_S = 0.1  # between looks at what the process has used
START_S = 300.0  # for its imports, on a busy machine
KILL_S = 5.0  # for a tree that starts processes as fast as they are killed
LAST_WORDS_BYTES = 4_000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Budget:
    """What a process may use for one reply."""

    cpu_s: float  # its own processor time, not that of its children
    wall_s: float
    memory_mib: float = 3072.0


class WorkerEndedError(Exception):
    """The process has ended, or was killed for passing its budget; the text says why."""

    def __init__(self, reason: str, over_budget: bool = False) -> None:
        super().__init__(reason)
        self.over_budget = over_budget


class WorkerProcess:
    """Python with the `arguments`: a process that writes one JSON line for every message, the first unasked."""

    def __init__(self, arguments: Sequence[str], env: dict[str, str]) -> None:
        """Raises WorkerEndedError where it does not come up."""
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            start_new_session=True,
        )
        self._replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # b"": the end
        threading.Thread(target=self._read, daemon=True).start()
        self.greeting = self.receive(Budget(START_S, START_S))

    def send(self, message: Any) -> None:
        """Raises WorkerEndedError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed after a kill
            raise self._ended() from error

    def receive(self, budget: Budget) -> Any:
        """The next reply. Raises WorkerEndedError, after the process was killed where it passed its budget."""
        began = time.monotonic()
        before: float | None = None
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._replies.get(timeout=POLL_S)
                if not line.endswith(b"\n"):  # the end, or a line that was cut off by it
                    raise self._ended()
                return json.loads(line)
            used = self._used()
            if used is None:  # it has ended; what it wrote is still to come
                continue
            cpu_s, memory_mib = used
            before = cpu_s if before is None else before
            for amount, limit, unit in (
                (cpu_s - before, budget.cpu_s, "s of processor time"),
                (time.monotonic() - began, budget.wall_s, "s"),
                (memory_mib, budget.memory_mib, "MiB of memory"),
            ):
                if amount > limit:
                    self.close()
                    raise WorkerEndedError(f"more than {limit:g} {unit}", over_budget=True)

    def close(self) -> None:
        """Kill it with everything that it started."""
        if self._process.poll() is None:  # else its number may be another's by now
            kill_tree(self._process.pid)
        self._process.wait()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._replies.put(line)
        self._replies.put(b"")

    def _used(self) -> tuple[float, float] | None:
        """Processor time in seconds and resident memory in MiB so far; None where it has ended."""
        try:
            process = psutil.Process(self._process.pid)
            times = process.cpu_times()
            return times.user + times.system, process.memory_info().rss / 2**20
        except psutil.Error:
            return None

    def _ended(self) -> WorkerEndedError:
        """Why it has ended: its last words, else its signal or exit status."""
        self.close()
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
        words = self._stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        status = self._process.returncode
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return WorkerEndedError(f"{how}: {words[:200]}" if words and status > 0 else how)


def kill_tree(pid: int) -> None:
    """Kill a process after everything that it started, what that starts meanwhile included."""
    end = time.monotonic() + KILL_S
    with contextlib.suppress(psutil.Error):
        own = psutil.Process(pid)
        while (alive := _living(own.children(recursive=True))) and time.monotonic() < end:
            for process in alive:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        own.kill()


def _living(processes: list[psutil.Process]) -> list[psutil.Process]:
    living = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                living.append(process)
    return living


def replying() -> Callable[[str], None]:
    """Make this process such a child: what sends a line of reply, as nothing that a library prints is one.

    The kernel kills the process when the thread that started it ends, however it ends (Linux).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def reply(line: str) -> None:
        replies.write(line + "\n")
        replies.flush()

    return reply


def limit_memory(mib: float) -> None:
    """Let a single allocation of this process fail that would pass a budget between two looks at it (Linux)."""
    if sys.platform == "linux":
        import resource

        limit = psutil.Process().memory_info().vms + int(mib * 2**20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
