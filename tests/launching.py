"""Starts a script as a launcher does, in several processes on the CPU."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests import forked

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> str:
    """A port that nothing listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def command(*words: str, processes: int = 2, launcher: str = "torchrun") -> list[str]:
    """The command line of `launcher` (torchrun or accelerate) for a script with its flags."""
    port = free_port()
    start = [sys.executable, "-m"]
    if launcher == "torchrun":
        return [
            *start, "torch.distributed.run", "--nproc_per_node", str(processes), "--master_port", port, *words,
        ]  # fmt: skip
    # --multi_gpu starts as many processes as asked for; model.device=cpu keeps them off GPUs
    options = ["--multi_gpu", "--num_processes", str(processes), "--num_machines", "1"]
    options += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", port]
    return [*start, "accelerate.commands.launch", *options, *words]


def start(words: list[str]) -> subprocess.Popen[str]:
    """The running command, one thread a process."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        words, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(words: list[str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    process = start(words)
    out, err = process.communicate(timeout=280)
    return process.returncode, out, err


def run_ranks(words: list[str], processes: int = 2) -> tuple[int, str, str]:
    """The same of a script in the processes that torchrun would start, without torchrun; the highest exit status."""
    world = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    world |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    ranks = [world | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
    scripts = [forked.Script(words, environment=os.environ | rank) for rank in ranks]
    done = [script.wait(280) for script in scripts]
    outputs, errors = ("".join(getattr(each, name) for each in done) for name in ("stdout", "stderr"))
    return max(abs(each.returncode) for each in done), outputs, errors


def worker(output: Path, rank: int) -> int:
    """The process id of the worker of that rank which writes to `output`."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_text().split("\0")
            variables = (folder / "environ").read_text().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if f"RANK={rank}" in variables and any(str(output) in word for word in words):
            return int(folder.name)
    raise AssertionError(f"no process of rank {rank} writes to {output}")
