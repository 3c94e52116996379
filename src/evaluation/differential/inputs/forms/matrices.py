"""Other matrices: of other sizes, with numbers of which some occur more than once."""

from __future__ import annotations

import random
from typing import Any

MOST = 4  # rows, and columns


def is_matrix(value: Any) -> bool:
    """Whether this is a list of rows of whole numbers, all equally long."""
    rows: list[Any] = value if isinstance(value, list) and value else [0]
    if not all(isinstance(row, list) and row and len(row) == len(rows[0]) for row in rows):
        return False
    return all(type(item) is int for row in rows for item in row)


def other_matrix(matrix: list[list[int]], choose: random.Random) -> list[list[int]]:
    """A matrix of another size, mostly; a square one for a square one at times."""
    height, width = choose.randint(1, MOST), choose.randint(1, MOST)
    if len(matrix) == len(matrix[0]) and choose.random() < 0.4:
        width = height
    known = sorted({item for row in matrix for item in row})
    numbers = choose.sample(range(1, 30), 3) if choose.random() < 0.4 else [*known, *range(1, 10)]
    numbers = [number for number in numbers if number > 0] or [1, 2]
    return [[choose.choice(numbers) for _ in range(width)] for _ in range(height)]
