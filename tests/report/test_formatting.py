"""The names and figures of the reports, from made-up numbers."""

from __future__ import annotations

import dataclasses

import pytest

from src.report.formatting import (
    before_label,
    data_label,
    interval,
    language_label,
    metric_names,
    model_label,
    named_runs,
    number,
    p_text,
    points,
    score_text,
    shown_metrics,
    signed,
    trainings,
)
from src.report.markdown.metrics import metric_details_section
from src.schema import Score
from tests.evaluation.comparisons import comparison, with_trainings


@pytest.mark.parametrize(
    ("p_value", "expected"),
    [
        (0.0, "< 0.001"),
        (0.0009999, "< 0.001"),
        (0.001, "= 0.001"),
        (0.0123, "= 0.012"),
        (0.0504, "= 0.0504"),  # not "0.050", which a reader takes for significant
        (0.0496, "= 0.0496"),
        (0.0999, "= 0.100"),
        (0.48, "= 0.48"),
        (1.0, "= 1.00"),
    ],
)
def test_p_is_never_0_and_its_border_is_clear(p_value: float, expected: str) -> None:
    assert p_text(p_value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(7.14, "+7.1"), (-0.44, "−0.4"), (0.04, "0.0"), (-0.04, "0.0"), (0.0, "0.0")]
)
def test_a_difference_carries_its_sign_unless_it_is_nothing(value: float, expected: str) -> None:
    assert signed(value) == expected


def test_figures_that_are_missing_say_so() -> None:
    assert number(None) == interval(None) == score_text(None) == "n/a"
    assert score_text(Score(None, None, 0, 0.0, "s")) == "n/a"
    assert score_text(Score(31.25, (26.0, 35.0), 50, 1.0, "s")) == "31.2 [26.0 to 35.0]"


@pytest.mark.parametrize(
    ("metric", "text", "expected"),
    [
        ("bleu", "7.0", "7.0"),
        ("execution_success", "+12.0", "+12 points"),
        ("execution_success", "−1.0", "−1 point"),
        ("functional_accuracy", "1.5", "1.5 points"),
        ("pass@10", "3.0", "3 points"),
    ],
)
def test_shares_are_counted_in_points(metric: str, text: str, expected: str) -> None:
    assert points(metric, text) == expected


def test_a_language_is_shown_by_its_label_and_one_that_is_not_known_as_it_is() -> None:
    assert [language_label(name) for name in ("cpp", "cobol")] == ["C++", "cobol"]
    assert {language_label(name) for name in ("", "other")} == {"other or not known"}


def test_a_metric_that_another_one_repeats_is_shown_where_the_two_differ():
    same, other = Score(50.0, None, 4, 1.0, "s"), Score(75.0, None, 3, 0.75, "s")
    run = comparison(0).before
    for score, shown in ((same, False), (other, True)):
        metrics = {"execution_success": same, "execution_success_runnable": score, "pass@10": same}
        found = dataclasses.replace(run, metrics=metrics)
        assert ("execution_success_runnable" in shown_metrics(found)) is shown
        assert {"execution_success", "pass@10"} <= set(shown_metrics(found))
        made = dataclasses.replace(comparison(0), before=found)
        assert ("execution_success_runnable" in metric_names(made)) is shown
        assert ("Execution success counted otherwise" in metric_details_section(made)) is shown


def test_models_and_data_have_the_names_that_people_use():
    assert (
        model_label("smollm2-135m")
        == model_label("HuggingFaceTB/SmolLM2-135M-Instruct")
        == "SmolLM2-135M-Instruct"
    )
    assert (
        model_label("/models/CodeLlama-7b-hf/") == model_label("C:\\m\\CodeLlama-7b-hf") == "CodeLlama-7b-hf"
    )
    names = {
        "sahil2801/CodeAlpaca-20k": "Code Alpaca",
        "https://example.org/data/code_alpaca_20k.json": "Code Alpaca",
        "embedded starter set": "the starter set",
        "humaneval": "HumanEval",
        "mbppplus": "MBPP+",
        "mine/rows.jsonl": "rows.jsonl",
    }
    assert {origin: data_label(origin) for origin in names} == names


def test_the_model_before_is_named_as_given_or_by_its_method_where_that_tells_it_apart():
    trained = with_trainings(comparison(2))
    lora, qlora = (method.after for method in trained.comparisons.values())
    assert before_label(trained) == "Before"
    assert before_label(dataclasses.replace(trained, before_name="LoRA, r 8")) == "LoRA, r 8"
    against = dataclasses.replace(trained, before=lora)
    assert before_label(against) == "Before"  # LoRA is compared with LoRA too
    one = dataclasses.replace(against, comparisons={"qlora": trained.comparisons["qlora"]})
    assert before_label(one) == "LoRA"
    assert list(trainings(one)) == ["LoRA", "QLoRA"]
    assert trainings(one)["QLoRA"] == qlora.trainings


def test_every_run_has_its_name() -> None:
    made = comparison(2)
    assert [name for name, _ in named_runs(made)] == ["Before", "LoRA", "QLoRA"]
    assert named_runs(made)[0][1] is made.before
