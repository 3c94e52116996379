"""Draws training curves: training_curve.png of a run, and the losses of all trainings of a report."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.plotting import (
    BASE_FONT,
    LIGHT,
    Theme,
    drawable,
    font,
    font_families,
    new_figure,
    png_bytes,
    shortened,
    style_axes,
)
from src.report.chart import NAME_COLUMNS, TITLE_COLUMNS
from src.report.formatting import data_label, named_runs, trainings
from src.report.safe_markdown import visible, visible_line
from src.report.verdict import base_model
from src.schema import Comparison, Training
from src.system.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT_IN = 6.2
PANELS = (  # title, share of the height, keys and names of the lines
    ("Loss per supervised token", 3.6, (("loss", "train"), ("eval_loss", "validation"))),
    ("Learning rate", 1, (("learning_rate", ""),)),
    ("Real tokens per second", 1, (("tokens_per_s", ""),)),
)
REPORT_HEIGHT_IN = 2
REPORT_TITLE = "training and validation loss"
REPORT_AXIS = "Step. Loss per supervised token: training thin, validation strong"
MARKED_POINTS = 40  # a line of fewer points shows each of them


def draw_training_curve(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the log of a run: entries hold `step` and any of loss, eval_loss, learning_rate, tokens_per_s.

    Values that are missing or not finite leave a gap; a panel without any value says so.
    """
    figure = new_figure(HEIGHT_IN, LIGHT)
    steps = [entry["step"] for entry in history if "step" in entry]
    panels = figure.subplots(len(PANELS), sharex=True, height_ratios=[height for _, height, _ in PANELS])
    for axes, (title, _, lines) in zip(panels, PANELS, strict=True):
        _style(axes, steps)
        axes.set_title(title, loc="left", **font(title, LIGHT.text, 11, "bold"))
        _draw_lines(axes, history, lines)
    panels[-1].set_xlabel("Step", **font("Step", LIGHT.text))
    write_atomic(path, png_bytes(figure))


def draw_losses(comparison: Comparison, theme: Theme) -> bytes:
    """The losses of every training behind a comparison as PNG: a colour a method, a line a seed."""
    figure = new_figure(REPORT_HEIGHT_IN, theme)
    axes = figure.subplots()
    heading = _report_title(comparison)
    axes.set_title(heading, loc="left", **font(heading, theme.text, 11, "bold"))
    labels = [name for name, _ in named_runs(comparison)]
    colors = dict(zip(labels, itertools.chain([theme.baseline], itertools.cycle(theme.series)), strict=False))
    found = trainings(comparison)
    every = [item for each in found.values() for item in each]
    _style(axes, [step for item in every for step, _ in (*item.loss, *item.validation_loss)], theme)
    names = "".join(found)
    for place, (label, each) in enumerate(found.items()):
        shown = shortened(drawable(visible_line(label), f"model {place}"), NAME_COLUMNS)
        for training in each:
            _draw_training(axes, training, colors[label], shown if training is each[0] else "")
    legend = axes.legend(
        loc="upper right", borderaxespad=0.2, ncols=2, labelcolor=theme.text, facecolor=theme.background,
        edgecolor="none", framealpha=0.8, prop={"family": font_families(names) or [BASE_FONT], "size": 9},
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    axes.set_xlabel(REPORT_AXIS, **font(REPORT_AXIS, theme.text, 9))
    return png_bytes(figure)


def _report_title(comparison: Comparison) -> str:
    """What the lines are, of which model on which data, where all trainings have the same."""
    data = {data_label(item.data) for each in trainings(comparison).values() for item in each}
    subject = [shown for shown in (base_model(comparison), data.pop() if len(data) == 1 else "") if shown]
    line = f"{' on '.join(subject)}: {REPORT_TITLE}" if subject else REPORT_TITLE.capitalize()
    return shortened(drawable(visible(line), REPORT_TITLE.capitalize()), TITLE_COLUMNS)


def _draw_training(axes: Axes, training: Training, color: str, label: str) -> None:
    """Its training loss thin, its validation loss strong; `label` names the lowest of the latter, where there is any."""
    marks: dict[str, Any] = {"linewidth": 2.0, "marker": "D", "markersize": 3.5}
    for losses, look in (
        (training.loss, {"linewidth": 1.0, "alpha": 0.45}),
        (training.validation_loss, marks),
    ):
        steps, values = [step for step, _ in losses], [_finite(value) for _, value in losses]
        axes.plot(steps, values, color=color, **look)
    if label and any(map(math.isfinite, values)):
        label = f"{label}: validation, lowest {_best(steps, values)}"
    axes.plot([], [], color=color, label=label or None, **marks)


def _style(axes: Axes, steps: Sequence[int], theme: Theme = LIGHT) -> None:
    from matplotlib.ticker import MaxNLocator

    style_axes(axes, theme, 9, spine="bottom")
    low, high = (min(steps), max(steps)) if steps else (0, 1)
    margin = max(1, 0.02 * (high - low))
    axes.set_xlim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def _draw_lines(axes: Axes, history: Sequence[Mapping[str, Any]], lines: Sequence[tuple[str, str]]) -> None:
    drawn = []
    for place, (key, name) in enumerate(lines):
        steps, values = _series(history, key)
        if any(map(math.isfinite, values)):
            _draw_line(axes, steps, values, place, name)
            drawn += values
    _scale(axes, [value for value in drawn if math.isfinite(value)], from_zero=len(lines) == 1)
    if drawn and any(name for _, name in lines):
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=len(lines), frameon=False,
            labelcolor=LIGHT.text, prop={"family": BASE_FONT, "size": 10},
        )  # fmt: skip


def _draw_line(axes: Axes, steps: list[int], values: list[float], place: int, name: str) -> None:
    shape = ("o", "D")[place]  # colour alone says nothing in print
    marked = [index for index in range(len(values)) if len(values) <= MARKED_POINTS or _alone(values, index)]
    label = name if place == 0 else f"{name}, best {_best(steps, values)}"
    axes.plot(
        steps, values, color=LIGHT.series[place], linewidth=1.8, linestyle=("-", "--")[place], label=label,
        marker=shape if marked else None, markevery=marked, markersize=4.5, clip_on=False,
    )  # fmt: skip


def _alone(values: list[float], index: int) -> bool:
    """No line reaches this point: only a marker shows it."""
    around = values[max(0, index - 1) : index] + values[index + 1 : index + 2]
    return math.isfinite(values[index]) and not any(map(math.isfinite, around))


def _best(steps: list[int], values: list[float]) -> str:
    value, step = min(
        (value, step) for step, value in zip(steps, values, strict=True) if math.isfinite(value)
    )
    return f"{value:.3f} at step {step}"


def _scale(axes: Axes, values: Sequence[float], from_zero: bool) -> None:
    """Room around the values; a panel without any says so."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=3 if from_zero else 6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    if not values:
        look = font("not recorded", LIGHT.muted)
        axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", va="center", **look)
        axes.set_yticks([])
        return
    low, high = (min(0, *values) if from_zero else min(values)), max(values)
    margin = 0.1 * (high - low) or 0.1 * abs(high) or 1
    axes.set_ylim(low if from_zero and low == 0 else low - margin, high + margin)


def _tick(value: float) -> str:
    """2.5, 0.0005, 2e-5, 16,821."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}".replace("e-0", "e-")


def _series(history: Sequence[Mapping[str, Any]], key: str) -> tuple[list[int], list[float]]:
    found = [(entry["step"], _finite(entry[key])) for entry in history if "step" in entry and key in entry]
    return [step for step, _ in found], [value for _, value in found]


def _finite(value: Any) -> float:
    """NaN for what is missing or cannot be drawn."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan
