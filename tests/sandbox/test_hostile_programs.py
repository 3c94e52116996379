"""Hostile programs end as they must, and the host does not change."""

import os
import shutil
import socket
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from string import Template

import pytest

from src.sandbox.sandbox import Limits, Sandbox, unavailable_reason
from tests.sandbox.forgeries import FORGED
from tests.sandbox.hostile_programs import ATTACKS, FORGERIES, TESTS, Hostile

pytestmark = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))

SECRET = "swordfish-7261"
LIMITS = Limits(wall_s=1.5, cpu_s=1, memory_mib=256, output_bytes=20_000, processes=16, file_mib=8)
PATIENT = replace(LIMITS, wall_s=20, cpu_s=3)  # for what ends by itself, however busy the machine is
FORCED = [*FORGERIES, *FORGED]
ALL = [*ATTACKS, *FORCED]
OF_WORKERS = 2 * 3  # a bubblewrap and its interpreter for each of three workers


class Host:
    """What the programs are after."""

    def __init__(self, folder: Path) -> None:
        self.canary = folder / "canary.txt"
        self.canary.write_text(SECRET)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.unix, self.abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.unix_path, self.abstract_name = str(folder / "socket"), f"canary-{os.getpid()}"
        self.unix.bind(self.unix_path)
        self.abstract.bind(f"\0{self.abstract_name}")
        for listener in (self.unix, self.abstract):
            listener.listen()
        for each in (self.tcp, self.udp, self.unix, self.abstract):
            each.setblocking(False)

    def fill(self, text: str) -> str:
        return Template(text).safe_substitute(
            CANARY=self.canary,
            FOLDER=self.canary.parent,
            SECRET=SECRET,
            PORT=self.tcp.getsockname()[1],
            UDP=self.udp.getsockname()[1],
            UNIX=self.unix_path,
            ABSTRACT=self.abstract_name,
            PID=os.getpid(),
        )

    def was_reached(self) -> list[str]:
        """Names of the sockets that something has connected to or sent to."""
        reached = []
        for name, take in (
            ("tcp", self.tcp.accept),
            ("udp", partial(self.udp.recv, 100)),
            ("unix", self.unix.accept),
            ("abstract", self.abstract.accept),
        ):
            try:
                take()
            except BlockingIOError:
                continue
            reached.append(name)
        return reached


def processes_of_the_sandbox() -> set[str]:
    """Processes below this one, by id and start time."""
    below, found = {os.getpid()}, set()
    stats = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        stats.append((int(path.parent.name), int(fields[1]), fields[19]))
    for _ in range(12):
        for pid, parent, started in stats:
            if parent in below and pid not in below:
                below.add(pid)
                found.add(f"{pid}/{started}")
    return found


def settled_processes(others: set[str]) -> set[str]:
    """Processes below this one but `others`, once no more end: a busy kernel takes some time for that."""
    deadline = time.monotonic() + 10
    while len(left := processes_of_the_sandbox() - others) > OF_WORKERS and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def used_mib() -> float:
    """Memory of the machine that is in use."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return (int(lines["MemTotal"].split()[0]) - int(lines["MemAvailable"].split()[0])) / 1024


def job(program: Hostile, host: Host, sandbox: Sandbox):
    tests = program.tests or (TESTS if program.kind == "forging" else "")
    return sandbox.python(host.fill(program.source), tests, program.stdin)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    return Host(tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def ran(host):
    """What became of every program, and the host before and after them all."""
    os.environ["CANARY"] = SECRET
    before = {"disk": shutil.disk_usage("/").used, "shm": set(Path("/dev/shm").iterdir()), "left": []}
    before["same_workers"] = True
    others = processes_of_the_sandbox()  # of other tests
    results = {}
    for limits, programs in (
        (LIMITS, [program for program in ALL if program.outcome == "timeout"]),
        (PATIENT, [program for program in ALL if program.outcome != "timeout"]),
    ):
        with Sandbox(limits, workers=3) as sandbox:
            list(sandbox.map([lambda s: s.python("x = 1")] * 3))
            started = {id(worker) for worker in sandbox._started}
            executions = sandbox.map([partial(job, program, host) for program in programs])
            results |= {(p.kind, p.name): e for p, e in zip(programs, executions, strict=True)}
            before["left"].append(settled_processes(others))
            before["same_workers"] &= {id(worker) for worker in sandbox._started} == started
    return results, before


def test_the_suite_is_as_large_as_it_claims():
    assert len(ALL) >= 100
    assert len({program.kind for program in ALL}) >= 18
    assert len({(program.kind, program.name) for program in ALL}) == len(ALL)


@pytest.mark.parametrize("program", ALL, ids=lambda p: f"{p.kind}: {p.name}")
def test_a_hostile_program_ends_as_it_must(ran, program):
    execution = ran[0][program.kind, program.name]
    assert "BREACH" not in execution.stdout + execution.stderr, execution
    assert SECRET not in execution.stdout
    assert execution.outcome == program.outcome, execution
    assert program.detail in execution.detail
    assert len(execution.stdout) <= 6 * LIMITS.output_bytes  # an escape is up to six characters
    assert program.outcome != "timeout" or " s of wall time" not in execution.detail  # its own doing
    shown = execution.stdout + execution.stderr + execution.detail
    assert all(c in "\n\t" or c.isprintable() or c == " " for c in shown if ord(c) < 0xA0)


def test_no_forgery_passes(ran):
    assert len(FORCED) >= 140
    assert "passed" not in {ran[0][program.kind, program.name].outcome for program in FORCED}


def test_the_host_is_as_it_was(ran, host):
    _, before = ran
    assert host.canary.read_text() == SECRET
    assert sorted(path.name for path in host.canary.parent.iterdir()) == ["canary.txt", "socket"]
    assert host.was_reached() == []
    assert set(Path("/dev/shm").iterdir()) - before["shm"] == set()
    left = {path.name for place in ("/tmp", "/var/tmp", "/dev/shm") for path in Path(place).iterdir()}
    assert left & {"left", "big", "f0", "d", "link", "root", "pipe", "disk", "id", "main.py"} == set()
    assert shutil.disk_usage("/").used - before["disk"] < 4 << 30  # others write to this disk too


def test_no_process_is_left(ran):
    _, before = ran
    assert before["same_workers"]  # none had to be restarted
    assert [len(left) for left in before["left"]] == [OF_WORKERS, OF_WORKERS]
    assert processes_of_the_sandbox() & set.union(*before["left"]) == set()


def test_memory_is_given_back(ran):
    with Sandbox(LIMITS, workers=1) as sandbox:
        sandbox.python("x = 1")
        growth = []
        for _ in range(3):  # others use this machine too: one quiet moment is enough
            before = used_mib()
            for program in ATTACKS:
                if program.kind == "memory" and program.outcome == "out_of_memory":
                    sandbox.python(program.source)
            time.sleep(0.1)
            growth.append(used_mib() - before)
            if growth[-1] < 300:
                break
    assert min(growth) < 300  # the programs asked for more than 9 GiB
