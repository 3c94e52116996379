"""Draws the chart of a comparison: some metrics, before and each method, with 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from src.plotting import BASE_FONT, WIDTH_IN, Theme, drawable, font_families, new_figure, png_bytes, shortened
from src.report.formatting import (
    NOT_AVAILABLE,
    drawn_metrics,
    is_share,
    method_label,
    metric_label,
    number,
    percent,
    signed,
    significant,
)
from src.report.safe_markdown import visible
from src.schema import Comparison, Difference, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME_COLUMNS = 24  # characters of a method's name before it is shortened
NAME_IN = 1.9  # maximal width of a name
CEILINGS = (5, 10, 20, 30, 40, 50, 60, 80, 100)  # right ends of an axis; all metrics are 0-100
TITLE_PT = 12
TITLE_IN, HEADER_IN, TICKS_IN, NOTE_IN = 0.46, 0.48, 0.38, 0.30  # heights
VALUE_IN, CHANGE_IN, GAP_IN, MARGIN_IN = 0.50, 0.60, 0.30, 0.12  # widths
NOTE = (
    "Whiskers: 95 % confidence intervals. "
    "Change: after minus before, in bold where p < 0.05 after Holm's correction."
)


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


def draw_chart(comparison: Comparison, theme: Theme) -> bytes:
    """The chart as PNG."""
    return png_bytes(chart_figure(comparison, theme))


def chart_figure(comparison: Comparison, theme: Theme) -> Figure:
    """The chart: as wide as every picture, as high as the number of methods requires."""
    rows = 1 + len(comparison.comparisons)
    row_in = 0.36 if rows <= 3 else 0.29
    panel_in = HEADER_IN + row_in * rows + TICKS_IN
    metrics = drawn_metrics()
    figure = new_figure(TITLE_IN + math.ceil(len(metrics) / 2) * panel_in + NOTE_IN, theme)
    names = _row_names(figure, comparison)
    title = _title(figure, comparison)
    _write(figure, MARGIN_IN, TITLE_IN - 0.15, title, theme.text, size=TITLE_PT, weight="bold")
    name_in = max(_width_in(figure, name) for name in names) + 0.1
    bars_in = (WIDTH_IN - 2 * MARGIN_IN - name_in - GAP_IN - 2 * (VALUE_IN + CHANGE_IN)) / 2
    panels = [_bars(comparison, metric, names, theme) for metric in metrics]
    for index, metric in enumerate(metrics):
        row, column = divmod(index, 2)
        left = MARGIN_IN + name_in + column * (bars_in + VALUE_IN + CHANGE_IN + GAP_IN)
        top = TITLE_IN + row * panel_in
        right_end = _right_end(
            [bar for panel in panels[2 * row : 2 * row + 2] for bar in panel]
        )  # panels in a row share their scale
        box = (left, top + HEADER_IN, bars_in, row_in * rows)
        _draw_panel(figure, metric, panels[index], box, right_end, theme, with_names=column == 0)
    _write(figure, MARGIN_IN, figure.get_figheight() - 0.12, NOTE, theme.muted, size=8.5)
    return figure


def _row_names(figure: Figure, comparison: Comparison) -> list[str]:
    labels = [method_label(name) for name in comparison.comparisons]
    drawable_names = [
        drawable(_one_line(name), f"method {index}") for index, name in enumerate(labels, start=1)
    ]
    return ["Before", *(_fitted(figure, name, NAME_COLUMNS, NAME_IN) for name in drawable_names)]


def _title(figure: Figure, comparison: Comparison) -> str:
    plain = f"Before and after fine-tuning (n = {comparison.before.n})"
    name = drawable(_one_line(str(comparison.test_set.get("name", ""))), "")
    if not name:
        return plain
    room = WIDTH_IN - 2 * MARGIN_IN - _width_in(figure, f"{plain}, test set ", TITLE_PT, "bold")
    name = _fitted(figure, name, 40, room, TITLE_PT, "bold")
    return f"Before and after fine-tuning, test set {name} (n = {comparison.before.n})"


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _fitted(
    figure: Figure, text: str, columns: int, width_in: float, size: float = 10, weight: str = "normal"
) -> str:
    """`text` shortened to `columns`, and further until it is no wider than `width_in`."""
    return next(
        shorter
        for room in range(columns, 0, -1)
        if _width_in(figure, shorter := shortened(text, room), size, weight) <= width_in or room == 1
    )


def _bars(comparison: Comparison, metric: str, names: list[str], theme: Theme) -> list[Bar]:
    bars = [_bar(names[0], theme.baseline, comparison.before.metrics.get(metric), None)]
    for index, method in enumerate(comparison.comparisons.values()):
        color = theme.series[index % len(theme.series)]
        score = method.after.metrics.get(metric)
        bars.append(_bar(names[index + 1], color, score, method.difference.get(metric)))
    return bars


def _bar(name: str, color: str, score: Score | None, difference: Difference | None) -> Bar:
    if score is None:
        return Bar(name, color, None, None, 0, 0.0, difference)
    return Bar(name, color, score.value, score.ci95, score.n, score.coverage, difference)


def _draw_panel(
    figure: Figure,
    metric: str,
    bars: list[Bar],
    box: tuple[float, float, float, float],  # left, top, width, height in inches from the top left
    right_end: float,  # of the axis
    theme: Theme,
    with_names: bool,
) -> None:
    left, top, width, height = box
    total = figure.get_figheight()
    axes = figure.add_axes((left / WIDTH_IN, 1 - (top + height) / total, width / WIDTH_IN, height / total))
    _style(axes, len(bars), right_end, theme)
    row_in = height / len(bars)
    for row, bar in enumerate(bars):
        _draw_bar(axes, row, bar, theme)
        middle = top + (row + 0.5) * row_in
        if with_names:
            _write(figure, left - 0.1, middle, bar.name, theme.text, align="right", middle=True)
        _write_values(figure, left + width, middle, bar, theme)
    right = left + width + VALUE_IN + CHANGE_IN
    title = metric_label(metric) + (" (%)" if is_share(metric) else "")
    _write(figure, left, top - 0.27, title, theme.text, size=11, weight="bold")
    _write(figure, left, top - 0.1, _sample_note(bars), theme.muted, size=8.5)
    _write(figure, right, top - 0.1, "change", theme.muted, size=8.5, align="right")


def _style(axes: Axes, rows: int, right_end: float, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_facecolor(theme.background)
    axes.set_xlim(0, right_end)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="x", colors=theme.muted, labelsize=8.5, length=0, labelfontfamily=BASE_FONT)
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(theme.muted)


def _right_end(bars: list[Bar]) -> float:
    ends = [max(bar.value, *(bar.ci95 or (0,))) for bar in bars if bar.value is not None]
    return next((ceiling for ceiling in CEILINGS if ceiling >= max(ends, default=100)), CEILINGS[-1])


def _draw_bar(axes: Axes, row: int, bar: Bar, theme: Theme) -> None:
    from matplotlib.patheffects import withStroke

    if bar.value is None:
        return
    axes.barh(row, bar.value, height=0.66, color=bar.color)
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


def _write_values(figure: Figure, left: float, middle: float, bar: Bar, theme: Theme) -> None:
    value, shade = (NOT_AVAILABLE, theme.muted) if bar.value is None else (number(bar.value), theme.text)
    _write(figure, left + VALUE_IN, middle, value, shade, align="right", middle=True)
    if bar.difference is None:
        return
    strong = significant(bar.difference)
    color, weight = (theme.text, "bold") if strong else (theme.muted, "normal")
    right = left + VALUE_IN + CHANGE_IN
    change = signed(bar.difference.delta)
    _write(figure, right, middle, change, color, align="right", middle=True, weight=weight)


def _sample_note(bars: list[Bar]) -> str:
    measured = [bar for bar in bars if bar.value is not None]
    if not measured:
        return "not measured"
    counts = sorted({bar.n for bar in measured})
    least = min(bar.coverage for bar in measured)
    samples = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]}\u2013{counts[-1]}"
    return samples if least >= 0.995 else f"{samples} ({percent(least)} of samples)"


def _write(
    figure: Figure,
    x_in: float,
    y_in: float,  # from the top
    text: str,
    color: str,
    size: float = 10,
    align: str = "left",
    weight: str = "normal",
    middle: bool = False,
) -> None:
    figure.text(
        x_in / WIDTH_IN,
        1 - y_in / figure.get_figheight(),
        text,
        color=color,
        fontsize=size,
        fontfamily=font_families(text) or [BASE_FONT],
        fontweight=weight,
        ha=align,
        va="center_baseline" if middle else "baseline",
        parse_math=False,
    )


def _width_in(figure: Figure, text: str, size: float = 10, weight: str = "normal") -> float:
    from matplotlib.backends.backend_agg import RendererAgg

    written = figure.text(
        0, 0, text, fontsize=size, fontfamily=font_families(text) or [BASE_FONT], fontweight=weight,
        parse_math=False,
    )  # fmt: skip
    width = written.get_window_extent(RendererAgg(1, 1, figure.dpi)).width / figure.dpi
    written.remove()
    return width
