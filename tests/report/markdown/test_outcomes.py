"""The tables of outcomes: counted in all runs, most frequent first, in words."""

from __future__ import annotations

import dataclasses

from src.report.markdown.outcomes import errors_section, format_section
from src.schema import Comparison
from tests.evaluation.comparisons import comparison


def _with_outcomes(before: dict[str, dict[str, int]], after: dict[str, dict[str, int]]) -> Comparison:
    made = comparison(1)
    (method,) = made.comparisons.values()
    method = dataclasses.replace(method, after=dataclasses.replace(method.after, outcomes=after))
    before_run = dataclasses.replace(made.before, outcomes=before)
    return dataclasses.replace(made, before=before_run, comparisons={"lora": method})


def test_errors_are_counted_in_every_run_most_frequent_first() -> None:
    text = errors_section(comparison(2))
    assert text.startswith(
        "<details>\n<summary><b>What went wrong</b></summary>\n\n| Answers | Before | LoRA | QLoRA |"
    )
    assert "| wrong output | 15 | 12 | 12 |\n| syntax error | 7 | 2 | 2 |\n| name error | 4 | 4 | 4 |" in text
    assert "| in a code fence | 40 | 3 | 3 |" in text


def test_an_outcome_of_one_run_alone_is_zero_in_the_others() -> None:
    text = errors_section(_with_outcomes({"error": {"syntax": 2, "memory": 0}}, {"error": {"an_odd_one": 3}}))
    assert "| an odd one | 0 | 3 |\n| syntax error | 2 | 0 |" in text
    assert "out of memory" not in text  # counted nowhere
    assert "All outcomes" not in text


def test_without_errors_there_is_no_section() -> None:
    assert errors_section(_with_outcomes({}, {"error": {"syntax": 0}})) == ""


def test_the_change_in_form_stands_beside_that_in_content() -> None:
    text = format_section(comparison(1))
    assert "<b>Formatting or better code</b></summary>\n\n| Method | Answers as they came |" in text
    assert "formatting, not better code" in text
    assert "| LoRA | +9.4 | +7.1 | +2.3 |" in text


def test_a_method_without_the_split_is_left_out() -> None:
    made = comparison(2)
    first, second = made.comparisons.values()
    bare = {"lora": dataclasses.replace(first, format_share={}), "qlora": second}
    assert "| LoRA |" not in format_section(dataclasses.replace(made, comparisons=bare))
    none = {name: dataclasses.replace(method, format_share={}) for name, method in made.comparisons.items()}
    assert format_section(dataclasses.replace(made, comparisons=none)) == ""
