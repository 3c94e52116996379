"""Where instructions come from, and that an answer is streamed whole."""

from __future__ import annotations

import io

import pytest

from src.generation.chat import load_assistant, tasks
from tests import tiny


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_instruction_given_is_the_only_task():
    assert list(tasks("Add.", "1 2", io.StringIO("ignored"))) == [("Add.", "1 2")]


def test_standard_input_is_one_task():
    assert list(tasks(None, "x", io.StringIO("Sort this\nlist.\n"))) == [("Sort this\nlist.", "x")]
    assert list(tasks(None, "", io.StringIO("  \n"))) == []


def test_a_terminal_is_read_until_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    typed = iter(["Add.", "1 2", "", "Sort.", ""])

    def read(prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    assert list(tasks(None, "", Terminal())) == [("Add.", "1 2"), ("Sort.", "")]
    assert "Ctrl-D ends" in capsys.readouterr().err


def test_what_is_streamed_is_the_answer(tiny_model, tiny_data, tmp_path):
    assistant = load_assistant(str(tiny_model), None, tiny.config(tiny_model, tiny_data, tmp_path))
    out = io.StringIO()
    answer = assistant.answer("Print 3.", "", out)
    assert answer
    assert out.getvalue() == answer + "\n"
