"""Texts have the signs that the task states, and no others."""

import pytest

from src.evaluation.differential.inputs.stated.signs import stated_signs


def fitted(instruction, value):
    for relation in stated_signs(instruction):
        value = relation.fit(value)
        assert relation([value])
    return value


@pytest.mark.parametrize(
    ("said", "value", "expected"),
    [
        ("The text holds only letters.", "hello, world 42", "helloworld"),
        ("The phrase holds only letters, single spaces and hyphens between letters.", "- a--b  c ", "a-b c"),
        ("A text that consists of only digits.", "a1 b2", "12"),
        ("It takes a list of forbidden words.", ["cat dog", "bird"], ["cat", "bird"]),
        ("It takes a text.", "a, b", "a, b"),
        ("It takes a string of A and B, the winners.", "BxAq", "BAAB"),
        ("It is given as a string of # (alive) and . (dead).", "#.ab", "#..#"),
        ("It takes the results as a string of the letters W, D and L.", "WDL", "WDL"),
        ("It takes a string with an A or a B for every point.", "AC", "AB"),
        ("It takes a sequence of 'u', 'd' and 'l'.", "udl", "udl"),
        ("It takes a string of letters and digits.", "a 1", "a 1"),
    ],
)
def test_other_signs_are_left_out(said, value, expected):
    assert fitted(said, value) == expected


@pytest.mark.parametrize(
    "said",
    [
        "Check whether a text has only digits.",
        "Return True if it contains only letters.",
        "It has only one item.",
    ],
)
def test_what_is_asked_is_not_granted(said):
    assert not list(stated_signs(said))
