"""Where the quickstart's minutes go: every command of `make quickstart`, timed by itself.

    python -m benchmarks.quickstart

In a checkout whose quickstart has not run; what is there already is not made again, and takes no time. Its last
result: benchmarks/results/quickstart.json. Seconds are of the clock, processor seconds of the script and its children,
memory is the largest of one process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shlex
import stat
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

RESULT = Path(__file__).parent / "results" / "quickstart.json"


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    commit = _output("git", "describe", "--always", "--dirty")
    phases = {_name(command): _timed(command) for command in commands(_output("make", "-n", "quickstart"))}
    result = {
        "measured": f"{date.today()}, commit {commit}, after the installation",
        "command": "python -m benchmarks.quickstart",
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine(), "load_at_end": os.getloadavg()[2]},
        "installation_gb": installation_gb(),
        "minutes": round(sum(phase["seconds"] for phase in phases.values()) / 60),
        "phases": phases,
    }  # fmt: skip
    print(json.dumps(result, indent=1))
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def commands(recipe: str) -> list[list[str]]:
    """The scripts that `make -n` would run, as arguments."""
    lines = recipe.replace("\\\n", " ").splitlines()
    return [words for words in map(shlex.split, lines) if words[1:] and words[1].endswith(".py")]


def installation_gb() -> float:
    """What the environment takes on the disk, in GB of 10^9 bytes."""
    files = (path.lstat() for path in Path(sys.prefix).rglob("*"))
    return round(sum(status.st_size for status in files if stat.S_ISREG(status.st_mode)) / 1e9, 1)


def _name(command: list[str]) -> str:
    return " ".join(
        [command[1], *command[command.index("--name") + 1 :][:1]] if "--name" in command else command[1:2]
    )


def _timed(command: list[str]) -> dict[str, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{shlex.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor_s, 1),
        "peak_gib": round(used.ru_maxrss / 1024**2, 2),
    }


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
