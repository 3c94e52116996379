"""Pictures: the same bytes for the same input, fonts that can show a text, shortening by columns."""

from __future__ import annotations

import itertools
import logging

import pytest

from src.plotting import (
    BASE_FONT,
    DARK,
    LIGHT,
    Theme,
    drawable,
    font_families,
    new_figure,
    png_bytes,
    shortened,
)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("a_rather_long_name", 9, "a_ra…name"),
        ("two\n lines\tmore", 40, "two lines more"),
        ("中文代码模型", 12, "中文代码模型"),  # a wide character takes two columns
        ("中文代码模型", 9, "中文…模型"),
        ("", 5, ""),
    ],
)
def test_a_text_is_shortened_in_its_middle_to_the_columns_given(
    text: str, columns: int, expected: str
) -> None:
    assert shortened(text, columns) == expected


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_series_colours_stand_out_from_their_background_and_from_each_other(theme: Theme) -> None:
    background = _luminance(theme.background)
    for colour in theme.series:
        assert _contrast(_luminance(colour), background) >= 2.1, colour
    for text in (theme.text, theme.muted):
        assert _contrast(_luminance(text), background) >= 4.5  # WCAG 2.2, 1.4.3
    assert len(set(theme.series)) == 6


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_neighbouring_series_differ_for_the_red_green_blind(theme: Theme) -> None:
    """Machado, Oliveira and Fernandes 2009: matrices for complete protanopia and deuteranopia."""
    protanopia = ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052))
    deuteranopia = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
    for matrix in (protanopia, deuteranopia):
        seen = [_seen(colour, matrix) for colour in theme.series]
        for first, second in itertools.pairwise(seen):
            assert sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5 > 0.2


def test_the_same_picture_gives_the_same_bytes() -> None:
    def picture() -> bytes:
        figure = new_figure(1.0, LIGHT)
        figure.text(0.1, 0.5, "text", fontfamily=BASE_FONT)
        return png_bytes(figure)

    assert picture() == picture()
    assert picture().startswith(b"\x89PNG")


def test_plain_text_needs_no_further_font() -> None:
    assert font_families("LoRA −7.1 ±") == [BASE_FONT]


def test_a_text_that_no_font_shows_is_replaced_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    nowhere = "\U000f0000\U0010fffd"  # private use
    with caplog.at_level(logging.WARNING):
        assert drawable(nowhere, "method 1") == "method 1"
    assert "no font here shows" in caplog.text
    assert drawable("LoRA", "method 1") == "LoRA"


def _channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _linear(colour: str) -> list[float]:
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)]


def _luminance(colour: str) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))


def _contrast(first: float, second: float) -> float:
    high, low = max(first, second), min(first, second)
    return (high + 0.05) / (low + 0.05)


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> list[float]:
    channels = _channels(colour)
    return [sum(m * c for m, c in zip(row, channels, strict=True)) for row in matrix]
