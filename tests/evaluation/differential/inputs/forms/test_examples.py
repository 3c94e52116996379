"""Examples of a property are found by its name, and beside each stand some that miss it narrowly."""

import ast

import pytest

from src.evaluation.differential.inputs.forms.examples import examples_for

LETTERS = set("abcdefghijklmnopqrstuvwxyz")


def values(instruction):
    return [tuple(map(ast.literal_eval, call)) for call in examples_for(instruction)]


def test_of_pangrams_some_miss_one_letter():
    missing = [LETTERS - set(text.lower()) for (text,) in values("Is the line a pangram?")]
    assert set() in missing
    assert {"z"} in missing
    assert {"a"} in missing


def test_of_check_digits_some_are_exchanged():
    def is_valid(text):
        digits = [10 if sign == "X" else int(sign) for sign in text]
        return len(text) == 10 and sum((10 - at) * digit for at, digit in enumerate(digits)) % 11 == 0

    valid = [is_valid(text) for (text,) in values("Verify an ISBN.")]
    assert True in valid
    assert False in valid


@pytest.mark.parametrize(
    "instruction", ["a game of tic-tac-toe", "a magic square", "the identity matrix", "amicable numbers"]
)
def test_every_property_has_its_examples(instruction):
    assert len(values(instruction)) > 3


def test_a_task_that_names_no_property_has_none():
    assert values("Add two numbers.") == []
