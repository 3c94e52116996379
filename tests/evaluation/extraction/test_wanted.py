"""The names that a right answer defines are read from the tests, else the prompt's code, else the instruction."""

import pytest

from src.evaluation.extraction.wanted import stub_function, wanted_names
from src.schema import Sample

PREFIX = 'import math\n\ndef first():\n    return 1\n\ndef second(x):\n    """Twice."""\n'


def wanted(instruction="", tests="", prefix=""):
    return set(wanted_names(Sample("1", instruction, "", "", "", "python", tests, prefix)))


def test_tests_come_first_then_the_prompts_code_then_the_instruction():
    assert wanted("Write f(x)", "assert g(1) == len(h)", PREFIX) == {"g", "h"}
    assert wanted("Write f(x)", "def check(c):\n    assert c(1)\n\ncheck(g)", "") == {"g"}
    assert wanted("Write f(x)", "", PREFIX) == {"second"}
    assert wanted("Write f(x)") == {"f"}
    assert wanted("Write f(x)", "assert (") == {"f"}


@pytest.mark.parametrize(
    ("instruction", "names"),
    [
        ("Write a function called clean that", {"clean"}),
        ("Create a class `Pet` with a name", {"Pet"}),
        ("Implement is_even for whole numbers", {"is_even"}),
        ("编写函数add_up求和", {"add_up"}),
        ("Напишите функцию sumUp.", {"sumUp"}),
        ("関数`total(values)`を書いてください", {"total"}),
        ("Sort a list of numbers", set()),
    ],
)
def test_an_instruction_names_what_looks_like_a_name(instruction, names):
    assert wanted(instruction) == names


def test_the_stub_of_a_prompt_is_its_last_function():
    assert stub_function(PREFIX) == "second"
    assert stub_function("x = (") == stub_function("") == ""
