"""A process that does not reply in time, takes too much or ends is gone with all it started, and says why."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from src.system import worker_process as module
from src.system.worker_process import Budget, WorkerEndedError, WorkerProcess

ROOT = Path(module.__file__).parents[2]
READY = "import json, sys, os, time, subprocess\nprint(json.dumps('ready'), flush=True)\n"
AMPLE = Budget(cpu_s=20, wall_s=60)


def started(program: str) -> WorkerProcess:
    return WorkerProcess(["-c", READY + program], env={"GREETING": "hello"})


def test_every_message_has_its_reply():
    worker = started(
        "for line in sys.stdin: print(json.dumps([os.environ['GREETING'], json.loads(line)]), flush=True)"
    )
    assert worker.greeting == "ready"
    for message in ("a", "\ud800", {"text": "line\nline"}):
        worker.send(message)
        assert worker.receive(AMPLE) == ["hello", message]
    worker.close()


@pytest.mark.parametrize(
    ("program", "budget", "reason"),
    [
        ("while True: pass", Budget(cpu_s=0.3, wall_s=60), "more than 0.3 s of processor time"),
        ("time.sleep(60)", Budget(cpu_s=20, wall_s=0.3), "more than 0.3 s"),
        (
            "kept = b'x' * (200 << 20); time.sleep(60)",
            Budget(20, 60, memory_mib=150),
            "more than 150 MiB of memory",
        ),
        ("os.kill(os.getpid(), 11)", AMPLE, "SIGSEGV"),
        ("sys.exit('no such parser')", AMPLE, "exit status 1: no such parser"),
        ("print('1', end='', flush=True); os._exit(3)", AMPLE, "exit status 3"),
    ],
    ids=["spins", "sleeps", "grows", "segfaults", "exits", "is cut off"],
)
def test_what_ends_or_passes_its_budget_says_so(program: str, budget: Budget, reason: str):
    worker = started(f"sys.stdin.readline()\n{program}")
    began = time.monotonic()
    worker.send("go")
    with pytest.raises(WorkerEndedError, match=f"^{reason}$"):
        worker.receive(budget)
    assert time.monotonic() - began < 20
    with pytest.raises(WorkerEndedError):
        worker.send("again")


def test_a_processor_that_others_use_is_not_counted():
    worker = started("child = subprocess.run([sys.executable, '-c', 'while True: pass'], timeout=1.5)")
    with pytest.raises(WorkerEndedError, match="TimeoutExpired"):
        worker.receive(Budget(cpu_s=1.0, wall_s=60))


def test_its_children_end_with_it():
    worker = started(
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    child = psutil.Process(worker.receive(AMPLE))
    worker.close()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_one_that_does_not_come_up_says_why():
    with pytest.raises(WorkerEndedError, match="ModuleNotFoundError: No module named 'nowhere'"):
        WorkerProcess(["-c", "import nowhere"], env={})


def test_a_number_that_may_be_anothers_is_not_killed(monkeypatch):
    worker = started("sys.stdin.readline()")
    worker.send("go")
    with pytest.raises(WorkerEndedError):
        worker.receive(AMPLE)
    monkeypatch.setattr(module, "kill_tree", lambda pid: pytest.fail(f"{pid} was killed"))
    worker.close()


def test_a_budget_that_was_passed_is_told_from_an_end():
    worker = started("sys.stdin.readline()\nwhile True: pass")
    worker.send("go")
    with pytest.raises(WorkerEndedError) as passed:
        worker.receive(Budget(cpu_s=0.2, wall_s=60))
    with pytest.raises(WorkerEndedError) as ended:
        worker.send("again")
    assert (passed.value.over_budget, ended.value.over_budget) == (True, False)


def test_a_process_ends_with_the_one_that_started_it():
    """However that ends: here by SIGKILL, while the process spins."""
    spinning = "from src.system.worker_process import replying\nreplying()('1')\nwhile True: pass"
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys, time\n"
         f"child = subprocess.Popen([sys.executable, '-c', {spinning!r}], stdout=subprocess.PIPE)\n"
         "child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(60)"],
        stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
