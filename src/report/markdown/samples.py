"""Selects and renders the samples of comparison.md that changed most."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from src.plotting import shortened
from src.report.formatting import NOT_AVAILABLE, language_label, number, sample_metrics, signed
from src.report.safe_markdown import details, fenced, inline, inline_html, side_by_side
from src.schema import ComparedExample

MAX_LINES = 60  # of one block of code; the rest is in comparison.html
MAX_CHARACTERS = 4_000
MAX_DIFF_LINES = 1_000  # of either answer: difflib's time grows with the square
SUMMARY_COLUMNS = 90  # of the task, in the summary line
OUTCOMES = {"functional": "tests", "execution": "execution"}
PASSED = "passed"


def most_changed(
    examples: Sequence[ComparedExample], count: int
) -> tuple[list[ComparedExample], list[ComparedExample]]:
    """The `count` most improved and most worsened: by verdict, then run, then BLEU and CodeBLEU."""
    ranked = sorted(examples, key=_change, reverse=True)
    improved = [example for example in ranked if _change(example) > _NO_CHANGE][:count]
    worsened = [example for example in reversed(ranked) if _change(example) < _NO_CHANGE][:count]
    return improved, worsened


def render_sample(example: ComparedExample, before_label: str, after_label: str) -> str:
    """One collapsible sample: task, both answers in columns, their diff, the reference.

    The labels are HTML.
    """
    task = [f"Task (sample {inline(example.id)}):", fenced(_shortened(example.instruction))]
    if example.input:
        task += ["Input:", fenced(_shortened(example.input))]
    answers = side_by_side(
        [
            (label, f"{_outcomes(scores)}\n\n{fenced(_shortened(code), example.language)}")
            for label, code, scores in (
                (before_label, example.before, example.before_scores),
                (after_label, example.after, example.after_scores),
            )
        ]
    )
    parts = [
        *task,
        answers,
        "Difference, before to after:",
        fenced(_shortened(_diff(example)), "diff"),
        "Reference:",
        fenced(_shortened(example.reference), example.language),
    ]
    return details(_summary(example), "\n\n".join(parts))


def _change(example: ComparedExample) -> tuple[float, float, float]:
    before, after = example.before_scores, example.after_scores
    functional, execution = (
        float(after.get(key) == PASSED) - float(before.get(key) == PASSED) for key in OUTCOMES
    )
    return functional, execution, sum(_gain(example, key) or 0.0 for key in sample_metrics())


_NO_CHANGE = (0, 0, 0.0)


def _gain(example: ComparedExample, key: str) -> float | None:
    before, after = example.before_scores.get(key), example.after_scores.get(key)
    return None if before is None or after is None else after - before


def _summary(example: ComparedExample) -> str:
    """The line that shows while the sample is collapsed, as HTML: the task and what changed."""
    task = shortened(example.instruction, SUMMARY_COLUMNS)
    title = f"<b>{inline_html(task)}</b>" if task else inline_html(example.id)
    parts = [title, inline_html(language_label(example.language))]
    for key, label in OUTCOMES.items():
        values = [scores.get(key) or "no verdict" for scores in (example.before_scores, example.after_scores)]
        parts.append(f"{label} " + " \u2192 ".join(inline_html(str(value)) for value in values))
    parts += [
        f"{label} {signed(gain)}"
        for key, label in sample_metrics().items()
        if (gain := _gain(example, key)) is not None
    ]
    return " \u00b7 ".join(parts)


def _outcomes(scores: dict[str, object]) -> str:
    found = [f"{label} {_outcome(scores.get(key))}" for key, label in (OUTCOMES | sample_metrics()).items()]
    if scores.get("error"):
        found.append(f"fault: {inline(str(scores['error']).replace('_', ' '))}")
    return ", ".join(found)


def _outcome(value: object) -> str:
    if isinstance(value, (int, float)):
        return number(value)
    return inline(str(value)) if value else NOT_AVAILABLE


def _diff(example: ComparedExample) -> str:
    before, after = (text.replace("\r\n", "\n").split("\n") for text in (example.before, example.after))
    if before == after:
        return "(no difference)"
    lines = difflib.unified_diff(
        before[:MAX_DIFF_LINES], after[:MAX_DIFF_LINES], "before", "after", lineterm=""
    )
    return "\n".join(lines) or f"(no difference in the first {MAX_DIFF_LINES} lines)"


def _shortened(text: str) -> str:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    kept = "\n".join(lines[:MAX_LINES])
    if len(lines) <= MAX_LINES and len(kept) <= MAX_CHARACTERS:
        return kept
    hidden = len(text) - min(len(kept), MAX_CHARACTERS)
    return f"{kept[:MAX_CHARACTERS]}\n\u2026 {hidden} more characters: see comparison.html"
