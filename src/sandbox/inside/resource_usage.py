"""Finds the processes of one program, and reads what they use."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
BUSY = (b"R", b"D")  # states in /proc: running or to run, and waiting for the disk
KILL_S = 5.0  # for a program that forks as fast as it is killed


@dataclass(frozen=True)
class Usage:
    """Of all processes together, those that have ended included in `cpu_s`."""

    cpu_s: float
    resident_mib: float  # shared pages are counted once per process
    busy: bool = False  # one of them uses a processor or the disk, or waits for its turn


def usage(processes: Sequence[str]) -> Usage:
    """What `processes` use now; a process that ends meanwhile counts as zero."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s, pages, busy = ended.ru_utime + ended.ru_stime, 0, False
    for process in processes:
        fields = _stat(f"/proc/{process}/stat")
        if fields:
            cpu_s += sum(map(int, fields[11:15])) / TICKS_PER_S
            pages += int(fields[21])
            busy = busy or fields[0] in BUSY or (int(fields[17]) > 1 and _has_busy_thread(process))
    return Usage(cpu_s, pages * PAGE_MIB, busy)


def _stat(path: str) -> list[bytes]:
    """The fields of a process or thread from its state on; [] where it has ended."""
    try:
        with open(path, "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def _has_busy_thread(process: str) -> bool:
    try:
        threads = os.listdir(f"/proc/{process}/task")
    except OSError:
        return False
    return any(
        _stat(f"/proc/{process}/task/{thread}/stat")[:1] in ([state] for state in BUSY) for thread in threads
    )


def open_descriptors(processes: Sequence[str]) -> int:
    """Of all processes together: what pipes and sockets hold is memory that no process maps."""
    count = 0
    for process in processes:
        try:
            count += len(os.listdir(f"/proc/{process}/fd"))
        except OSError:
            continue
    return count


def proportional_mib(processes: Sequence[str]) -> float:
    """Memory of all processes together, shared pages counted once; slow, about 0.2 ms per process."""
    total_kib = 0
    for process in processes:
        try:
            with open(f"/proc/{process}/smaps_rollup", "rb") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        total_kib += sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss:"))
    return total_kib / 1024


def descendants(ancestor: int) -> list[int]:
    """The living processes that a process has started, and those that they have."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            state, parent = _stat(f"/proc/{name}/stat")[:2] or (b"X", b"0")
            if state not in (b"Z", b"X"):
                children.setdefault(int(parent), []).append(int(name))
    found = children.get(ancestor, [])
    for process in found:  # it grows
        found.extend(children.get(process, ()))
    return found


def kill_descendants(ancestor: int) -> None:
    """Kill all of them, those that they start meanwhile included."""
    end = time.monotonic() + KILL_S
    while (alive := descendants(ancestor)) and time.monotonic() < end:
        for process in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
