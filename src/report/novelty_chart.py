"""Draws the differences of a comparison by how much the samples are like the training data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from src.data.curation.novelty import BANDS
from src.plotting import Theme, drawable, font, font_families, new_figure, png_bytes, shortened, style_axes
from src.report.chart import NAME_COLUMNS, chart_title
from src.report.formatting import drawn_metrics, method_label, metric_label
from src.report.safe_markdown import visible_line
from src.schema import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL_PT = 8
TITLE = "Change by likeness of the nearest training answer, with 95 % intervals"


def draw_novelty(comparison: Comparison, theme: Theme) -> bytes:
    """A panel for each drawn metric as PNG; methods whose training data are not known are left out."""
    metrics = drawn_metrics()
    lines = math.ceil(len(metrics) / 2)
    figure = new_figure(1.05 + 2.1 * lines, theme)
    heading = f"{chart_title(comparison)}\n{TITLE}"
    figure.suptitle(heading, x=0.012, ha="left", **font(heading, theme.text, 11, "bold"))
    panels = list(figure.subplots(lines, 2, squeeze=False).flat)
    for axes, metric in zip(panels, metrics, strict=False):
        _draw_panel(axes, comparison, metric, theme)
    for axes in panels[len(metrics) :]:
        axes.remove()
    handles, labels = panels[0].get_legend_handles_labels()
    names = "".join(labels)
    legend = figure.legend(
        handles, labels, loc="outside lower left", ncols=4, frameon=False, labelcolor=theme.text,
        prop={"size": SMALL_PT, "family": font_families(names)},
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return png_bytes(figure)


def _draw_panel(axes: Axes, comparison: Comparison, metric: str, theme: Theme) -> None:
    """Each method's difference in each band, beside each other, with n below the bands."""
    count = len(comparison.comparisons)
    sizes: dict[str, set[int]] = {band: set() for band in BANDS}
    for place, (name, method) in enumerate(comparison.comparisons.items()):
        if not method.by_novelty:
            continue
        shown = drawable(visible_line(method_label(name)), f"method {place + 1}")
        found = {
            index: method.by_novelty[band][metric]
            for index, band in enumerate(BANDS)
            if metric in method.by_novelty.get(band, {})
        }
        for index, difference in found.items():
            sizes[list(BANDS)[index]].add(difference.n)
        values = [item.delta for item in found.values()]
        reach = [
            [max(0.0, item.delta - item.ci95[0]) for item in found.values()],
            [max(0.0, item.ci95[1] - item.delta) for item in found.values()],
        ]
        axes.errorbar(
            [index + 0.6 * ((place + 0.5) / count - 0.5) for index in found], values, yerr=reach, fmt="o",
            color=theme.series[place % len(theme.series)], markersize=4, capsize=3, elinewidth=1.3,
            label=shortened(shown, NAME_COLUMNS),
        )  # fmt: skip
    axes.axhline(0, color=theme.baseline, linewidth=0.8)
    labels = [f"{band}\nn = {'/'.join(map(str, sorted(counts))) or 0}" for band, counts in sizes.items()]
    axes.set_xticks(range(len(BANDS)), labels)
    axes.set_xlim(-0.5, len(BANDS) - 0.5)
    axes.set_title(metric_label(metric), loc="left", **font(metric_label(metric), theme.text, weight="bold"))
    style_axes(axes, theme, SMALL_PT, "y")
