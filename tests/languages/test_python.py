"""Python's input, its definitions, and what only looks like Python."""

import pytest

from src.languages.detection import detect
from src.languages.python import LANGUAGE, setup_program


@pytest.mark.parametrize(
    ("input", "program", "whole"),
    [
        ("nums = [1, 2]", "print(sum(nums))", "nums = [1, 2]\n\nprint(sum(nums))"),
        ("a = 3, k = 4", "print(a * k)", "a = 3\nk = 4\n\nprint(a * k)"),
        ("nums = [1, 2]", "nums = [3]\nprint(nums)", None),
        ("nums = [1, 2]", "print(1)", None),
        ("Some words, and more", "print(nums)", None),
    ],
)
def test_an_input_that_defines_what_is_used_stands_first(input, program, whole):
    assert LANGUAGE.with_input(input, program) == (whole or program)


@pytest.mark.parametrize(
    ("input", "setup"),
    [
        ("nums = [1, 2]", "nums = [1, 2]"),
        ("a = 3, k = 4", "a = 3\nk = 4"),
        ("import os", "import os"),
        ("the cat sat", ""),
        ("[1, 2, 3]", ""),
        ("Name: x = ", ""),
        ("x = 1\n" * 10_000, ""),
    ],
)
def test_an_input_is_a_program_where_it_defines_names(input, setup):
    assert setup_program(input) == setup


def test_top_level_nodes_are_statements_and_a_text_is_a_constant():
    kinds = [kind for kind, _ in LANGUAGE.top_level('"""Text."""\nimport os\nf()\n')]
    assert kinds == ["Constant", "Import", "Call"]
    assert LANGUAGE.top_level("x = ") == [("ERROR", "x = ")]


def test_what_does_not_parse_weighs_half_and_one_at_most():
    assert LANGUAGE.weigh("print(1)", {"python": 3}) == 3
    assert LANGUAGE.weigh("print(1", {"python": 3}) == 1
    assert LANGUAGE.weigh("print(1);", {"python": 1}) == 0.5
    assert detect("", "", "for (int i = 0; i < n; i++) { print(i); sum(i); }") != "python"
