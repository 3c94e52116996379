"""What a worker's response means: one outcome for each way in which a program can end."""

import signal
from typing import Any

import pytest

from src.sandbox.inside import wire
from src.sandbox.outcome import (
    MAX_DETAIL,
    command_request,
    execution,
    printable,
    python_request,
    read_response,
)
from src.schema import Execution
from tests.sandbox.environment import QUICK

QUOTA = QUICK.quota
ENDED = {  # a program that exited with status 0
    "step": "run", "status": 0, "stopped": "", "finished": False, "tested": False, "error": "", "line": "",
    "forged": False, "unused": False, "wall_s": 0.5, "cpu_s": 0.25, "peak_mib": 12.0,
}  # fmt: skip


def ended(stderr: str = "", **header: Any) -> Execution:
    return execution(ENDED | header, b"out", stderr.encode(), QUOTA)


def test_a_program_that_exits_with_0_passes_and_its_use_is_recorded():
    assert ended("err") == Execution("passed", "", "out", "err", 0.5, 0.25, 12.0)


@pytest.mark.parametrize(
    ("header", "outcome", "detail"),
    [
        ({"stopped": "waited"}, "timeout", "2 s of waiting"),
        ({"stopped": "timeout"}, "timeout", "20 s of wall time"),
        ({"stopped": "cpu"}, "timeout", "2 s of CPU"),
        ({"stopped": "out_of_memory"}, "out_of_memory", "512 MiB"),
        ({"stopped": "output_limit"}, "output_limit", "20000 bytes"),
        ({"stopped": "processes"}, "killed", "more than 32 processes"),
        ({"stopped": "descriptors"}, "killed", "too many open descriptors"),
        ({"stopped": "supervisor"}, "killed", "its supervisor was killed"),
        ({"status": -signal.SIGXCPU}, "timeout", "2 s of CPU"),
        ({"status": -signal.SIGKILL, "cpu_s": 2.0}, "timeout", "2 s of CPU"),
        ({"status": -signal.SIGKILL, "cpu_s": 1.0}, "killed", "SIGKILL"),
        ({"status": -signal.SIGSEGV}, "killed", "SIGSEGV"),
        ({"status": -signal.SIGSEGV, "peak_mib": 470.0}, "out_of_memory", "512 MiB"),
        ({"status": -signal.SIGABRT}, "killed", "SIGABRT"),
        ({"status": -63}, "killed", "signal 63"),
        ({"status": 1, "step": "compile"}, "error", "compile: exit 1"),
        ({"status": None, "stopped": "waited", "step": "compile"}, "timeout", "compile: 2 s of waiting"),
        ({"status": 1, "error": "KeyError", "line": "d[1]"}, "error", "KeyError"),
        ({"status": 1, "error": "MemoryError"}, "out_of_memory", "MemoryError"),
        ({"status": 1, "error": "AssertionError", "line": "assert x"}, "failed", "assert x"),
        ({"status": 1, "error": "AssertionError", "line": "check()"}, "failed", "AssertionError: check()"),
    ],
)
def test_an_ending_has_one_outcome(header, outcome, detail):
    found = ended(**header)
    assert (found.outcome, found.detail) == (outcome, detail)


@pytest.mark.parametrize(
    ("header", "outcome", "detail"),
    [
        ({"finished": True}, "passed", ""),
        ({}, "failed", "ended before its tests did"),
        ({"error": "SystemExit"}, "failed", "ended before its tests did"),
        ({"unused": True}, "not_run", "its tests never use it"),
        ({"forged": True, "error": "NameError"}, "failed", "sent its tests what is no value"),
        ({"error": "AssertionError", "line": "assert f(1) == 2"}, "failed", "assert f(1) == 2"),
        ({"error": "TypeError"}, "error", "TypeError"),
    ],
)
def test_beside_tests_only_their_completion_passes(header, outcome, detail):
    found = ended(tested=True, **header)
    assert (found.outcome, found.detail) == (outcome, detail)


@pytest.mark.parametrize(
    ("stderr", "outcome", "detail"),
    [
        ("terminate called after throwing an instance of 'std::out_of_range'", "error", "std::out_of_range"),
        (
            'Exception in thread "main" java.lang.NullPointerException',
            "error",
            "java.lang.NullPointerException",
        ),
        ("Uncaught ReferenceError: x is not defined", "error", "ReferenceError"),
        ("a.rb:1:in `f': undefined method (NoMethodError)", "error", "NoMethodError"),
        (
            "m: m.c:3: main: Assertion `x == 1' failed.",
            "failed",
            "m: m.c:3: main: Assertion `x == 1' failed.",
        ),
        ("java.lang.OutOfMemoryError: Java heap space", "out_of_memory", "exit 3"),
        ("memory allocation of 4194304 bytes failed", "out_of_memory", "exit 3"),
        ("PHP Fatal error:  Allowed memory size of 268435456 bytes exhausted", "out_of_memory", "exit 3"),
        ("something else", "error", "exit 3"),
        ("", "error", "exit 3"),
    ],
)
def test_stderr_names_the_cause_where_no_report_does(stderr, outcome, detail):
    found = ended(stderr, status=3)
    assert (found.outcome, found.detail) == (outcome, detail)


def test_an_isolation_that_failed_ran_nothing():
    found = execution({"failure": "OSError: unshare"}, b"", b"", QUOTA)
    assert (found.outcome, found.detail) == ("not_run", "no place to run it: OSError: unshare")


def test_a_detail_is_one_short_printable_line():
    found = ended(status=1, error="AssertionError", line="assert '\x1b[2J'\n" + "x" * 1_000)
    assert found.detail == ("assert '\\x1b[2J' " + "x" * 1_000)[:MAX_DETAIL]


def test_requests_carry_every_text_as_it_is(tmp_path):
    (tmp_path / "a").write_bytes(python_request(QUOTA, "x = '\ud800'", "assert x", b"in"))
    (tmp_path / "b").write_bytes(command_request(QUOTA, {"m.c": "é"}, ["./m"], ["gcc", "m.c"], b""))
    with (tmp_path / "a").open("rb") as a, (tmp_path / "b").open("rb") as b:
        (python, python_blobs), tests, (command, command_blobs) = (
            wire.receive(file.fileno()) for file in (a, a, b)
        )
    assert python_blobs == [b"in", b"x = '\xed\xa0\x80'"]
    assert tests == ({"sizes": [8]}, [b"assert x"])  # a message of their own
    assert command_blobs == [b"", b"\xc3\xa9"]
    untold = {"shadowing": [], "operators": [], "quota": QUOTA}
    assert python == untold | {"argv": [], "compile_argv": [], "names": [], "tested": True, "sizes": [2, 9]}
    argv = {"argv": ["./m"], "compile_argv": ["gcc", "m.c"]}
    assert command == untold | argv | {"names": ["m.c"], "tested": False, "sizes": [0, 2]}


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"plain\n\ttext", "plain\n\ttext"),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        (b"a\r\nb\rc", "a\nb\\rc"),
        (b"\xff\xc3", "��"),
        ("\u202eevil\u2028\x9b".encode(), "\\u202eevil\\u2028\\x9b"),
        ("é漢🙂".encode(), "é漢🙂"),
        (b"\x00\x7f", "\\x00\\x7f"),
    ],
)
def test_output_does_nothing_to_a_terminal(content, shown):
    assert printable(content) == shown


def test_a_response_is_read_as_it_is_meant():
    assert read_response(ENDED, [b"out", b"err"], QUOTA) == ended("err")
    failed = read_response({"failure": "no \ud800\nnamespaces", "sizes": [0, 0]}, [b"", b""], QUOTA)
    assert (failed.outcome, failed.detail) == ("not_run", "no place to run it: no ? namespaces")


@pytest.mark.parametrize(
    "change",
    [{name: value} for name in ENDED for value in (["x"], {}, float("nan"), float("inf"), 10**400)]
    + [
        {"status": 3.5},
        {"status": 10**10},
        {"stopped": None},
        {"tested": 1},
        {"error": None},
        {"failure": 3},
    ],
    ids=lambda change: str(change)[:30],
)
def test_a_header_of_other_types_is_a_connection_error(change):
    with pytest.raises(ConnectionError):
        read_response(ENDED | change, [b"", b""], QUOTA)


@pytest.mark.parametrize("name", ENDED)
def test_a_header_that_lacks_something_is_a_connection_error(name):
    with pytest.raises(ConnectionError):
        read_response({key: value for key, value in ENDED.items() if key != name}, [b"", b""], QUOTA)


@pytest.mark.parametrize("blobs", [[], [b""], [b"", b"", b""]])
def test_a_response_has_two_outputs(blobs):
    with pytest.raises(ConnectionError):
        read_response(ENDED, blobs, QUOTA)


@pytest.mark.parametrize("text", ["\ud800", "\0", "a\nb", "\u202e", "x" * 10**6])
def test_any_text_in_a_header_makes_a_detail_that_can_be_written(text):
    made = read_response(ENDED | {"status": 1, "error": text, "line": text}, [b"\xff\xfe", b"\0"], QUOTA)
    assert made.outcome == "error"
    assert made.detail.encode()
    assert len(made.detail) <= MAX_DETAIL
    assert "\n" not in made.detail


def test_memory_that_a_mapping_was_refused_is_told_from_other_errors_of_the_system():
    refused = "OSError: [Errno 12] Cannot allocate memory"
    assert ended(refused, status=1, error="OSError").outcome == "out_of_memory"
    assert ended("OSError: [Errno 28] No space left", status=1, error="OSError").outcome == "error"
