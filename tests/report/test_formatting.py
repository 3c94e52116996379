"""The sentences and figures of the reports, from made-up numbers."""

from __future__ import annotations

import dataclasses

import pytest

from src.report.formatting import (
    headline,
    interval,
    language_label,
    metric_names,
    number,
    p_text,
    points,
    score_text,
    shown_metrics,
    signed,
)
from src.report.markdown.metrics import metrics_section
from src.schema import Difference, MethodComparison, Score
from tests.evaluation.comparisons import comparison


def _difference(delta: float, p_holm: float, detectable: float = 3.0, n: int = 50) -> Difference:
    return Difference(
        delta, (delta - 3.1, delta + 3.2), p_holm / 2, p_holm, 20, 10, 20, n, detectable, "test"
    )


def _method(**differences: Difference) -> MethodComparison:
    (made,) = comparison(1, 0).comparisons.values()
    return dataclasses.replace(made, difference=differences)


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        (
            {"bleu": _difference(7.1, 0.0004), "functional_accuracy": _difference(12.0, 0.18, 14.0)},
            "LoRA gains 7.1 BLEU (95 % CI 4.0 to 10.3, Holm-corrected p < 0.001, n = 50); functional accuracy "
            "+12 points, not significant at this n (n = 50 can show 14 points or more).",
        ),
        (
            {"bleu": _difference(-7.1, 0.02), "functional_accuracy": _difference(-12.5, 0.01)},
            "LoRA loses 7.1 BLEU (95 % CI −10.2 to −3.9, Holm-corrected p = 0.020, n = 50); functional accuracy "
            "−12.5 points (95 % CI −15.6 to −9.3, Holm-corrected p = 0.010, n = 50).",
        ),
        (
            {"bleu": _difference(1.0, 0.4, 4.2), "execution_success": _difference(1.0, 0.9, 11.0)},
            "LoRA: BLEU +1.0 (95 % CI −2.1 to 4.2, Holm-corrected p = 0.40, n = 50), not significant at this n "
            "(n = 50 can show 4.2 or more); execution success +1 point, not significant at this n (n = 50 can "
            "show 11 points or more).",
        ),
        (
            {"functional_accuracy": _difference(12.0, 0.001)},
            "LoRA gains 12 points of functional accuracy (95 % CI 8.9 to 15.2, Holm-corrected p = 0.001, n = 50).",
        ),
        (
            {"bleu": _difference(40.0, 1.0, 100.0, n=1)},
            "LoRA: BLEU +40.0 (95 % CI 36.9 to 43.2, Holm-corrected p = 1.00, n = 1), not significant (n = 1 can "
            "show nothing).",
        ),
        ({}, "LoRA: no metric could be compared."),
    ],
)
def test_the_headline_follows_from_the_numbers(differences: dict[str, Difference], expected: str) -> None:
    assert headline("LoRA", _method(**differences)) == expected


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
        assert ("Execution success counted otherwise" in metrics_section(made)) is shown


def test_a_headline_repeats_the_caveat_of_its_method():
    method = _method(bleu=_difference(7.1, 0.0004))
    plain = headline("LoRA", method)
    assert headline("LoRA", dataclasses.replace(method, caveat="it ran elsewhere")) == (
        f"{plain} Caution: it ran elsewhere."
    )
