"""The picture of gains by likeness is written where they are known, in the usual size, the same for the same figures."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import pytest

from src.plotting import DARK, LIGHT
from src.report.novelty_chart import draw_novelty
from src.report.report import write_reports
from tests.evaluation.comparisons import comparison
from tests.report.markdown.test_novelty import with_novelty


@pytest.mark.parametrize("sizes", [(9, 14, 12, 15, 23), (0, 0, 12, 0, 0)])
def test_the_picture_is_a_png_of_the_usual_width_and_always_the_same(sizes):
    made = with_novelty(comparison(3), sizes)
    first, *others = made.comparisons
    odd = {"$\\frac{$": made.comparisons[first]}  # no formula, though it looks like one
    made = dataclasses.replace(made, comparisons=odd | {name: made.comparisons[name] for name in others})
    picture = draw_novelty(made, DARK)
    assert struct.unpack(">II", picture[16:24])[0] == 1660
    assert picture == draw_novelty(made, DARK) != draw_novelty(made, LIGHT)


def test_a_report_has_the_pictures_where_novelty_is_known_alone(tmp_path: Path):
    known = write_reports(with_novelty(comparison(2)), tmp_path / "known", 2)
    pictures = {"novelty.png", "novelty_dark.png"}
    assert pictures < {path.name for path in known}
    assert not pictures & {path.name for path in write_reports(comparison(2), tmp_path / "unknown", 2)}
