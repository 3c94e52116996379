"""Reads what the processes of one program use."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Of all processes together, those that have ended included in `cpu_s`."""

    cpu_s: float
    resident_mib: float  # shared pages are counted once per process


def usage(processes: Sequence[str]) -> Usage:
    """What `processes` use now; a process that ends meanwhile counts as zero."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s, pages = ended.ru_utime + ended.ru_stime, 0
    for process in processes:
        try:
            with open(f"/proc/{process}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
        except (OSError, IndexError):
            continue
        cpu_s += sum(map(int, fields[11:15])) / TICKS_PER_S
        pages += int(fields[21])
    return Usage(cpu_s, pages * PAGE_MIB)


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
