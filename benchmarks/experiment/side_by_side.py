"""Runs child processes, a few at a time, until there are no more or the time is up; the unfinished are stopped cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 40.0  # that a child may take to save its work after SIGTERM
POLL_INTERVAL_S = 0.2


@dataclass(frozen=True)
class Job:
    """A command line and the file that gets what it prints."""

    name: str
    words: list[str]
    log: Path
    folder: Path  # it runs there


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    job: Job
    code: int  # its exit status; 143 after a clean stop
    seconds: float

    @property
    def stopped(self) -> bool:
        return self.code in (128 + signal.SIGTERM, 128 + signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL)

    @property
    def last_words(self) -> str:
        """The last line of the log, where a script says what went wrong."""
        lines = [line for line in self.job.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


def run_side_by_side(
    next_job: Callable[[], Job | None], at_once: int, deadline: float, on_end: Callable[[Ended], None]
) -> bool:
    """Keep `at_once` children running; whether all ended before `deadline` (time.monotonic).

    `next_job` is called whenever a place is free and returns None while there is nothing to start; `on_end` is called
    for every child. However this ends, no child is left.
    """
    running: dict[subprocess.Popen[bytes], tuple[Job, float]] = {}
    try:
        while time.monotonic() < deadline:
            while len(running) < at_once and (job := next_job()) is not None:
                running[_start(job, at_once)] = (job, time.monotonic())
            if not running:
                return True
            _collect(running, on_end)
            time.sleep(POLL_INTERVAL_S)
        return not running
    finally:
        _stop(running, on_end)


def _start(job: Job, at_once: int) -> subprocess.Popen[bytes]:
    job.log.parent.mkdir(parents=True, exist_ok=True)
    threads = str(max(1, (os.cpu_count() or 1) // at_once))
    environment: Mapping[str, str] = {
        "OMP_NUM_THREADS": threads,
        **os.environ,
        "TOKENIZERS_PARALLELISM": "false",
    }
    with job.log.open("ab") as log:
        return subprocess.Popen(
            job.words, cwd=job.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def _collect(
    running: dict[subprocess.Popen[bytes], tuple[Job, float]], on_end: Callable[[Ended], None]
) -> None:
    for child in [child for child in running if child.poll() is not None]:
        job, started = running.pop(child)
        on_end(Ended(job, child.returncode, time.monotonic() - started))


def _stop(running: dict[subprocess.Popen[bytes], tuple[Job, float]], on_end: Callable[[Ended], None]) -> None:
    for child in running:
        child.terminate()
    deadline = time.monotonic() + GRACE_S
    for child in running:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    _collect(running, on_end)
