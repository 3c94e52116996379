"""Renders comparison.md, which reads on GitHub without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from src.evaluation.markdown import attribute, details, fenced, inline, inline_html, table, value_table
from src.evaluation.report_chart import CHART_METRICS
from src.evaluation.report_format import (
    NOT_AVAILABLE,
    headline,
    interval,
    method_label,
    metric_label,
    metric_names,
    number,
    p_text,
    percent,
    score_text,
    signed,
    significant,
)
from src.evaluation.report_samples import most_changed, render_sample
from src.schema import Comparison, Difference, MethodComparison, Run, Score

ERROR_LABELS = {
    "import": "import error",
    "index": "index or key error",
    "name": "name error",
    "no_code": "no code in the answer",
    "none": "no error",
    "": "no error",
    "syntax": "syntax error",
    "type": "type error",
    "wrong_output": "wrong output",
}
FORMAT_LABELS = {
    "raw": "Gain of the raw answers",
    "extracted": "Gain of the extracted code",
    "difference": "Due to format alone",
    "format": "Due to format alone",
}


def render_markdown(comparison: Comparison, chart: str, dark_chart: str, examples: int) -> str:
    """The whole document; `chart` and `dark_chart` are file names beside it.

    `examples` is how many of the most improved and of the most worsened samples to show; 0 shows none.
    """
    sections = [
        "# Before and after fine-tuning",
        _headlines(comparison),
        _picture(comparison, chart, dark_chart),
        _metrics_section(comparison),
        _languages_section(comparison),
        _errors_section(comparison),
        _format_section(comparison),
        *(
            _samples_section(name, method, examples)
            for name, method in comparison.comparisons.items()
            if examples
        ),
        _reproduction_section(comparison),
        _provenance_section(comparison),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _label(method: str) -> str:
    return inline(method_label(method))


def _headlines(comparison: Comparison) -> str:
    sentences = [headline(_label(name), method) for name, method in comparison.comparisons.items()]
    if not sentences:
        return "No method has been compared yet."
    return f"**{sentences[0]}**" if len(sentences) == 1 else "\n".join(f"- **{line}**" for line in sentences)


def _picture(comparison: Comparison, chart: str, dark_chart: str) -> str:
    runs = [("before", comparison.before)]
    runs += [(method_label(name), method.after) for name, method in comparison.comparisons.items()]
    figures = "; ".join(
        f"{name}: " + ", ".join(f"{metric_label(m)} {_value(run.metrics.get(m))}" for m in CHART_METRICS)
        for name, run in runs
    )
    description = attribute(figures)
    return (
        "<picture>\n"
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark_chart}">\n'
        f'<img src="{chart}" width="830" alt="Bar chart with 95 % intervals. {description}">\n'
        "</picture>"
    )


def _metrics_section(comparison: Comparison) -> str:
    rows = []
    for metric in metric_names(comparison):
        for place, (name, method) in enumerate(comparison.comparisons.items()):
            first = inline(metric_label(metric)) if place == 0 else ""
            rows.append([first, _label(name), *_metric_cells(comparison.before, method, metric)])
    header = [
        "Metric",
        "Method",
        "Before",
        "After",
        "Difference [95 % CI]",
        "p (Holm)",
        "Better / same / worse",
    ]
    notes = (
        "All values are 0 to 100. Brackets hold 95 % confidence intervals; p is corrected by Holm's method "
        "over all metrics and methods of this report, and a difference in bold has p < 0.05. Coverage is the "
        "share of samples that count in a metric: the others could not be judged by it."
    )
    signatures = value_table(
        (metric_label(name), _signature(comparison, name)) for name in metric_names(comparison)
    )
    return "\n\n".join(
        [
            "## Metrics",
            table([*header, "n", "Coverage"], rows, left=2),
            notes,
            details("Signatures and tests: how each number was computed", signatures),
        ]
    )


def _metric_cells(before: Run, method: MethodComparison, metric: str) -> list[str]:
    start, end = before.metrics.get(metric), method.after.metrics.get(metric)
    cells = [score_text(start), score_text(end)]
    difference = method.difference.get(metric)
    if difference is None:
        cells += [NOT_AVAILABLE] * 3
    else:
        record = f"{difference.wins} / {difference.ties} / {difference.losses}"
        cells += [_difference_text(difference), p_text(difference.p_holm).removeprefix("= "), record]
    return [*cells, _counts(start, end, lambda score: str(score.n)), _counts(start, end, _coverage)]


def _counts(start: Score | None, end: Score | None, show: Any) -> str:
    texts = [NOT_AVAILABLE if score is None else show(score) for score in (start, end)]
    return texts[0] if texts[0] == texts[1] else " \u2192 ".join(texts)


def _coverage(score: Score) -> str:
    return percent(score.coverage)


def _difference_text(difference: Difference) -> str:
    delta = signed(difference.delta)
    shown = f"**{delta}**" if significant(difference) else delta
    return f"{shown} [{interval(difference.ci95)}]"


def _value(score: Score | None) -> str:
    return NOT_AVAILABLE if score is None else number(score.value)


def _signature(comparison: Comparison, metric: str) -> str:
    runs = [comparison.before, *(method.after for method in comparison.comparisons.values())]
    parts = {run.metrics[metric].signature: None for run in runs if metric in run.metrics}
    differences = [method.difference.get(metric) for method in comparison.comparisons.values()]
    parts |= {f"test: {found.test}": None for found in differences if found is not None}
    return "; ".join(parts)


def _languages_section(comparison: Comparison) -> str:
    blocks = [
        f"### {_label(name)}\n\n{_language_table(comparison, method)}"
        for name, method in comparison.comparisons.items()
        if method.after.by_language
    ]
    if not blocks:
        return ""
    note = (
        "Before \u2192 after (n, difference). The samples of one language are few: read these as hints, "
        "not as results."
    )
    return "\n\n".join(["## By language", note, *blocks])


def _language_table(comparison: Comparison, method: MethodComparison) -> str:
    before, after = comparison.before.by_language, method.after.by_language
    metrics = [name for name in metric_names(comparison) if any(name in found for found in after.values())]
    rows = [
        [
            inline(language or "not known"),
            *(
                _language_cell(
                    before.get(language, {}).get(metric),
                    after.get(language, {}).get(metric),
                    method.by_language.get(language, {}).get(metric),
                )
                for metric in metrics
            ),
        ]
        for language in after
    ]
    return table(["Language", *(inline(metric_label(metric)) for metric in metrics)], rows)


def _language_cell(before: Score | None, after: Score | None, difference: Difference | None) -> str:
    scores = [score for score in (before, after) if score is not None and score.value is not None]
    if not scores:
        return NOT_AVAILABLE
    count = f"n {scores[-1].n}"
    delta = "" if difference is None else f", {signed(difference.delta)}"
    return f"{_value(before)} \u2192 {_value(after)} ({count}{delta})"


def _errors_section(comparison: Comparison) -> str:
    if not _outcome_names(comparison, "error"):
        return ""
    others = [
        f"**{title}**\n\n{_outcome_table(comparison, kind)}"
        for kind, title in (
            ("execution", "The program alone"),
            ("functional", "Its tests, or the same behaviour as the reference"),
            ("flags", "The answer's form"),
            ("other", "Counted apart"),
        )
        if _outcome_names(comparison, kind)
    ]
    parts = ["## What went wrong", _outcome_table(comparison, "error")]
    if others:
        parts.append(details("All outcomes", "\n\n".join(others)))
    return "\n\n".join(parts)


def _outcome_names(comparison: Comparison, kind: str) -> list[str]:
    runs = [comparison.before, *(method.after for method in comparison.comparisons.values())]
    counts: dict[str, int] = {}
    for run in runs:
        for name, count in run.outcomes.get(kind, {}).items():
            counts[name] = max(count, counts.get(name, 0))
    return sorted(counts, key=lambda name: -counts[name])


def _outcome_table(comparison: Comparison, kind: str) -> str:
    runs = [comparison.before, *(method.after for method in comparison.comparisons.values())]
    header = ["Samples", "Before", *map(_label, comparison.comparisons)]
    labels = ERROR_LABELS if kind == "error" else {"": "no verdict possible"}
    return table(
        header,
        (
            [
                inline(labels.get(name, name.replace("_", " "))),
                *(str(run.outcomes.get(kind, {}).get(name, 0)) for run in runs),
            ]
            for name in _outcome_names(comparison, kind)
        ),
    )


def _format_section(comparison: Comparison) -> str:
    shares = {
        name: method.format_share for name, method in comparison.comparisons.items() if method.format_share
    }
    if not shares:
        return ""
    keys = list(dict.fromkeys(key for share in shares.values() for key in share))
    header = ["Method", *(inline(FORMAT_LABELS.get(key, key.replace("_", " "))) for key in keys)]
    rows = (
        [_label(name), *(signed(share[key]) if key in share else NOT_AVAILABLE for key in keys)]
        for name, share in shares.items()
    )
    note = (
        "BLEU of the answers as they came against BLEU of the code taken out of them. What the raw answers "
        "gain and the code does not is form (fences, chatter, knowing when to stop), not better code."
    )
    return "\n\n".join(["## Format or content", table(header, rows), note])


def _samples_section(name: str, method: MethodComparison, examples: int) -> str:
    improved, worsened = most_changed(method.examples, examples)
    parts = [f"## Samples: {_label(name)}"]
    for title, chosen in (("Most improved", improved), ("Most worsened", worsened)):
        parts.append(f"### {title}")
        parts += [
            render_sample(example, "Before", inline_html(method_label(name))) for example in chosen
        ] or ["None."]
    return "\n\n".join(parts) if method.examples else ""


def _reproduction_section(comparison: Comparison) -> str:
    command = comparison.provenance.get("command")
    if not command:
        return ""
    text = command if isinstance(command, str) else " ".join(map(str, command))
    return f"## Reproduce it\n\n{fenced(text, 'bash')}"


def _provenance_section(comparison: Comparison) -> str:
    records: list[tuple[str, Mapping[str, Any]]] = [("Test set and decoding", comparison.test_set)]
    records.append(("Comparison", comparison.provenance))
    records.append(("Before", comparison.before.provenance))
    records += [
        (method_label(name), method.after.provenance) for name, method in comparison.comparisons.items()
    ]
    blocks = [details(inline_html(title), value_table(_flat(record))) for title, record in records if record]
    return "\n\n".join(["## Configuration, data and environment", *blocks])


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Nested names joined by dots, values as JSON unless they are text."""
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield (
                name,
                value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str),
            )
