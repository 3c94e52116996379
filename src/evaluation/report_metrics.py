"""The tables of comparison.md: each metric before and after, overall and by language."""

from __future__ import annotations

from collections.abc import Callable

from src.evaluation.markdown import details, inline, table, value_table
from src.evaluation.report_format import (
    NOT_AVAILABLE,
    interval,
    language_label,
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
from src.schema import Comparison, Difference, MethodComparison, Run, Score

HEADER = (
    "Metric",
    "Method",
    "Before [95 % CI]",
    "After [95 % CI]",
    "Difference [95 % CI]",
    "p (Holm)",
    "n can show",
    "Better / same / worse",
    "n (coverage)",
)
NOTES = (
    "All values are 0 to 100. p is corrected by Holm's method over all metrics and methods of this report; a "
    "difference in bold has p < 0.05. A difference that is not bold was not shown to be there, and was not "
    "shown to be absent either: **n can show** is the smallest true difference that this many samples would "
    "find with 80 % power. **Coverage** is the share of samples that a metric could judge."
)
LANGUAGE_NOTES = "Before \u2192 after (difference, n). The samples of one language are few: read these as hints, not as results."


def metrics_section(comparison: Comparison) -> str:
    rows = []
    for metric in metric_names(comparison):
        for place, (name, method) in enumerate(comparison.comparisons.items()):
            first = inline(metric_label(metric)) if place == 0 else ""
            cells = _metric_cells(comparison.before, method, metric)
            rows.append([first, inline(method_label(name)), *cells])
    signatures = value_table(
        (metric_label(name), _signature(comparison, name)) for name in metric_names(comparison)
    )
    return "\n\n".join(
        [
            "## Metrics",
            table(HEADER, rows, left=2),
            NOTES,
            details("Signatures and tests: how each number was computed", signatures),
        ]
    )


def languages_section(comparison: Comparison) -> str:
    blocks = [
        f"### {inline(method_label(name))}\n\n{_language_table(comparison, method)}"
        for name, method in comparison.comparisons.items()
        if method.after.by_language
    ]
    return "\n\n".join(["## By language", LANGUAGE_NOTES, *blocks]) if blocks else ""


def value_text(score: Score | None) -> str:
    return NOT_AVAILABLE if score is None else number(score.value)


def _metric_cells(before: Run, method: MethodComparison, metric: str) -> list[str]:
    start, end = before.metrics.get(metric), method.after.metrics.get(metric)
    cells = [score_text(start), score_text(end)]
    difference = method.difference.get(metric)
    if difference is None:
        cells += [NOT_AVAILABLE] * 4
    else:
        detectable = number(difference.detectable) if difference.detectable < 100 else "nothing"
        record = f"{difference.wins} / {difference.ties} / {difference.losses}"
        p_value = p_text(difference.p_holm).removeprefix("= ")
        cells += [_difference_text(difference), p_value, detectable, record]
    return [*cells, _either(start, end, _counted)]


def _either(start: Score | None, end: Score | None, show: Callable[[Score], str]) -> str:
    texts = [NOT_AVAILABLE if score is None else show(score) for score in (start, end)]
    return texts[0] if texts[0] == texts[1] else " \u2192 ".join(texts)


def _counted(score: Score) -> str:
    return f"{score.n} ({percent(score.coverage)})"


def _difference_text(difference: Difference) -> str:
    delta = signed(difference.delta)
    shown = f"**{delta}**" if significant(difference) else delta
    return f"{shown} [{interval(difference.ci95)}]"


def _signature(comparison: Comparison, metric: str) -> str:
    runs = [comparison.before, *(method.after for method in comparison.comparisons.values())]
    parts = {run.metrics[metric].signature: None for run in runs if metric in run.metrics}
    differences = [method.difference.get(metric) for method in comparison.comparisons.values()]
    parts |= {f"test: {found.test}": None for found in differences if found is not None}
    return "; ".join(parts)


def _language_table(comparison: Comparison, method: MethodComparison) -> str:
    before, after = comparison.before.by_language, method.after.by_language
    metrics = [name for name in metric_names(comparison) if any(name in found for found in after.values())]
    rows = [
        [
            inline(language_label(language)),
            *(
                _language_cell(
                    before.get(language, {}).get(metric),
                    scores.get(metric),
                    method.by_language.get(language, {}).get(metric),
                )
                for metric in metrics
            ),
        ]
        for language, scores in after.items()
    ]
    return table(["Language", *(inline(metric_label(metric)) for metric in metrics)], rows)


def _language_cell(before: Score | None, after: Score | None, difference: Difference | None) -> str:
    scores = [score for score in (before, after) if score is not None and score.value is not None]
    if not scores:
        return NOT_AVAILABLE
    delta = "" if difference is None else f"{signed(difference.delta)}, "
    return f"{value_text(before)} \u2192 {value_text(after)} ({delta}n {scores[-1].n})"
