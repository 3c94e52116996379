"""What a sample's input defines stands before a program that needs it, and before no other."""

import pytest

from src.evaluation.execution.sample_setup import with_input
from src.schema import Sample

JOINED = [  # language, input, program, what is run
    ("python", "nums = [1, 2]", "print(sum(nums))", "nums = [1, 2]\nprint(sum(nums))"),
    ("python", "a = 3, k = 4", "print(a * k)", "a = 3\nk = 4\nprint(a * k)"),
    ("sql", "CREATE TABLE t (a INT);", "SELECT a FROM t", "CREATE TABLE t (a INT);\nSELECT a FROM t"),
    ("javascript", "let n = [1];", "console.log(n)", "let n = [1];\n;console.log(n)"),
    ("javascript", "a = 5, b = 3", "f(a, b)", "a = 5, b = 3\n;f(a, b)"),
]
ALONE = [
    ("python", "nums = [1, 2]", "nums = [3]\nprint(nums)"),
    ("python", "nums = [1, 2]", "print(1)"),
    ("python", "Some words, and more", "print(nums)"),
    ("python", "", "print(nums)"),
    ("sql", "CREATE TABLE t (a INT);", "CREATE TABLE t (b INT); SELECT b FROM t"),
    ("sql", "a table of pets", "SELECT 1"),
    ("javascript", "let n = [1];", "const n = [2];\nconsole.log(n)"),
    ("javascript", "n = [1", "console.log(n)"),
    ("javascript", "name: Ann, x = 1 apples", "console.log(x)"),
    ("java", "int n = 1;", "System.out.println(n);"),
]


@pytest.mark.parametrize(("language", "input", "program", "whole"), JOINED)
def test_an_input_that_defines_what_is_used_stands_first(language, input, program, whole):
    assert with_input(Sample("1", "", input, "", "", language), program) == whole


@pytest.mark.parametrize(("language", "input", "program"), ALONE)
def test_any_other_program_is_left_as_it_is(language, input, program):
    assert with_input(Sample("1", "", input, "", "", language), program) == program
