"""Values that a task shows of one narrow class have others of it."""

import pytest

from src.evaluation.differential.inputs.forms.shown_class import Binary, Letters, shown_classes


@pytest.mark.parametrize(
    ("calls", "value", "fitted"),
    [
        ([["4271", "1234"]], "12321", "1232"),
        ([["1011"]], "12", "10"),
        ([["AB"]], "xyz", "QRS"),
        ([[["12", "345"]]], ["a7"], ["77"]),
        ([[[[0, 1], [1, 1]]]], [[5, 2], [1, 0]], [[1, 0], [1, 0]]),
        ([[[0, 1, 1]]], [3, 1], [1, 1]),
    ],
)
def test_others_are_of_the_class(calls, value, fitted):
    (found,) = shown_classes("Count them.", calls)
    assert found.fit(value) == fitted
    assert found([fitted])
    assert not found([value])


@pytest.mark.parametrize(
    ("instruction", "calls"),
    [
        ("Check whether a text is a number.", [["4271"]]),
        ("Count capital letters.", [["AB"]]),
        ("Count letters.", [["Ab"]]),
        ("Add up.", [[[0, 2, 1]]]),
        ("Add up.", []),
        ("Add up the 0 and 1 of a text.", []),
    ],
)
def test_other_tasks_show_none(instruction, calls):
    assert [*shown_classes(instruction, calls)] == []


def test_a_grid_of_zeros_and_ones_may_be_named():
    assert [*shown_classes("The board is a list of lists of 0 and 1.", [])] == [Binary()]


def test_what_is_of_the_class_stays():
    assert Letters("0123456789").fit("207") == "207"
    assert Binary().fit(7) == 7
