"""Renders comparison.md, readable on GitHub as it is: the answer first, then what is needed to judge it, the rest folded."""

from __future__ import annotations

from src.report.formatting import (
    FEW_METHODS,
    before_label,
    drawn_metrics,
    method_label,
    metric_label,
    named_runs,
    trainings,
)
from src.report.markdown.metrics import languages_section, metric_details_section, metrics_section, value_text
from src.report.markdown.novelty import novelty_section
from src.report.markdown.outcomes import errors_section, format_section
from src.report.markdown.provenance import provenance_section, reproduction_section, sandbox_warning
from src.report.markdown.samples import examples_section, most_changed, render_sample
from src.report.markdown.seeds import seeds_section
from src.report.markdown.training import training_section
from src.report.safe_markdown import folded, inline, inline_html, picture
from src.report.verdict import data_and_test_set, headline, one_training, title
from src.schema import Comparison, MethodComparison

CHART_PICTURES = ("comparison.png", "comparison_dark.png")  # beside the document
CURVE_PICTURES = ("training_curve.png", "training_curve_dark.png")
CURVE_ALT = "Training and validation loss over the steps of each training"
WORDS = (
    "*Run*: the program ends without an error in the sandbox. *Pass*: it passes its tests or, where there are none, does what "
    "the reference does."
)
MADE_BY = "Written by `compare_results.py`."
GUIDE = "docs/reports.md"


def render_markdown(comparison: Comparison, examples: int, guide: str = "") -> str:
    """The whole document.

    `examples` is how many of the most improved and of the most worsened samples to show folded; 0 shows no texts.
    `guide` is the way to GUIDE from the document's folder, where there is one.
    """
    read = f"[{GUIDE}]({guide})" if guide else f"`{GUIDE}`"
    sections = [
        f"# {title(comparison, inline)}",
        _headlines(comparison),
        sandbox_warning(comparison),
        training_section(comparison),
        f"## Scores\n\n{_sentence(data_and_test_set(comparison, inline))} {WORDS} More in {read}.",
        picture(*CHART_PICTURES, f"Bar chart with 95 % intervals. {_figures(comparison)}"),
        metrics_section(comparison),
        _curve(comparison),
        examples_section(comparison) if examples else "",
        "## Details",
        metric_details_section(comparison),
        novelty_section(comparison),
        seeds_section(comparison),
        languages_section(comparison),
        errors_section(comparison),
        format_section(comparison),
        *(
            _samples_section(comparison, name, method, examples)
            for name, method in comparison.comparisons.items()
            if examples
        ),
        reproduction_section(comparison),
        provenance_section(comparison),
        f"{MADE_BY} [comparison.html](comparison.html) shows every sample: download it, since GitHub shows only its source, "
        f"and open it in a browser; {read} says how to publish it.",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _headlines(comparison: Comparison) -> str:
    brief = len(comparison.comparisons) > FEW_METHODS
    sentences = [headline(comparison, name, inline, brief) for name in comparison.comparisons]
    if not sentences:
        return "No method has been compared yet."
    lines = f"**{sentences[0]}**" if len(sentences) == 1 else "\n".join(f"- **{line}**" for line in sentences)
    return "\n\n".join(part for part in (lines, one_training(comparison, inline)) if part)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _figures(comparison: Comparison) -> str:
    return "; ".join(
        f"{name}: "
        + ", ".join(f"{metric_label(m)} {value_text(run.metrics.get(m))}" for m in drawn_metrics())
        for name, run in named_runs(comparison)
    )


def _curve(comparison: Comparison) -> str:
    return picture(*CURVE_PICTURES, CURVE_ALT) if trainings(comparison) else ""


def _samples_section(comparison: Comparison, name: str, method: MethodComparison, examples: int) -> str:
    if not method.examples:
        return ""
    label, before = method_label(name), before_label(comparison)
    parts = []
    if method.after.seeds:
        parts.append(
            f"Answers of seed {inline(next(iter(method.after.seeds)))}; the other seeds answered in other ways."
        )
    improved, worsened = most_changed(method.examples, examples)
    for heading, selected in (("Most improved", improved), ("Most worsened", worsened)):
        shown = [render_sample(example, inline_html(before), inline_html(label)) for example in selected]
        parts += [f"### {heading}", *(shown or ["None."])]
    return folded(f"Samples that changed most: {inline_html(label)}", *parts)
