"""Inputs are found that tell a reference from programs which differ in one place."""

import pytest

from src.evaluation.differential.reference import reference_behaviour
from src.schema import Sample


def behaviour(sandbox, reference, instruction="", input=""):
    return reference_behaviour(sandbox, Sample("1", instruction, input, reference, "", "python"))


def arguments(found):
    return {call[1] for call in found.calls}


def test_borders_of_a_condition_are_among_the_inputs(sandbox):
    found = behaviour(sandbox, "def teen(age):\n    return 13 <= age <= 19")
    assert {("12",), ("13",), ("19",), ("20",)} <= arguments(found)


@pytest.mark.parametrize(
    ("instruction", "there"), [("Mean of a list of numbers", False), ("Mean, or 0 for an empty list", True)]
)
def test_an_empty_list_is_an_input_where_the_task_speaks_of_it(sandbox, instruction, there):
    reference = (
        "def mean(numbers):\n    if not numbers:\n        return 0\n    return sum(numbers) / len(numbers)"
    )
    found = behaviour(sandbox, reference, instruction)
    assert found.reason == ""
    assert (("[]",) in arguments(found)) is there
