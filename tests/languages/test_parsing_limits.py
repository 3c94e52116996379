"""Depth is counted without a parser, and every error of one has its first line."""

from __future__ import annotations

import pytest

from src.languages.parsing_limits import PARSE_ERRORS, bracket_depth, first_line


@pytest.mark.parametrize(
    ("text", "depth"),
    [("", 0), ("a", 0), ("(a)", 1), ("([{", 3), (")(", 1), ("()()", 1), ("f(g(1), [2])", 2)],
)
def test_depth_is_that_of_the_brackets_open_at_once(text: str, depth: int):
    assert bracket_depth(text) == depth


@pytest.mark.parametrize(
    ("error", "line"), [(ValueError("a\nb"), "a"), (KeyError(), ""), (OverflowError("big"), "big")]
)
def test_the_first_line_of_an_error_is_its_reason(error: Exception, line: str):
    assert first_line(error) == line
    assert isinstance(error, PARSE_ERRORS)
