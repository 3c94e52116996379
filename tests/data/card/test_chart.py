"""The picture of a card has one size and the same bytes for the same data."""

import struct

import pytest

from src.data.card.chart import draw_card
from tests.data.card.example_card import CARD
from tests.data.preparing import example


def splits(**outputs):
    return {
        name: [example(number, text) for number, text in enumerate(texts)] for name, texts in outputs.items()
    }


@pytest.mark.parametrize(
    "rows",
    [
        splits(train=["x" * size for size in range(1, 300)], validation=["a", "bb"], test=["c" * 40] * 9),
        splits(train=["x"], validation=[], test=[]),
        splits(train=["x" * 1_000_000], validation=["y"], test=["z"]),
    ],
)
def test_the_picture_is_a_png_of_the_usual_size_and_always_the_same(rows):
    picture = draw_card(CARD, rows)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 1660
    assert 600 <= height <= 1400
    assert picture == draw_card(CARD, rows)
