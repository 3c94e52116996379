"""Python's input, its definitions, and what only looks like Python."""

import pytest

from src.languages.detection import detect
from src.languages.python import LANGUAGE, setup_for, setup_program


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


@pytest.mark.parametrize(
    ("program", "needed"),
    [
        ("print(sum)", True),
        ("print(sum([1, 2]))", False),  # Python's own
        ("sum = 3\nprint(sum)", False),
        ("print(total)", False),
        ("def f(sum):\n    return sum + 1\n\nprint(f(sum))", True),
    ],
)
def test_an_input_is_put_in_front_of_a_program_that_uses_its_names(program, needed):
    assert bool(setup_for(program, "sum = 0")) is needed


def test_an_input_that_makes_files_is_always_put_in_front():
    assert setup_for("print(open('a.csv').read())", "text = 'a'\nopen('a.csv', 'w').write(text)")
