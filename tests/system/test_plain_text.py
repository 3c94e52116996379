"""What strangers wrote reaches a terminal as plain characters on one line."""

from __future__ import annotations

import logging

import pytest

from src.system.plain_text import MAX_LINE, PlainRecord, escape_controls, one_line

ACTIVE = "\x00\x07\x1b[2J\x9b31m\x7f\r\u061c\u200e\u2028\u202e\u2066\ufeff\ud800"


def test_nothing_that_moves_hides_or_turns_text_is_left() -> None:
    assert escape_controls(ACTIVE) == (
        "\\x00\\x07\\x1b[2J\\x9b31m\\x7f\\r\\u061c\\u200e\\u2028\\u202e\\u2066\\ufeff\\ud800"
    )
    assert escape_controls("naïve → 木\n\tλ") == "naïve → 木\n\tλ"


def test_a_message_is_one_line_of_bounded_length() -> None:
    line = one_line("begins\n" + "x" * 10**6 + "\r\n\x1b ends")
    assert len(line) < MAX_LINE + 10
    assert "\n" not in line
    assert line.startswith("begins xxx")
    assert line.endswith("xxx \\x1b ends")


def test_a_log_message_is_plain_whichever_handler_prints_it(caplog: pytest.LogCaptureFixture) -> None:
    record = PlainRecord("any", logging.WARNING, __file__, 1, "model %s", ("\x1b[31m\u202e",), None)
    assert logging.Formatter().format(record) == "model \\x1b[31m\\u202e"
