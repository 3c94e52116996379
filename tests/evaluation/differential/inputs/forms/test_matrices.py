"""Other matrices are matrices, of many sizes."""

import random

import pytest

from src.evaluation.differential.inputs.forms.matrices import is_matrix, other_matrix


@pytest.mark.parametrize("value", [[[1]], [[1, 2], [3, 4]]])
def test_rows_of_one_length_are_a_matrix(value):
    assert is_matrix(value)


@pytest.mark.parametrize("value", [[], [[]], [1, 2], [[1, 2], [3]], [["a"]], "ab", [(1, 2)], {}, [[1], None]])
def test_anything_else_is_none(value):
    assert not is_matrix(value)


def test_other_matrices_are_of_other_sizes_and_have_equal_numbers():
    choose = random.Random(0)
    found = [other_matrix([[1, 2], [3, 4]], choose) for _ in range(60)]
    assert all(map(is_matrix, found))
    sizes = {(len(matrix), len(matrix[0])) for matrix in found}
    assert len(sizes) > 8
    assert any(height != width for height, width in sizes)
    assert any(len({n for row in matrix for n in row}) < len(matrix) * len(matrix[0]) for matrix in found)
