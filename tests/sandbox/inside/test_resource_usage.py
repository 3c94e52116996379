"""What processes use is what the kernel says of them; a process that is gone uses nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.sandbox.inside.resource_usage import (
    descendants,
    kill_descendants,
    open_descriptors,
    proportional_mib,
    usage,
)

OWN = [str(os.getpid())]
GONE = ["4194305"]  # above the largest process id (2 ** 22)


def test_resident_memory_is_that_of_proc_statm():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident_mib = usage(OWN).resident_mib
    assert resident_mib == pytest.approx(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, rel=0.05)
    assert usage(OWN * 2).resident_mib == pytest.approx(2 * resident_mib, rel=0.01)


def test_processor_time_is_that_of_the_process_and_of_ended_children():
    before = usage(OWN).cpu_s
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    alone = usage(()).cpu_s
    subprocess.run([sys.executable, "-S", "-c", busy], check=True)
    assert usage(()).cpu_s - alone >= 0.19
    assert usage(OWN).cpu_s - before >= 0.38  # two ticks of 10 ms may be missing


@pytest.mark.parametrize(
    ("program", "busy"),
    [
        ("while True: pass", True),
        ("import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()", True),
        ("import time\ntime.sleep(60)", False),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()", False),
    ],
)
def test_what_waits_for_its_turn_is_busy_and_what_sleeps_is_not(program, busy):
    ready = "print('ready', flush=True)\n"
    argv = [sys.executable, "-S", "-c", ready + program]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline()
            end = time.monotonic() + 20
            while usage([str(process.pid)]).busy is not busy and time.monotonic() < end:
                time.sleep(0.05)  # it is on its way
            seen = []
            for _ in range(10):
                seen.append(usage([str(process.pid)]).busy)
                time.sleep(0.005)
        finally:
            process.kill()
    assert seen == [busy] * 10


def test_an_opened_file_is_one_descriptor_more():
    before = open_descriptors(OWN)
    with Path("/dev/null").open():
        assert open_descriptors(OWN) == before + 1
    assert open_descriptors(OWN * 2) == 2 * before


def test_shared_pages_count_once():
    """Two processes that share a page have half of it each (Pss), so together they exceed neither sum."""
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    try:
        both = [*OWN, str(child)]
        assert 0 < proportional_mib(both) < usage(both).resident_mib * 0.8
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_process_that_is_gone_uses_nothing():
    assert usage(GONE) == usage(())
    assert open_descriptors(GONE) == proportional_mib(GONE) == 0


def test_what_a_process_started_is_found_and_killed_and_nothing_else():
    other = subprocess.Popen(["sleep", "60"])
    parent = subprocess.Popen(["sh", "-c", "sleep 60 & sh -c 'sleep 60; true' & wait"])
    try:
        end = time.monotonic() + 20
        while len(descendants(parent.pid)) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(descendants(parent.pid)) == 3
        kill_descendants(parent.pid)
        assert descendants(parent.pid) == []
        assert other.poll() is None
    finally:
        for process in (other, parent):
            process.kill()
            process.wait()
