"""The samples that changed most: a verdict counts before any score, and long texts are cut with a note."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from src.report.markdown.samples import (
    MAX_LINES,
    PASSED,
    examples_section,
    most_changed,
    render_sample,
    telling,
)
from src.schema import ComparedExample
from tests.evaluation.comparisons import comparison


def _sample(**changes: Any) -> ComparedExample:
    (method,) = comparison(1, 1).comparisons.values()
    return dataclasses.replace(method.examples[0], **changes)


def _changed(gain: float, before: str = "failed", after: str = "failed") -> ComparedExample:
    return _sample(
        id=f"{gain:g} {before} {after}",
        before_scores={"functional": before, "execution": "passed", "bleu": 50.0, "codebleu": None},
        after_scores={"functional": after, "execution": "passed", "bleu": 50.0 + gain, "codebleu": 3.0},
    )


def _render(example: ComparedExample) -> str:
    return render_sample(example, "Before", "LoRA")


def test_a_verdict_weighs_more_than_any_gain_in_bleu() -> None:
    fixed, broken = _changed(-40, "failed", "passed"), _changed(40, "passed", "failed")
    up, more, down, same = _changed(10), _changed(20), _changed(-30), _changed(0)
    assert most_changed([up, same, broken, down, fixed, more], 9) == ([fixed, more, up], [broken, down])
    assert most_changed([up, same, broken, down, fixed, more], 1) == ([fixed], [broken])


def test_a_sample_shows_task_answers_diff_and_reference() -> None:
    text = _render(_sample())
    assert "tests failed \u2192 passed" in text
    assert "BLEU +48.5" in text  # 22.5 to 71.0
    assert "-        biggest = number\n-    return biggest\n" in text
    assert "+    return max(numbers)\n" in text
    assert text.index("Task (sample") < text.index("<th>Before</th><th>LoRA</th>") < text.index("Reference:")
    assert text.index("fault: name") < text.index("Difference, before to after:")


def test_a_sample_without_verdicts_says_so() -> None:
    text = _render(_sample(before_scores={}, after_scores={}, input=""))
    assert "tests no verdict \u2192 no verdict" in text
    assert "tests n/a, execution n/a, CodeBLEU n/a, BLEU n/a" in text
    assert "Input:" not in text


def test_a_difference_far_down_a_long_answer_is_not_called_none() -> None:
    long = "x = 1\n" * 5_000
    assert "(no difference in the first 1000 lines)" in _render(_sample(before=long, after=long + "y = 2"))
    assert "(no difference)" in _render(_sample(before=long, after=long))


def test_line_ends_alone_are_no_difference() -> None:
    assert "(no difference)" in _render(_sample(before="a\r\nb", after="a\nb"))


def test_long_texts_are_cut_and_say_how_much_is_left() -> None:
    lines = "\n".join("ab" for _ in range(MAX_LINES + 10))  # 10 lines of 3 characters more than are shown
    text = _render(_sample(reference=lines))
    assert text.count("\nab\nab") > 20
    assert "\u2026 30 more characters: see comparison.html" in text
    assert "more characters" not in _render(_sample(reference="\n".join(["ab"] * MAX_LINES)))


def _told(fault: str, before: str, after: str, text: str = "x = 1", **more: Any) -> ComparedExample:
    """A sample whose wrong answer has that fault."""
    wrong, right = (
        {"functional": "failed", "execution": "passed", "error": fault},
        {"functional": PASSED, "error": ""},
    )
    scores = {"wrong": wrong, "right": right}
    return _sample(
        id=f"{fault} {before} {after}",
        before=text,
        after=text,
        before_scores=scores[before],
        after_scores=scores[after],
        **more,
    )


FIXED_ONE = _told("assertion", "wrong", "right", "x = 1\n" * 3)
SHORTER = _told("wrong_output", "wrong", "right")
BY_ERROR = _told("name", "wrong", "right", "")
BROKEN_ONE = _told("assertion", "right", "wrong")
NO_CODE = _told("no_code", "wrong", "right")
TOO_WIDE = _told("assertion", "wrong", "right", "x" * 80)
UNCHANGED = _told("assertion", "wrong", "wrong")
NO_TEXT = _told("assertion", "wrong", "right", instruction="")


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        ([FIXED_ONE, BY_ERROR, SHORTER, NO_CODE], [SHORTER, FIXED_ONE, NO_CODE]),  # two of logic, one of form
        ([FIXED_ONE, SHORTER, BROKEN_ONE], [SHORTER, BROKEN_ONE]),  # a gain and a loss where there are both
        ([BY_ERROR, FIXED_ONE], [FIXED_ONE, BY_ERROR]),  # a value that differs tells more than an error
        ([BROKEN_ONE], [BROKEN_ONE]),
        ([TOO_WIDE, UNCHANGED, NO_TEXT], []),
    ],
)
def test_the_open_examples_are_chosen_to_tell(
    examples: list[ComparedExample], expected: list[ComparedExample]
) -> None:
    assert [example for _, example in telling(examples)] == expected


def test_an_open_example_names_what_changed_the_failing_test_and_whose_text_it_is() -> None:
    made = comparison(1)
    scores = FIXED_ONE.before_scores | {"message": "assert largest([3, 9]) == 9"}
    example = dataclasses.replace(FIXED_ONE, before_scores=scores)
    method = dataclasses.replace(made.comparisons["lora"], examples=[example, NO_CODE])
    test_set = {"origin": "org/data", "licence": "CC BY-NC 4.0"}
    made = dataclasses.replace(made, comparisons={"lora": method}, test_set=test_set)
    text = examples_section(made)
    assert "### Logic: wrong before, right with LoRA\n" in text
    assert "### Formatting, not better code: no code before, passes with LoRA\n" in text
    assert (
        "tests failed, execution passed, CodeBLEU n/a, BLEU n/a, fault: assertion, `assert largest([3, 9]) == 9`"
        in text
    )
    assert "Tasks and references: `org/data`, `CC BY-NC 4.0`." in text
    named = examples_section(dataclasses.replace(made, before_name="full"))
    assert "### Logic: wrong with full, right with LoRA\n" in named
    assert examples_section(comparison(1, 0)) == ""


def test_a_long_task_is_wrapped_and_short_lines_stay() -> None:
    text = _render(_sample(instruction="word " * 50 + "\nshort line"))
    lines = text[text.index("```text") :].splitlines()[1:]
    assert max(map(len, lines[: lines.index("```")])) <= 100
    assert "short line" in lines
