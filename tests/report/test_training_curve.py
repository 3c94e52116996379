"""The training curve: what is drawn, what is left out, and that a gap stays a gap."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from src.plotting import DARK, LIGHT
from src.report import training_curve as curve
from src.report.training_curve import draw_losses, draw_training_curve
from tests.evaluation.comparisons import comparison, with_trainings
from tests.report.layout import misplaced


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Draws a history; returns the figure and the bytes of the file."""
    figures: list[Any] = []
    real = curve.png_bytes
    monkeypatch.setattr(curve, "png_bytes", lambda figure: (figures.append(figure), real(figure))[1])

    def draw(history: list[dict[str, Any]]) -> tuple[Any, bytes]:
        path = tmp_path / "training_curve.png"
        draw_training_curve(history, path)
        return figures[-1], path.read_bytes()

    return draw


def _history(steps: int, every: int = 10) -> list[dict[str, Any]]:
    trained = [
        {"step": s, "loss": 2.0 / s, "learning_rate": 1e-5 * (steps - s), "tokens_per_s": 16_000 + s}
        for s in range(1, steps + 1)
    ]
    return trained + [{"step": s, "eval_loss": 2.1 / s} for s in range(every, steps + 1, every)]


def test_all_four_lines_are_drawn_with_the_best_validation_loss_named(drawn: Any) -> None:
    figure, data = drawn(_history(50))
    loss, rate, speed = figure.axes
    assert [len(axes.lines) for axes in (loss, rate, speed)] == [2, 1, 1]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == [
        "train",
        "validation, best 0.042 at step 50",  # 2.1 / 50
    ]
    assert data.startswith(b"\x89PNG")


def test_the_same_history_gives_the_same_bytes(drawn: Any) -> None:
    assert drawn(_history(30))[1] == drawn(_history(30))[1]


@pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf, None])
def test_a_value_that_is_missing_leaves_a_gap(drawn: Any, missing: float | None) -> None:
    history = [{"step": s, "loss": missing if s in (3, 5) else 1.0 + s} for s in range(1, 61)]
    figure, _ = drawn(history)
    line = figure.axes[0].lines[0]
    values = list(line.get_ydata())
    assert [index for index, value in enumerate(values) if math.isnan(value)] == [2, 4]
    assert line.get_markevery() == [3]  # between two gaps only a marker shows a point
    assert figure.axes[0].get_ylim()[1] < 80


@pytest.mark.parametrize(
    "history",
    [
        [],
        [{"step": 1, "train_runtime": 3.0}],
        [{"step": 1, "loss": math.nan}],
        [{"loss": 1.0}],  # without a step it has no position
    ],
)
def test_a_panel_without_any_value_says_so(drawn: Any, history: list[dict[str, Any]]) -> None:
    figure, _ = drawn(history)
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["not recorded"]


def test_one_step_can_be_drawn(drawn: Any) -> None:
    figure, _ = drawn([{"step": 1, "loss": 1.5, "learning_rate": 0.0, "tokens_per_s": 100.0}])
    low, high = figure.axes[0].get_ylim()
    assert low < 1.5 < high


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2.5, "2.5"), (0.0005, "0.0005"), (2e-5, "2e-5"), (0.0, "0"), (16_821.0, "16,821"), (1e6, "1,000,000")],
)
def test_ticks_read_as_people_write_numbers(value: float, expected: str) -> None:
    assert curve._tick(value) == expected


@pytest.mark.parametrize("history", [_history(50), _history(3, 1), [{"step": 9, "loss": 1e-7}]])
def test_no_text_of_the_picture_touches_another_or_its_edge(
    drawn: Any, history: list[dict[str, Any]]
) -> None:
    figure, _ = drawn(history)
    assert misplaced(figure) == []


ODD = "$\\frac{$"  # no formula, though it looks like one


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that draw_losses renders."""
    found: list[Any] = []
    monkeypatch.setattr(curve, "png_bytes", lambda figure: (found.append(figure), b"")[1])
    return found


def test_a_report_has_a_colour_a_method_and_two_lines_a_seed(figures: list[Any]) -> None:
    draw_losses(with_trainings(comparison(2), seeds=3), LIGHT)
    (axes,) = figures[0].axes
    lines = [line for line in axes.lines if len(line.get_xdata())]
    assert [line.get_color() for line in lines] == [LIGHT.series[0]] * 6 + [LIGHT.series[1]] * 6
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "LoRA: validation, lowest 0.525 at step 60",  # 0.5 + 1.5 / 60
        "QLoRA: validation, lowest 0.525 at step 60",
    ]
    assert axes.get_title(loc="left").startswith("Base-7b on Code Alpaca: training and validation loss")
    assert misplaced(figures[0]) == []


def test_a_validation_after_the_last_loss_is_within_the_axes(figures: list[Any]) -> None:
    made = with_trainings(comparison(1))
    (method,) = made.comparisons.values()
    training = dataclasses.replace(
        method.after.trainings[0], loss=[(1, 2.0), (10, 1.0)], validation_loss=[(12, 1.0)]
    )
    after = dataclasses.replace(method.after, trainings=[training])
    draw_losses(
        dataclasses.replace(made, comparisons={"LoRA": dataclasses.replace(method, after=after)}), DARK
    )
    assert figures[0].axes[0].get_xlim()[1] > 12


def test_losses_that_were_not_finite_or_not_measured_are_left_out(figures: list[Any]) -> None:
    made = with_trainings(comparison(1))
    (method,) = made.comparisons.values()
    training = dataclasses.replace(method.after.trainings[0], loss=[(1, None), (2, 1.0)], validation_loss=[])
    after = dataclasses.replace(method.after, trainings=[training])
    draw_losses(dataclasses.replace(made, comparisons={ODD: dataclasses.replace(method, after=after)}), DARK)
    (axes,) = figures[0].axes
    (line,) = (line for line in axes.lines if len(line.get_xdata()))
    assert [math.isnan(value) for value in line.get_ydata()] == [True, False]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [ODD]
    assert misplaced(figures[0]) == []
