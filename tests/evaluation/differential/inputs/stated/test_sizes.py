"""Lists and texts are as long as the task says."""

import pytest

from src.evaluation.differential.inputs.stated.sizes import stated_sizes


def fitted(instruction, value):
    for relation in stated_sizes(instruction):
        if not relation([value]):
            value = relation.fit(value)
        assert relation([value])
    return value


@pytest.mark.parametrize(
    ("instruction", "value", "expected"),
    [
        ("It takes a list of five numbers from 1 to 6.", [3, 1, 2], [3, 1, 2, 3, 1]),
        ("Name a roll of five dice, given as a list.", [1, 2], [1, 2, 1, 2, 1]),
        ("It takes a list of two points.", [1, 2, 3], [1, 2]),
        ("An ISBN is given as a string of ten characters.", "03064 0615212", "03064a0615"),
        ("It takes two strings of four different digits.", "4412", "4012"),
        ("It takes a three-letter word.", "banana", "ban"),
        ("It takes a list of numbers.", [3, 1, 2], [3, 1, 2]),
    ],
)
def test_what_is_too_long_or_too_short_is_fitted(instruction, value, expected):
    assert fitted(instruction, value) == expected


@pytest.mark.parametrize(
    "instruction",
    [
        "Check whether a string of ten characters is valid.",
        "Split a list into lists of three numbers.",
        "Count the number of different letters of a word.",
    ],
)
def test_nothing_is_taken_for_granted_where_others_are_spoken_of(instruction):
    assert not list(stated_sizes(instruction))


def test_empty_lists_are_left_to_the_domain():
    (sized,) = stated_sizes("It takes a list of five numbers.")
    assert sized([[]])
