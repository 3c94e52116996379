"""Selects and renders the samples of comparison.md that changed most."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence

from src.plotting import shortened
from src.report.formatting import (
    BEFORE,
    NOT_AVAILABLE,
    before_label,
    language_label,
    method_label,
    number,
    sample_metrics,
    signed,
)
from src.report.safe_markdown import details, fenced, inline, inline_html, side_by_side
from src.schema import ComparedExample, Comparison

MAX_LINES = 60  # of one block of code; the rest is in comparison.html
MAX_CHARACTERS = 4_000
MAX_DIFF_LINES = 1_000  # of either answer: difflib's time grows with the square
SUMMARY_COLUMNS = 90  # of the task, in the summary line
OUTCOMES = {"functional": "tests", "execution": "execution"}
PASSED = "passed"
EXAMPLE_LINES, EXAMPLE_COLUMNS = 14, 56  # of an answer that is shown open: two fit beside each other
LOGIC_EXAMPLES = 2
PROSE_COLUMNS = 100
FIXED, BROKEN, FORM = "fixed", "broken", "form"
TITLES = {
    FIXED: "Logic: wrong {0}, right with {1}",
    BROKEN: "Logic: right {0}, wrong with {1}",
    FORM: "Formatting, not better code: {2} {0}, {3} with {1}",
}
LOGIC_FAULTS = {"assertion", "wrong_output"}  # the program ran and did something else
FORM_FAULTS = {"no_code": "no code", "syntax": "a syntax error"}
EXAMPLES_NOTE = "Chosen to illustrate, not at random: [comparison.html](comparison.html) has every sample."


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
    parts = [
        *_answers(example, before_label, after_label),
        "Difference, before to after:",
        fenced(_shortened(_diff(example)), "diff"),
        "Reference:",
        fenced(_shortened(example.reference), example.language),
    ]
    return details(_summary(example), "\n\n".join(parts))


def examples_section(comparison: Comparison) -> str:
    """Up to three samples of the first method with texts, open: two of logic and one of form; "" without any."""
    before = before_label(comparison)
    first = "before" if before == BEFORE else f"with {inline(before)}"
    for name, method in comparison.comparisons.items():
        found = telling(method.examples)
        if found:
            label = method_label(name)
            parts = ["## Examples", EXAMPLES_NOTE, *_licence(comparison)]
            for kind, example in found:
                reference = details("Reference", fenced(_shortened(example.reference), example.language))
                shown = _answers(example, inline_html(before), inline_html(label))
                fault = FORM_FAULTS.get(example.before_scores.get("error", ""), "")
                end = "passes" if example.after_scores.get("functional") == PASSED else "runs"
                heading = TITLES[kind].format(first, inline(label), fault, end)
                parts += [f"### {heading}", *shown, reference]
            return "\n\n".join(parts)
    return ""


def telling(examples: Sequence[ComparedExample]) -> list[tuple[str, ComparedExample]]:
    """Samples that show what changed, with a key of TITLES: one whose logic was fixed and one where it was broken (else
    two of either), and one whose fault was its form. Clear and short ones come first."""
    kinds = [(kind, example) for example in filter(_is_readable, examples) if (kind := _kind(example))]
    kinds.sort(key=_clarity)
    fixed, broken, form = ([item for item in kinds if item[0] == kind] for kind in (FIXED, BROKEN, FORM))
    two = [fixed[0], broken[0]] if fixed and broken else [*fixed, *broken][:LOGIC_EXAMPLES]
    return [*two, *form[:1]]


def _is_readable(example: ComparedExample) -> bool:
    """Whether its texts are there and both answers fit beside each other."""
    lines = [line for text in (example.before, example.after) for line in text.splitlines()]
    return (
        bool(example.instruction)
        and len(lines) <= 2 * EXAMPLE_LINES
        and max(map(len, lines), default=0) <= EXAMPLE_COLUMNS
    )


def _kind(example: ComparedExample) -> str:
    """A key of TITLES by what was at fault in one of the answers where the other is right; "" for none."""
    before, after = example.before_scores, example.after_scores
    if before.get("error") in FORM_FAULTS and (after.get("functional") or after.get("execution")) == PASSED:
        return FORM
    for kind, right, wrong in ((FIXED, after, before), (BROKEN, before, after)):
        fault = wrong.get("error")
        if right.get("functional") == PASSED and fault and fault not in FORM_FAULTS:
            return kind
    return ""


def _clarity(item: tuple[str, ComparedExample]) -> tuple[bool, int]:
    """Sorts first what its tests decide by values, not by an error, and what is short."""
    kind, example = item
    wrong = example.after_scores if kind == BROKEN else example.before_scores
    unclear = (
        example.after_scores.get("functional") != PASSED
        if kind == FORM
        else wrong.get("error") not in LOGIC_FAULTS
    )
    return unclear, sum(map(len, (example.instruction, example.input, example.before, example.after)))


def _licence(comparison: Comparison) -> list[str]:
    """Whose texts these are."""
    origin, licence = (str(comparison.test_set.get(key) or "") for key in ("origin", "licence"))
    return [f"Tasks and references: {inline(origin)}, {inline(licence)}."] if origin and licence else []


def _answers(example: ComparedExample, before_label: str, after_label: str) -> list[str]:
    """The task, and the answers in columns, each with what became of it."""
    task = [f"Task (sample {inline(example.id)}):", fenced(_shortened(_wrapped(example.instruction)))]
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
    return [*task, answers]


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
    if scores.get("message"):
        found.append(inline(str(scores["message"])))
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


def _wrapped(text: str) -> str:
    """Prose in lines that a page shows without scrolling; lines that fit stay as they are."""
    wrapper = textwrap.TextWrapper(
        PROSE_COLUMNS, expand_tabs=False, replace_whitespace=False, break_long_words=False
    )
    return "\n".join(wrapper.fill(line) if len(line) > PROSE_COLUMNS else line for line in text.splitlines())


def _shortened(text: str) -> str:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    kept = "\n".join(lines[:MAX_LINES])
    if len(lines) <= MAX_LINES and len(kept) <= MAX_CHARACTERS:
        return kept
    hidden = len(text) - min(len(kept), MAX_CHARACTERS)
    return f"{kept[:MAX_CHARACTERS]}\n\u2026 {hidden} more characters: see comparison.html"
