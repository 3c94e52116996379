"""The tables of metrics and of languages, from made-up numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

from src.report.markdown.metrics import (
    difference_text,
    languages_section,
    metric_details_section,
    metrics_section,
    value_text,
)
from src.schema import Comparison, Difference, Score
from tests.evaluation.comparisons import FIGURES, comparison


def _open(made: Comparison) -> str:
    return metrics_section(made).replace("\u00a0", " ")


def _metrics(made: Comparison) -> str:
    return metric_details_section(made).replace("\u00a0", " ")


def _codebleu(made: Comparison, score: Score, **difference: Any) -> Comparison:
    """The first method with another CodeBLEU."""
    (method,) = made.comparisons.values()
    after = dataclasses.replace(method.after, metrics=method.after.metrics | {"codebleu": score})
    found = dataclasses.replace(method.difference["codebleu"], **difference)
    method = dataclasses.replace(method, after=after, difference=method.difference | {"codebleu": found})
    return dataclasses.replace(made, comparisons={"lora": method})


def test_one_table_has_every_metric_what_programs_do_first() -> None:
    text = _open(comparison(2))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [row.split("<br>")[0].removeprefix("| ") for row in rows[2:]] == [
        "Functional accuracy, %", "Execution success, %", "CodeBLEU", "BLEU", "BLEU over code", "chrF",
    ]  # fmt: skip
    assert rows[0] == "| Metric | Before | LoRA | QLoRA |"
    assert (
        "| BLEU<br>n = 50 | 31.2 | 38.3 (**+7.1** [4.0 to 10.3])<br>p < 0.001, significant | 40.0 (**+8.8** [5.7 to 12.0])"
    ) in text
    assert "78.0 (+16.0 [12.9 to 19.2])<br>p = 0.090, not significant" in text
    assert "does not show that there is no effect" in text
    assert "both" not in text


def test_a_difference_that_is_not_that_of_the_two_scores_says_where_it_stands() -> None:
    score = Score(40.0, (35.0, 45.0), 40, 0.8, "s")
    text = _open(_codebleu(comparison(1), score, n=38, values=(36.0, 40.7)))
    assert "40.0 (**+4.7** [1.6 to 7.9])<br>on both: 36.0 to 40.7, n = 38<br>p = 0.021" in text
    assert "| CodeBLEU<br>n = 40 to 44 |" in text
    assert text.count("on both:") == 1
    assert "*On both* stands where fewer samples can be judged with both models than with each." in text
    assert "<br>on both: n = 38<br>" in _open(_codebleu(comparison(1), score, n=38))  # of an older version


def test_of_more_methods_than_a_page_is_wide_for_each_has_a_row() -> None:
    made = comparison(3)
    rows = [line for line in _open(made).splitlines() if line.startswith("|")]
    assert rows[0].startswith(
        "| Method | Functional accuracy, %<br>n = 50 | Execution success, %<br>n = 34 | CodeBLEU<br>n = 44 |"
    )
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| Before", "| LoRA", "| QLoRA", "| DoRA"]
    assert (
        "| LoRA | 42.0 (+12.0)<br>8.9 to 15.2<br>p = 0.18, n.s. | 78.0 (+16.0)<br>12.9 to 19.2<br>p = 0.090, n.s. | "
        "41.1 (**+4.7**)<br>1.6 to 7.9<br>p = 0.021 |"
    ) in rows[3]
    assert "*n.s.*: not significant, which does not show that there is no effect." in _open(made)
    assert "both" not in _open(made)
    method = made.comparisons["qlora"]
    fewer = dataclasses.replace(method.difference["codebleu"], n=38, values=(36.0, 40.7))
    changed = dataclasses.replace(method, difference=method.difference | {"codebleu": fewer})
    text = _open(dataclasses.replace(made, comparisons=made.comparisons | {"qlora": changed}))
    assert "CodeBLEU<br>n = 44<br>on both: 38 |" in text
    assert "*On both*: n with both models, where it is smaller." in text


def test_what_another_metric_counts_otherwise_is_not_in_the_open_table() -> None:
    made = comparison(1)
    beside = Score(55.0, (50.0, 60.0), 40, 0.8, "s")
    metrics = made.before.metrics | {"execution_success_runnable": beside}
    made = dataclasses.replace(made, before=dataclasses.replace(made.before, metrics=metrics))
    assert "runnable" not in _open(made)
    assert "### Execution, runnable" in _metrics(made)


def test_each_metric_has_its_table_among_the_details() -> None:
    text = _metrics(comparison(2))
    for line in (
        "### BLEU\n\nn = 50 (100 % of samples).",
        "### CodeBLEU\n\nn = 44 (88 % of samples).",
        "| Before | 31.2 [26.8 to 35.6] |  |  |  |  |",
        "| LoRA | 38.3 [33.9 to 42.7] | **+7.1** [4.0 to 10.3] | < 0.001 | 3.1 | 25 / 15 / 10 |",
        "| LoRA | 78.0 [65.5 to 90.5] | +16.0 [12.9 to 19.2] | 0.090 | 16.0 | 17 / 11 / 6 |",
    ):
        assert line in text
    assert text.count("### ") == len(FIGURES)


def test_runs_with_different_samples_each_say_their_n() -> None:
    assert (
        "Before n = 44 (88 % of samples), LoRA n = 40 (80 % of samples). "
        "Differences are over the samples that count in both: LoRA n = 44."
    ) in _metrics(_codebleu(comparison(1), Score(40.0, (35.0, 45.0), 40, 0.8, "s")))


def test_a_metric_that_one_run_lacks_is_not_available() -> None:
    made = comparison(1)
    (method,) = made.comparisons.values()
    after = dataclasses.replace(method.after, metrics={"bleu": method.after.metrics["bleu"]})
    lacking = dataclasses.replace(method, after=after, difference={"bleu": method.difference["bleu"]})
    text = _metrics(dataclasses.replace(made, comparisons={"lora": lacking}))
    assert text.count("| LoRA | n/a | n/a | n/a | n/a | n/a |") == len(FIGURES) - 1


def test_every_signature_and_test_is_listed_once() -> None:
    text = metric_details_section(comparison(3))
    for metric in FIGURES:
        assert text.count(f"<code>{metric}|nrefs:1|seed:42; test: paired randomisation</code>") == 1


def test_each_language_shows_before_after_and_difference() -> None:
    text = languages_section(comparison(2)).replace("\u00a0", " ")
    assert " | 31.2 \u2192 38.3<br>+4.2, n = 30 |" in text
    assert text.count("| SQL |") == 2
    assert languages_section(comparison(0)) == ""


def test_a_difference_over_fewer_samples_than_the_values_says_of_how_many() -> None:
    made = comparison(1)
    (method,) = made.comparisons.values()

    def language(values: dict[str, tuple[float, int]]) -> dict[str, dict[str, Score]]:
        return {"c": {metric: Score(value, None, n, 1.0, "s") for metric, (value, n) in values.items()}}

    old = language({"bleu": (50.0, 2), "codebleu": (40.0, 2), "execution_success": (0.0, 3)})
    new = language({"bleu": (100.0, 2), "codebleu": (45.0, 2), "execution_success": (0.0, 1)})
    pair = Difference(0.0, (-100.0, 100.0), 1.0, 1.0, 0, 0, 1, 1, 100.0, "t")
    found = {"bleu": pair, "codebleu": dataclasses.replace(pair, delta=5.0, n=2)}
    method = dataclasses.replace(
        method, after=dataclasses.replace(method.after, by_language=new), by_language={"c": found}
    )
    before = dataclasses.replace(made.before, by_language=old)
    text = languages_section(dataclasses.replace(made, before=before, comparisons={"lora": method}))
    assert (
        "| C | 0.0 \u2192 0.0<br>n = 1/3 | 40.0 \u2192 45.0<br>+5.0, n = 2 | 50.0 \u2192 100.0<br>0.0, n = 1 of 2 |"
    ) in text.replace("\u00a0", " ")


def test_only_a_significant_difference_is_bold() -> None:
    made = Difference(7.1, (4.0, 10.3), 0.01, 0.049, 25, 10, 15, 50, 3.1, "t")
    assert difference_text(made) == "**+7.1** [4.0 to 10.3]"
    assert difference_text(dataclasses.replace(made, p_holm=0.05)) == "+7.1 [4.0 to 10.3]"


def test_a_value_that_is_missing_is_not_available() -> None:
    assert value_text(None) == value_text(Score(None, None, 0, 0.0, "s")) == "n/a"
    assert value_text(Score(1.25, None, 4, 1.0, "s")) == "1.2"  # half to even
