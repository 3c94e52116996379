"""The chart: no text over another for 1 to 6 methods, missing values shown as such, deterministic bytes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from matplotlib.collections import PathCollection
from matplotlib.text import Text

from src.plotting import DARK, LIGHT, font_families
from src.report.chart import chart_figure, draw_chart
from src.report.formatting import drawn_metrics
from src.schema import Comparison, Score
from tests.evaluation.comparisons import METHODS, SEED_VALUES, comparison, with_seeds, with_trainings
from tests.report.layout import boxes, misplaced


def _texts(figure: Any) -> list[str]:
    return [line for text, _ in boxes(figure) for line in text.split("\n")]


def _renamed(made: Comparison, names: dict[str, str], test_set: str = "starter") -> Comparison:
    methods = {names.get(name, name): method for name, method in made.comparisons.items()}
    return dataclasses.replace(made, comparisons=methods, test_set=made.test_set | {"name": test_set})


def _with_scores(made: Comparison, change: Any) -> Comparison:
    def run(old: Any) -> Any:
        return dataclasses.replace(old, metrics={name: change(name, s) for name, s in old.metrics.items()})

    methods = {
        name: dataclasses.replace(method, after=run(method.after))
        for name, method in made.comparisons.items()
    }
    return dataclasses.replace(made, before=run(made.before), comparisons=methods)


def _at_its_widest(made: Comparison) -> Comparison:
    made = _with_scores(made, lambda name, score: Score(100.0, (0.0, 100.0), 10_000 + len(name), 0.876, "s"))
    return _renamed(made, {"lora": "W" * 60, "qlora": "M" * 24}, "W" * 80)


HARD = {"as it comes": lambda made: made, "all at its widest": _at_its_widest}


@pytest.mark.parametrize(
    ("case", "methods"),
    [("as it comes", count) for count in range(1, len(METHODS) + 1)]
    + [(case, count) for case in HARD for count in (2, len(METHODS)) if case != "as it comes"],
)
def test_no_text_touches_another_or_leaves_the_picture(case: str, methods: int) -> None:
    figure = chart_figure(HARD[case](comparison(methods)), LIGHT)
    assert misplaced(figure) == []


def test_every_method_and_metric_is_named_with_value_and_change() -> None:
    texts = _texts(chart_figure(comparison(2), LIGHT))
    for expected in ("BLEU", "CodeBLEU", "Execution success (%)", "Functional accuracy (%)"):
        assert texts.count(expected) == 1
    for expected in (
        "SmolLM2-135M-Instruct before and after fine-tuning",
        "tested on the starter set, n = 50",
    ):
        assert texts.count(expected) == 1
    for expected in ("Before", "LoRA", "QLoRA"):
        assert texts.count(expected) == 2  # once for each row of panels
    assert {"31.2", "38.3", "+7.1", "+8.8", "n = 44 (88 % of samples)"} <= set(texts)


def test_the_title_and_the_rows_name_what_was_compared() -> None:
    made = dataclasses.replace(with_trainings(comparison(1)), before_name="full precision")
    texts = _texts(chart_figure(made, LIGHT))
    assert {
        "full precision and LoRA on Base-7b",
        "trained on Code Alpaca, tested on the starter set, n = 50",
    } < set(texts)
    assert texts.count("full precision") == 2
    assert "Before" not in texts


def test_only_a_significant_change_is_bold() -> None:
    figure = chart_figure(comparison(1), LIGHT)
    weights = {text.get_text(): text.get_fontweight() for text in figure.findobj(Text)}
    assert weights["+7.1"] == "bold"  # p 0.0004
    assert weights["+12.0"] == "normal"  # p 0.18


def test_bars_and_whiskers_lie_where_the_figures_say() -> None:
    made = comparison(1)
    panel = chart_figure(made, LIGHT).axes[drawn_metrics().index("bleu")]
    assert [round(bar.get_width(), 6) for bar in panel.patches] == [31.2, 38.3]
    whisker = panel.containers[1]  # bars and whiskers take turns
    ((start, end),) = (segment[:, 0] for segment in whisker.lines[2][0].get_segments())
    assert (start, end) == pytest.approx(made.before.metrics["bleu"].ci95)


def test_panels_of_a_row_share_a_scale_that_holds_every_interval() -> None:
    made = comparison(1)
    figure = chart_figure(made, LIGHT)
    assert [axes.get_xlim()[1] for axes in figure.axes] == [100, 100, 50, 50]
    small = _with_scores(
        made, lambda name, score: Score(1.4, (0.2, 7.0 if "_" in name else 4.0), 50, 1.0, "s")
    )
    assert [axes.get_xlim()[1] for axes in chart_figure(small, LIGHT).axes] == [10, 10, 5, 5]


@pytest.mark.parametrize(
    "score", [None, Score(None, None, 0, 0.0, "s")], ids=["no such metric", "no sample counts"]
)
def test_what_was_not_measured_has_no_bar_and_says_so(score: Score | None) -> None:
    made = _with_scores(comparison(1), lambda name, old: score if name == "codebleu" else old)
    figure = chart_figure(made, LIGHT)
    assert len(figure.axes[drawn_metrics().index("codebleu")].patches) == 0
    texts = _texts(figure)
    assert texts.count("not measured") == 1
    assert texts.count("n/a") == 2


def test_a_score_without_an_interval_has_no_whisker() -> None:
    made = _with_scores(comparison(1), lambda name, old: dataclasses.replace(old, ci95=None))
    assert all(len(axes.collections) == 0 for axes in chart_figure(made, LIGHT).axes)


def test_every_seed_is_a_dot_on_the_bar_of_its_method_and_the_note_says_so() -> None:
    figure = chart_figure(with_seeds(comparison(2)), LIGHT)
    assert misplaced(figure) == []
    panel = figure.axes[drawn_metrics().index("bleu")]
    (dots,) = (part for part in panel.collections if isinstance(part, PathCollection))
    assert dots.get_offsets()[:, 0].tolist() == list(SEED_VALUES.values())
    assert {round(row) for row in dots.get_offsets()[:, 1]} == {1}
    assert any(text.endswith("Dots: single seeds.") for text in _texts(figure))
    plain = chart_figure(comparison(2), LIGHT)
    assert not plain.findobj(PathCollection)
    assert not any("Dots" in text for text in _texts(plain))


def test_no_method_at_all_still_shows_before() -> None:
    figure = chart_figure(comparison(0), LIGHT)
    assert misplaced(figure) == []
    assert len(figure.axes[0].patches) == 1


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_same_comparison_gives_the_same_bytes(theme: Any) -> None:
    first = draw_chart(comparison(2), theme)
    assert first == draw_chart(comparison(2), theme)
    assert first.startswith(b"\x89PNG")


def test_chinese_names_are_drawn_without_missing_glyphs() -> None:
    if font_families("低秩适配") is None:
        pytest.skip("no font with Chinese on this machine")
    made = _renamed(comparison(2), {"lora": "低秩适配"}, "代码指令测试集")
    figure = chart_figure(made, LIGHT)
    texts = _texts(figure)
    assert texts.count("低秩适配") == 2
    assert any("代码指令测试集" in text for text in texts)
    assert misplaced(figure) == []


@pytest.mark.parametrize("name", ["$x^2$", "\\frac{", "a\nb", "\ud800", "\u202egnihton", "_{x}", ""])
def test_odd_names_are_text_and_nothing_else(name: str) -> None:
    figure = chart_figure(_renamed(comparison(1), {"lora": name}, name), LIGHT)
    assert misplaced(figure) == []
    assert not any(character in text for text in _texts(figure) for character in "\u202e\ud800\n")
