"""Writes the report of a comparison: comparison.json, .md, .html and its pictures; computes nothing."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from src.plotting import DARK, LIGHT
from src.provenance import ROOT
from src.report.chart import draw_chart
from src.report.formatting import trainings
from src.report.html import render_html
from src.report.index import README, is_ours, renew_index
from src.report.markdown.document import CHART_PICTURES, CURVE_PICTURES, GUIDE, render_markdown
from src.report.markdown.novelty import NOVELTY_PICTURES
from src.report.novelty_chart import draw_novelty
from src.report.training_curve import draw_losses
from src.schema import ComparedExample, Comparison, to_json
from src.system.files import write_together

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def write_reports(
    comparison: Comparison, folder: Path, examples: int, root: Path | None = None
) -> list[Path]:
    """Write the files of the report into `folder` and return their paths, comparison.json first.

    README.md, which GitHub shows with the folder, is comparison.md again, unless somebody else wrote one. There are
    pictures of the training where there is a record of one, and of gains by likeness to the training data where these
    are known. `examples` is how many of the most improved and of the most worsened samples comparison.md shows of each
    method; comparison.json and comparison.html hold all samples. With 0 no file holds any text of a sample:
    ids and figures only. No file is replaced before all are complete. Where `folder` is `root` or lies in it, the index of
    `root` is written too.
    """
    reported = comparison if examples > 0 else without_texts(comparison)
    contents: dict[str, str | bytes] = {
        "comparison.json": _encodable(to_json(reported, indent=2)) + "\n",
        "comparison.md": render_markdown(reported, max(0, examples), _guide(folder)),
        "comparison.html": render_html(reported),
    }
    drawings = {CHART_PICTURES: draw_chart}
    if trainings(reported):
        drawings[CURVE_PICTURES] = draw_losses
    if any(method.by_novelty for method in reported.comparisons.values()):
        drawings[NOVELTY_PICTURES] = draw_novelty
    for names, draw in drawings.items():
        contents |= {name: draw(reported, theme) for name, theme in zip(names, (LIGHT, DARK), strict=True)}
    is_root = root is not None and folder.resolve() == root.resolve()  # whose README.md is the index
    if not is_root and is_ours(folder / README):
        contents[README] = contents["comparison.md"]
    write_together({folder / name: data for name, data in contents.items()})
    return [*(folder / name for name in contents), *(renew_index(folder, root) if root else [])]


def _guide(folder: Path) -> str:
    """The way from `folder` to the document that explains reports; "" from outside the project."""
    place = folder.resolve()
    return os.path.relpath(ROOT / GUIDE, place).replace(os.sep, "/") if place.is_relative_to(ROOT) else ""


def without_texts(comparison: Comparison) -> Comparison:
    """The same comparison with every text of a sample left out."""
    methods = {
        name: replace(method, examples=list(map(_without_texts, method.examples)))
        for name, method in comparison.comparisons.items()
    }
    return replace(comparison, comparisons=methods)


def _without_texts(example: ComparedExample) -> ComparedExample:
    return replace(
        example,
        instruction="",
        input="",
        reference="",
        before="",
        after="",
        before_scores=_without_quotes(example.before_scores),
        after_scores=_without_quotes(example.after_scores),
    )


def _without_quotes(scores: dict[str, Any]) -> dict[str, Any]:
    """Numbers and outcomes; anything else could quote the sample."""
    return {
        key: value
        for key, value in scores.items()
        if value is None or isinstance(value, (int, float)) or key in ("execution", "functional", "error")
    }


def _encodable(text: str) -> str:
    """JSON in which a lone surrogate, which UTF-8 cannot encode, is written as its escape."""
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
