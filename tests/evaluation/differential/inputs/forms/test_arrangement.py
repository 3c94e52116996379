"""Lists and matrices are given as the task says: what breaks that is none of the task's, and is made to fit."""

import ast

import pytest

from src.evaluation.differential.inputs.forms.arrangement import FITS, GRID, arrangements, text_grids
from src.evaluation.differential.inputs.preconditions.relations import granted_by


@pytest.mark.parametrize(
    ("instruction", "inside", "outside"),
    [
        ("Merge two sorted lists into one.", [[1, 3], [2, 2]], [[3, 1], [2]]),
        ("Implement a binary search.", [["a", "b"], "b"], [["b", "a"], "b"]),
        ("Remove the doubles from a sorted array.", [[1, 1, 2]], [[2, 1]]),
        ("Find a value in a list that is sorted in descending order.", [[3, 1]], [[1, 3]]),
        ("Transpose a matrix.", [[[1, 2, 3], [4, 5, 6]]], [[[1, 2], [3]]]),
        ("Sum the main diagonal of a matrix.", [[[1, 2], [3, 4]]], [[[1, 2, 3], [4, 5, 6]]]),
        ("Add two matrices.", [[[1, 2]], [[3, 4]]], [[[1, 2]], [[3, 4], [5, 6]]]),
        ("Multiply two matrices.", [[[1, 2, 3]], [[1], [2], [3]]], [[[1, 2, 3]], [[1, 2, 3]]]),
    ],
)
def test_what_an_instruction_says_of_the_lists_that_it_gives(instruction, inside, outside):
    found = arrangements(instruction)
    assert found
    assert all(relation(inside) for relation in found)
    assert not all(relation(outside) for relation in found)


@pytest.mark.parametrize(
    "instruction",
    [
        "Return a sorted list of the words.",
        "Check whether a list is sorted.",
        "Sort the numbers and give them back in a list.",
        "Insert a key into a binary search tree.",
        "Flatten a list of lists.",
    ],
)
def test_nothing_is_said_of_what_is_to_be_put_in_order(instruction):
    assert arrangements(instruction) == []


@pytest.mark.parametrize(
    ("instruction", "given", "made"),
    [
        ("Merge two sorted lists.", ("[3, 1, 2]", "[5]"), ("[1, 2, 3]", "[5]")),
        ("Merge two sorted lists.", ("[3, 'a']", "'ba'"), ("[3, 'a']", "'ba'")),
        ("Transpose a matrix.", ("[[1, 2, 3], [4, 5]]", "None"), ("[[1, 2], [4, 5]]", "None")),
        ("The trace of a matrix.", ("[[1, 2, 3], [4, 5, 6]]", "7"), ("[[1, 2], [4, 5]]", "7")),
        ("Swap two values.", ("[3, 1]", "2"), ("[3, 1]", "2")),
    ],
)
def test_what_is_drawn_is_made_to_fit(instruction, given, made):
    granted = granted_by(ast.parse("def f(a, b): pass").body[0], instruction, [])
    assert granted.fitted(given) == made
    assert granted.admits(made)


def test_a_call_of_the_samples_own_that_breaks_it_says_that_it_is_not_granted():
    function = ast.parse("def f(a): pass").body[0]
    granted = granted_by(function, "Transpose a matrix.", [("[[1, 2], [3]]",)])
    assert granted.admits(("[[1], [2, 3]]",))


def test_every_fit_makes_its_relation_hold():
    values = [[3, 1, 2], ["b", "a"], [[1, 2, 3], [4, 5], [6, 7]], "cba", 5]
    assert len(FITS) == 4
    for relation, fit in FITS.items():
        assert relation([fit(value) for value in values])


def test_a_matrix_that_is_shown_not_to_be_square_has_rows_of_one_length_all_the_same():
    function = ast.parse("def f(matrix):\n    return matrix").body[0]
    granted = granted_by(function, "The diagonals of a matrix.", [("[[1, 2, 3], [4, 5, 6]]",)])
    assert granted.admits(("[[1, 2], [3, 4], [5, 6]]",))
    assert not granted.admits(("[[1, 2], [3]]",))


@pytest.mark.parametrize(
    ("instruction", "signs"),
    [
        ("A map is a list of strings of equal length, in which # is land and . is water.", "#."),
        ("The field is a list of texts: '*' for a mine and '.' for an empty cell.", "*."),
        ("The field is a list of texts: '*' for a mine. Count them.", ""),
        ("Join a list of strings with '-' or '+'.", ""),  # no grid
        ("A map from names to numbers. # is a comment, and ; is one too.", ""),  # no list of texts
    ],
)
def test_a_grid_of_texts_has_the_signs_of_which_the_instruction_speaks(instruction, signs):
    found = [*text_grids(instruction, [])]
    assert [grid.signs for grid in found] == ([signs] if signs else [])
    for grid in found:
        rows = grid.fit(["apple", "a pear"])
        assert (len(rows), len(rows[0])) == GRID
        assert {*"".join(rows)} <= {*signs}
        assert grid([rows])
        assert not grid([["apple"]])
