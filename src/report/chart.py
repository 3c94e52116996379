"""Draws the chart of a comparison: some metrics, before and each method, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from src.plotting import Theme, drawable, font, new_figure, png_bytes, shortened, style_axes
from src.report.formatting import (
    NOT_AVAILABLE,
    drawn_metrics,
    is_share,
    metric_label,
    named_runs,
    number,
    percent,
    signed,
    significant,
)
from src.report.safe_markdown import visible_line
from src.report.verdict import data_and_test_set, title
from src.schema import Comparison, Difference, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME_COLUMNS = 24  # characters of a name before it is shortened
TITLE_COLUMNS = 78
CEILINGS = (5, 10, 20, 30, 40, 50, 60, 80, 100)  # right ends of an axis; all metrics are 0-100
VALUE_PT, CHANGE_PT = 36, 79  # right ends of the columns beside a panel
SMALL_PT = 8.5
NOTE = (
    "Whiskers: 95 % confidence intervals. "
    "Change: after minus before, in bold where p < 0.05 after Holm's correction."
)


SEEDS_NOTE = " Dots: single seeds."
SEED_OFFSET = 0.2  # of the dots under the middle of a bar, where the whisker lies


@dataclass(frozen=True)
class Bar:
    """One row of a panel."""

    name: str
    color: str
    value: float | None  # None: not measured, and then neither are the next three
    ci95: tuple[float, float] | None
    n: int
    coverage: float
    difference: Difference | None  # None: this is "before", or nothing to compare
    seeds: tuple[float, ...] = ()  # values of its trainings, where there are several


def draw_chart(comparison: Comparison, theme: Theme) -> bytes:
    """The chart as PNG."""
    return png_bytes(chart_figure(comparison, theme))


def chart_figure(comparison: Comparison, theme: Theme) -> Figure:
    """The chart: as wide as every picture, as high as the number of methods requires."""
    metrics = drawn_metrics()
    lines, rows = math.ceil(len(metrics) / 2), 1 + len(comparison.comparisons)
    figure = new_figure(0.95 + lines * (0.9 + 0.33 * rows if rows <= 3 else 0.8 + 0.2 * rows), theme)
    edge: dict[str, Any] = {"x": 0.012, "ha": "left"}
    heading = chart_title(comparison)
    figure.suptitle(heading, **edge, **font(heading, theme.text, 11, "bold"))
    note = NOTE + (SEEDS_NOTE if any(run.seeds for _, run in named_runs(comparison)) else "")
    figure.supxlabel(note, **edge, **font(note, theme.muted, SMALL_PT))
    names = _row_names(comparison)
    panels = [_bars(comparison, metric, names, theme) for metric in metrics]
    grid = figure.subplots(lines, 2, squeeze=False)
    for index, axes in enumerate(grid.flat):
        if index == len(metrics):
            axes.remove()
            break
        line, column = divmod(index, 2)
        beside = [bar for panel in panels[2 * line : 2 * line + 2] for bar in panel]  # share their scale
        _style(axes, rows, _right_end(beside), theme)
        _draw_panel(axes, metrics[index], panels[index], theme, with_names=column == 0)
    return figure


def _row_names(comparison: Comparison) -> list[str]:
    labels = [visible_line(name) for name, _ in named_runs(comparison)]
    shown = [drawable(name, f"model {index}") for index, name in enumerate(labels)]
    return [shortened(name, NAME_COLUMNS) for name in shown]


def chart_title(comparison: Comparison) -> str:
    """Two lines for a picture: what was compared, and on what."""
    lines = (title(comparison, _short), data_and_test_set(comparison, _short))
    return "\n".join(shortened(drawable(line, ""), TITLE_COLUMNS) for line in lines)


def _short(text: str) -> str:
    return shortened(visible_line(text), NAME_COLUMNS)


def _bars(comparison: Comparison, metric: str, names: list[str], theme: Theme) -> list[Bar]:
    bars = [_bar(names[0], theme.baseline, comparison.before, metric, None)]
    for index, method in enumerate(comparison.comparisons.values()):
        color = theme.series[index % len(theme.series)]
        bars.append(_bar(names[index + 1], color, method.after, metric, method.difference.get(metric)))
    return bars


def _bar(name: str, color: str, run: Run, metric: str, difference: Difference | None) -> Bar:
    score = run.metrics.get(metric)
    if score is None:
        return Bar(name, color, None, None, 0, 0.0, difference)
    seeds = tuple(value for found in run.seeds.values() if (value := found.get(metric)) is not None)
    return Bar(name, color, score.value, score.ci95, score.n, score.coverage, difference, seeds)


def _draw_panel(axes: Axes, metric: str, bars: list[Bar], theme: Theme, with_names: bool) -> None:
    """Bars, and what stands beside them: names on the left, values and changes on the right, titles above."""
    for row, bar in enumerate(bars):
        _draw_bar(axes, row, bar, theme)
        if with_names:
            _write(axes, (0, row), (-6, 0), bar.name, font(bar.name, theme.text), ha="right")
        _write_values(axes, row, bar, theme)
    heading = metric_label(metric) + (" (%)" if is_share(metric) else "")
    axes.set_title(heading, loc="left", pad=19, **font(heading, theme.text, 11, "bold"))
    note, top = font("", theme.muted, SMALL_PT), -0.5
    _write(axes, (0, top), (0, 9), _sample_note(bars), note, ha="left")
    _write(axes, (1, top), (CHANGE_PT, 9), "change", note, ha="right")


def _style(axes: Axes, rows: int, right_end: float, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    style_axes(axes, theme, SMALL_PT, "x", "left")
    axes.set_xlim(0, right_end)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))


def _right_end(bars: list[Bar]) -> float:
    ends = [max(bar.value, *(bar.ci95 or (0,)), *bar.seeds) for bar in bars if bar.value is not None]
    return next((ceiling for ceiling in CEILINGS if ceiling >= max(ends, default=100)), CEILINGS[-1])


def _draw_bar(axes: Axes, row: int, bar: Bar, theme: Theme) -> None:
    from matplotlib.patheffects import withStroke

    if bar.value is None:
        return
    axes.barh(row, bar.value, height=0.66, color=bar.color)
    if bar.seeds:
        dots: dict[str, Any] = {
            "facecolor": theme.background,
            "edgecolor": theme.text,
            "linewidth": 0.8,
            "zorder": 3,
        }
        axes.scatter(bar.seeds, [row + SEED_OFFSET] * len(bar.seeds), s=11, clip_on=False, **dots)
    if bar.ci95 is None:
        return
    low, high = bar.ci95
    reach = [[max(0, bar.value - low)], [max(0, high - bar.value)]]
    whisker = axes.errorbar(
        bar.value, row, xerr=reach, fmt="none", ecolor=theme.text, elinewidth=1.3, capsize=3, capthick=1.3
    )
    for part in (*whisker.lines[1], *whisker.lines[2]):
        part.set_path_effects([withStroke(linewidth=3, foreground=theme.background)])
        part.set_clip_on(False)


def _write_values(axes: Axes, row: int, bar: Bar, theme: Theme) -> None:
    value, shade = (NOT_AVAILABLE, theme.muted) if bar.value is None else (number(bar.value), theme.text)
    _write(axes, (1, row), (VALUE_PT, 0), value, font(value, shade), ha="right")
    if bar.difference is None:
        return
    change = signed(bar.difference.delta)
    strong = significant(bar.difference)
    look = font(change, theme.text if strong else theme.muted, weight="bold" if strong else "normal")
    _write(axes, (1, row), (CHANGE_PT, 0), change, look, ha="right")


def _sample_note(bars: list[Bar]) -> str:
    measured = [bar for bar in bars if bar.value is not None]
    if not measured:
        return "not measured"
    counts = sorted({bar.n for bar in measured})
    least = min(bar.coverage for bar in measured)
    samples = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]}\u2013{counts[-1]}"
    return samples if least >= 0.995 else f"{samples} ({percent(least)} of samples)"


def _write(
    axes: Axes,
    place: tuple[float, float],
    shift: tuple[float, float],
    text: str,
    look: Mapping[str, Any],
    ha: str,
) -> None:
    """`text` at (share of the axes' width, row), shifted by points."""
    coordinates: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate(
        text, place, shift, ha=ha, va="center_baseline", annotation_clip=False, **coordinates, **look
    )
