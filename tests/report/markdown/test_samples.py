"""The samples that changed most: a verdict counts before any score, and long texts are cut with a note."""

from __future__ import annotations

import dataclasses
from typing import Any

from src.report.markdown.samples import MAX_LINES, most_changed, render_sample
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
    assert "tests n/a, execution n/a, BLEU n/a, CodeBLEU n/a" in text
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
