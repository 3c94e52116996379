"""Plots a data card: languages by split, the lengths of the outputs, and how new the test split is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from src.data.card.data_card import DataCard
from src.data.card.markdown import NOVELTY_LABELS
from src.languages.registry import label
from src.plotting import LIGHT, drawable, font_families, new_figure, png_bytes, shortened
from src.schema import Example

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_LANGUAGES = 12
TITLE_COLUMNS = 60
SMALL_PT, TITLE_PT = 8, 9


def draw_card(card: DataCard, splits: Mapping[str, Sequence[Example]]) -> bytes:
    """The figure as PNG, 1660 pixels wide."""
    name = drawable(shortened(card.origin.rsplit("/", 1)[-1], TITLE_COLUMNS), "data set")
    title = f"{name}: {card.rows:,} examples"
    figure = new_figure(5.2, LIGHT)
    figure.suptitle(title, fontsize=11, color=LIGHT.text, fontfamily=font_families(title), x=0.02, ha="left")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.2, 1])
    left, right, below = (figure.add_subplot(grid[place]) for place in ((slice(None), 0), (0, 1), (1, 1)))
    _draw_languages(left, card)
    _draw_lengths(right, splits)
    _draw_novelty(below, card)
    for axes in (left, right, below):
        axes.set_facecolor(LIGHT.background)
        axes.set_axisbelow(True)
        axes.tick_params(colors=LIGHT.text, labelsize=SMALL_PT, length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(LIGHT.baseline)
    return png_bytes(figure)


def _draw_languages(axes: Axes, card: DataCard) -> None:
    """A stacked bar per language, one segment per split, with its rows and share; rare languages share a bar."""
    total = card.languages()
    shown = list(total)[:MAX_LANGUAGES]
    rare = list(total)[MAX_LANGUAGES:]
    labels = [label(name) or "none found" for name in shown] + ([f"{len(rare)} others"] if rare else [])
    ends = [0] * len(labels)
    for color, (split, part) in zip(LIGHT.series, card.splits.items(), strict=False):
        counts = [part.languages.get(name, 0) for name in shown]
        counts += [sum(part.languages.get(name, 0) for name in rare)] if rare else []
        axes.barh(labels, counts, left=ends, color=color, label=f"{split} ({part.rows:,})", height=0.72)
        ends = [end + count for end, count in zip(ends, counts, strict=True)]
    for bar, count in enumerate(ends):
        text = f" {count:,}  {100 * count / max(card.rows, 1):.1f} %"
        axes.text(count, bar, text, va="center", fontsize=7, color=LIGHT.muted)
    axes.invert_yaxis()
    axes.set_xlim(0, max([*ends, 1]) * 1.28)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_title("Rows by language", fontsize=TITLE_PT, color=LIGHT.text, loc="left")
    axes.legend(fontsize=SMALL_PT, frameon=False, loc="lower right", labelcolor=LIGHT.text)


def _draw_lengths(axes: Axes, splits: Mapping[str, Sequence[Example]]) -> None:
    """Cumulative distributions; those of splits from one distribution coincide."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    widths = (2.6, 1.6, 1.2)
    for color, width, (split, rows) in zip(LIGHT.series, widths, splits.items(), strict=False):
        lengths = sorted(len(example.output) for example in rows)
        if lengths:
            shares = [100 * rank / len(lengths) for rank in range(1, len(lengths) + 1)]
            axes.step([1, *lengths], [0, *shares], where="post", color=color, linewidth=width, label=split)
    axes.set_xscale("log")
    axes.set_ylim(0, 101)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid(color=LIGHT.grid, linewidth=0.6)
    axes.set_xlabel("characters", fontsize=SMALL_PT, color=LIGHT.text)
    axes.set_title("Share of outputs up to a length", fontsize=TITLE_PT, color=LIGHT.text, loc="left")
    axes.legend(fontsize=SMALL_PT, frameon=False, loc="upper left", labelcolor=LIGHT.text)


def _draw_novelty(axes: Axes, card: DataCard) -> None:
    """Cumulative distributions of the likeness of the nearest training prompt and answer."""
    from matplotlib.ticker import FuncFormatter

    for color, (name, text) in zip(LIGHT.series, NOVELTY_LABELS.items(), strict=False):
        values = sorted(getattr(item, name) for item in card.novelty.values())
        shares = [100 * rank / len(values) for rank in range(len(values) + 1)] if values else [0.0]
        axes.step([0, *values], shares, where="post", color=color, linewidth=1.4)
        axes.lines[-1].set_label(text.removeprefix("training "))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 101)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid(color=LIGHT.grid, linewidth=0.6)
    axes.set_xlabel("likeness of the nearest in training", fontsize=SMALL_PT, color=LIGHT.text)
    axes.set_title("Share of test samples up to a likeness", fontsize=TITLE_PT, color=LIGHT.text, loc="left")
    axes.legend(fontsize=7, frameon=False, loc="upper left", labelcolor=LIGHT.text)
