"""Where instructions come from, and that an answer is streamed whole."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from src.generation.chat import converse, load_assistant, tasks
from src.schema import UserError
from src.system.plain_text import escape_controls
from tests import tiny


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_instruction_given_is_the_only_task():
    assert list(tasks("Add.", "1 2", io.StringIO("ignored"))) == [("Add.", "1 2")]


def test_standard_input_is_one_task():
    assert list(tasks(None, "x", io.StringIO("Sort this\nlist.\n"))) == [("Sort this\nlist.", "x")]
    assert list(tasks(None, "", io.StringIO("  \n"))) == []


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "gbk", "euc-kr"])
def test_utf8_is_read_where_the_locale_cannot_decode_it(encoding: str):
    """PYTHONIOENCODING, or a locale that is not UTF-8; a byte order mark is no text."""
    text = "画 3 ♥ é ☃."
    raw = io.BytesIO(b"\xef\xbb\xbf" + text.encode())
    stdin = io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape")
    assert list(tasks(None, "", stdin)) == [(text, "")]


def test_bytes_that_are_no_utf8_are_refused():
    for encoding in ("ascii", "utf-8"):
        stdin = io.TextIOWrapper(io.BytesIO(b"caf\xe9"), encoding=encoding, errors="surrogateescape")
        with pytest.raises(UserError, match="is not UTF-8 text"):
            list(tasks(None, "", stdin))
    with pytest.raises(UserError, match="is not UTF-8 text"):
        list(tasks("Add.", "\ud800", io.StringIO()))


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person types, line by line."""
    lines: list[str] = []

    def read(prompt: str) -> str:
        if not lines:
            raise EOFError
        return lines.pop(0)

    monkeypatch.setattr("builtins.input", read)
    return lines


def test_a_terminal_is_read_until_it_ends(typed: list[str], capsys: pytest.CaptureFixture[str]):
    typed += ["Add:", "1 2", "", "Sort.", "/help", "打印：", "三", "/exit", "Never."]
    assert list(tasks(None, "", Terminal())) == [("Add:", "1 2"), ("Sort.", ""), ("打印：", "三")]
    assert capsys.readouterr().err.count("Ctrl-D ends") == 2


def test_what_cannot_be_read_or_answered_ends_no_conversation(
    typed: list[str], capsys: pytest.CaptureFixture[str]
):
    answered = []

    class Assistant:
        def answer(self, instruction: str, input: str, out: object) -> None:
            answered.append(instruction)
            if instruction == "Long.":
                raise UserError("the prompt is too long")
            if instruction == "Endless.":
                raise KeyboardInterrupt

    typed += ["Long.", "caf\udce9", "Endless.", "Sort."]
    converse(Assistant(), tasks(None, "", Terminal()), io.StringIO())
    assert answered == ["Long.", "Endless.", "Sort."]
    shown = capsys.readouterr().err
    assert "error: the prompt is too long\n" in shown
    assert "is not UTF-8 text" in shown
    assert "\nstopped\n" in shown


def test_on_a_terminal_it_says_that_it_thinks_until_it_answers(tiny_model, tiny_data, tmp_path):
    assistant = load_assistant(str(tiny_model), None, tiny.config(tiny_model, tiny_data, tmp_path))
    out = Terminal()
    answer = assistant.answer("Print 3.", "", out)
    assert escape_controls(answer) != answer  # a random model writes some
    assert out.getvalue() == f"thinking ...\r            \r{escape_controls(answer)}\n"


def test_what_is_streamed_is_the_answer(tiny_model, tiny_data, tmp_path):
    assistant = load_assistant(str(tiny_model), None, tiny.config(tiny_model, tiny_data, tmp_path))
    out = io.StringIO()
    answer = assistant.answer("Print 3.", "", out)
    assert answer
    assert out.getvalue() == answer + "\n"


def test_an_adapter_on_another_base_than_its_own_is_warned_of(
    tiny_adapter: Path, tiny_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    other = tiny.save_model(tmp_path / "other", seed=1)
    load_assistant(str(tiny_adapter), str(other), tiny.config(other, tiny_data, tmp_path))
    assert f"not on {other}" in caplog.text
