"""What a task says its values are at least, or never more than."""

import time

import pytest

from src.evaluation.differential.inputs.preconditions.relations import Granted
from src.evaluation.differential.inputs.stated.limits import stated_limits


@pytest.mark.parametrize(
    ("instruction", "names", "call", "expected"),
    [
        ("A ball moves along n fields, of which there are at least two.", ("n", "steps"), ("1", "1"), ("3", "1")),
        ("It takes n, which is greater than 1, and k.", ("n", "k"), ("1", "1"), ("3", "1")),
        ("It takes a list of at least three numbers.", ("items",), ("[4, 5]",), ("[4, 5, 4]",)),
        ("There is always a coin of 1 cent.", ("coins",), ("[5, 2]",), ("[1, 5, 2]",)),
        ("sold is a number, which is never more than was bought.", ("bought", "sold"), ("[(3, 9)]", "5"), ("[(3, 9)]", "3")),
        ("All lines are wide enough for a dot.", ("rows", "width"), ("[('ab', 12)]", "2"), ("[('ab', 12)]", "9")),
    ],
)  # fmt: skip
def test_what_is_said_holds_in_all_calls(instruction, names, call, expected):
    granted = Granted(tuple(stated_limits(instruction, names)))
    assert not granted.admits(call)
    assert granted.fitted(call) == expected
    assert granted.admits(expected)


@pytest.mark.parametrize(
    "instruction",
    [
        "If n is greater than 2, it returns n.",
        "Return the numbers of which at least two are even.",
        "The price is never more than 15 euros.",
    ],
)
def test_a_condition_is_no_limit(instruction):
    assert not list(stated_limits(instruction, ("n", "price")))


def test_a_long_text_takes_no_time():
    began = time.process_time()
    assert list(stated_limits("n x " * 8_000, ["n", "k"])) == []
    assert time.process_time() - began < 3
