"""Renders comparison.md, readable on GitHub as it is."""

from __future__ import annotations

from src.report.formatting import drawn_metrics, headline, method_label, metric_label, one_training
from src.report.markdown.metrics import languages_section, metrics_section, value_text
from src.report.markdown.novelty import novelty_section
from src.report.markdown.outcomes import errors_section, format_section
from src.report.markdown.provenance import (
    named_runs,
    provenance_section,
    reproduction_section,
    sandbox_warning,
)
from src.report.markdown.samples import most_changed, render_sample
from src.report.markdown.seeds import seeds_section
from src.report.safe_markdown import attribute, inline, inline_html
from src.schema import Comparison, MethodComparison

NOVELTY_PICTURES = ("novelty.png", "novelty_dark.png")  # beside the document


def render_markdown(comparison: Comparison, chart: str, dark_chart: str, examples: int) -> str:
    """The whole document; `chart` and `dark_chart` are file names beside it.

    `examples` is how many of the most improved and of the most worsened samples to show; 0 shows none.
    """
    sections = [
        "# Before and after fine-tuning",
        _headlines(comparison),
        sandbox_warning(comparison),
        _picture(comparison, chart, dark_chart),
        metrics_section(comparison),
        novelty_section(comparison, NOVELTY_PICTURES[0], NOVELTY_PICTURES[1]),
        seeds_section(comparison),
        languages_section(comparison),
        errors_section(comparison),
        format_section(comparison),
        *(
            _samples_section(name, method, examples)
            for name, method in comparison.comparisons.items()
            if examples
        ),
        reproduction_section(comparison),
        provenance_section(comparison),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _headlines(comparison: Comparison) -> str:
    sentences = [
        headline(inline(method_label(name)), method) for name, method in comparison.comparisons.items()
    ]
    if not sentences:
        return "No method has been compared yet."
    lines = f"**{sentences[0]}**" if len(sentences) == 1 else "\n".join(f"- **{line}**" for line in sentences)
    return "\n\n".join(part for part in (lines, one_training(comparison, inline)) if part)


def _picture(comparison: Comparison, chart: str, dark_chart: str) -> str:
    figures = "; ".join(
        f"{name}: "
        + ", ".join(f"{metric_label(m)} {value_text(run.metrics.get(m))}" for m in drawn_metrics())
        for name, run in named_runs(comparison)
    )
    return (
        "<picture>\n"
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark_chart}">\n'
        f'<img src="{chart}" width="830" alt="Bar chart with 95 % intervals. {attribute(figures)}">\n'
        "</picture>"
    )


def _samples_section(name: str, method: MethodComparison, examples: int) -> str:
    if not method.examples:
        return ""
    label = method_label(name)
    parts = [f"## Samples: {inline(label)}"]
    if method.after.seeds:
        parts.append(
            f"Answers of seed {inline(next(iter(method.after.seeds)))}; the other seeds answered in other ways."
        )
    improved, worsened = most_changed(method.examples, examples)
    for title, selected in (("Most improved", improved), ("Most worsened", worsened)):
        shown = [render_sample(example, "Before", inline_html(label)) for example in selected]
        parts += [f"### {title}", *(shown or ["None."])]
    return "\n\n".join(parts)
