"""The tables of comparison.md: each metric before and after, overall and by language."""

from __future__ import annotations

from src.metrics.table import METRICS
from src.report.formatting import (
    FEW_METHODS,
    NOT_AVAILABLE,
    before_label,
    drawn_metrics,
    interval,
    is_share,
    language_label,
    method_label,
    metric_label,
    metric_names,
    named_runs,
    number,
    over_fewer,
    p_text,
    percent,
    sample_count,
    score_text,
    signed,
    significant,
    tested_metrics,
)
from src.report.safe_markdown import details, folded, inline, table, value_table
from src.schema import Comparison, Difference, MethodComparison, Score

HEADER = (
    "", "Score [95 % CI]", "Difference [95 % CI]", "p (Holm)", "Minimum detectable difference",
    "Better / same / worse",
)  # fmt: skip
NOTES = (
    "Scores are 0 to 100; in parentheses the difference on the same samples with its 95 % interval, then p (Holm). {}*Not "
    "significant* does not show that there is no effect."
)
COMPACT_NOTES = (
    "In parentheses the difference on the same samples (bold: significant), then its 95 % interval and p (Holm). *n.s.*: not "
    "significant, which does not show that there is no effect. {}"
)
PAIRED = "on both:"
PAIRED_CELL = PAIRED.replace(" ", "\u00a0")
PAIRED_NOTE = "*On both* stands where fewer samples can be judged with both models than with each. "
COMPACT_PAIRED_NOTE = "*On both*: n with both models, where it is smaller."
DETAIL_NOTES = (
    "**Minimum detectable difference**: the smallest true difference that this many samples would find with 80 % power. "
    "Better, same and worse count samples."
)
LANGUAGE_NOTES = (
    "Before \u2192 after, difference, samples. The samples of one language are few: read these as hints, not as "
    "results. Where the values are over more samples than count in both, and so in the difference, n says of how many."
)


def metrics_section(comparison: Comparison) -> str:
    """The one open table, then what needs explaining.

    A row for each metric and a column for each model; of more methods than a page is wide for, the other way round.
    """
    few = len(comparison.comparisons) <= FEW_METHODS
    shown = (_by_metric if few else _by_method)(comparison)
    notes, paired = (NOTES, PAIRED_NOTE) if few else (COMPACT_NOTES, COMPACT_PAIRED_NOTE)
    return f"{shown}\n\n{notes.format(paired if PAIRED_CELL in shown else '').rstrip()}"


def _by_metric(comparison: Comparison) -> str:
    methods = comparison.comparisons
    header = ["Metric", *(inline(name) for name, _ in named_runs(comparison))]
    rows = [
        [
            _metric_cell(comparison, metric),
            value_text(comparison.before.metrics.get(metric)),
            *(_method_cell(comparison, method, metric) for method in methods.values()),
        ]
        for metric in tested_metrics(comparison)
    ]
    return table(header, rows)


def _by_method(comparison: Comparison) -> str:
    metrics = tested_metrics(comparison)
    header = ["Method", *(_compact_heading(comparison, metric) for metric in metrics)]
    before = [value_text(comparison.before.metrics.get(metric)) for metric in metrics]
    rows = [
        [inline(method_label(name)), *(_compact_cell(method, metric) for metric in metrics)]
        for name, method in comparison.comparisons.items()
    ]
    return table(header, [[inline(before_label(comparison)), *before], *rows])


def metric_details_section(comparison: Comparison) -> str:
    """A table for each metric with all that was computed, and how."""
    names = metric_names(comparison)
    signatures = value_table((metric_label(name), _signature(comparison, name)) for name in names)
    return folded(
        "Metrics in detail",
        DETAIL_NOTES,
        *(_metric_block(comparison, name) for name in names),
        details("Signatures and tests: how each number was computed", signatures),
    )


def _label(metric: str) -> str:
    """A metric of ours by its label, any other as text that is not trusted."""
    return metric_label(metric) if metric in METRICS else inline(metric)


def _metric_cell(comparison: Comparison, metric: str) -> str:
    """Its name, and how many samples count."""
    return _non_breaking(f"{_with_unit(metric)}<br>{_counts(comparison, metric)}")


def _with_unit(metric: str) -> str:
    return f"{_label(metric)}{_non_breaking(', %') if is_share(metric) else ''}"


def _counts(comparison: Comparison, metric: str) -> str:
    return (
        f"n = {_range({run.metrics[metric].n for _, run in named_runs(comparison) if metric in run.metrics})}"
    )


def _range(counts: set[int]) -> str:
    """ "175 to 177", "175" where all are equal"""
    return " to ".join(map(str, dict.fromkeys((min(counts), max(counts)))))


def _compact_heading(comparison: Comparison, metric: str) -> str:
    """Its name, how many samples count, and how many with both models where these are fewer."""
    before = comparison.before.metrics.get(metric)
    pairs = {
        found.n
        for method in comparison.comparisons.values()
        if (found := method.difference.get(metric)) is not None
        and over_fewer(found, before, method.after.metrics.get(metric))
    }
    both = f"<br>{_non_breaking(f'{PAIRED} {_range(pairs)}')}" if pairs else ""
    return f"{_with_unit(metric)}<br>{_non_breaking(_counts(comparison, metric))}{both}"


def _compact_cell(method: MethodComparison, metric: str) -> str:
    """As `_method_cell`, in narrow lines."""
    score, difference = value_text(method.after.metrics.get(metric)), method.difference.get(metric)
    if difference is None:
        return score
    found = "" if significant(difference) else ", n.s."
    p_value = f"{_non_breaking(f'p {p_text(difference.p_holm)}')}{found}"
    lines = (f"{score} ({_delta(difference)})", interval(difference.ci95))
    return "<br>".join((*map(_non_breaking, lines), p_value))


def _method_cell(comparison: Comparison, method: MethodComparison, metric: str) -> str:
    """Score, difference with its interval, and p in words."""
    score, difference = value_text(method.after.metrics.get(metric)), method.difference.get(metric)
    if difference is None:
        return score
    found = "significant" if significant(difference) else "not significant"
    scores = (comparison.before.metrics.get(metric), method.after.metrics.get(metric))
    pair = [_pair(difference)] if over_fewer(difference, *scores) else []
    lines = (f"{score} ({difference_text(difference)})", *pair, f"p {p_text(difference.p_holm)}, {found}")
    return "<br>".join(map(_non_breaking, lines))


def _pair(difference: Difference) -> str:
    """What a difference is between where it is not that of the two scores beside it."""
    values = "" if difference.values is None else " {} to {},".format(*map(number, difference.values))
    return f"{PAIRED}{values} n = {difference.n}"


def languages_section(comparison: Comparison) -> str:
    blocks = [
        f"### {inline(method_label(name))}\n\n{_language_table(comparison, method)}"
        for name, method in comparison.comparisons.items()
        if method.after.by_language
    ]
    return folded("By language", LANGUAGE_NOTES, *blocks) if blocks else ""


def difference_text(difference: Difference) -> str:
    """Markdown: the difference, in bold where it is significant, with its interval."""
    return f"{_delta(difference)} [{interval(difference.ci95)}]"


def _delta(difference: Difference) -> str:
    delta = signed(difference.delta)
    return f"**{delta}**" if significant(difference) else delta


def value_text(score: Score | None) -> str:
    return NOT_AVAILABLE if score is None else number(score.value)


def _metric_block(comparison: Comparison, metric: str) -> str:
    before = _non_breaking(score_text(comparison.before.metrics.get(metric)))
    rows = [[inline(before_label(comparison)), before, "", "", "", ""]]
    for name, method in comparison.comparisons.items():
        score = _non_breaking(score_text(method.after.metrics.get(metric)))
        rows.append([inline(method_label(name)), score, *_difference_cells(method.difference.get(metric))])
    heading = f"### {_label(metric)}"
    counts = f"{_sample_counts(comparison, metric)}{_beside_note(metric)}"
    return f"{heading}\n\n{counts}\n\n{table(HEADER, rows)}"


def _beside_note(metric: str) -> str:
    found = METRICS.get(metric)
    if found is None or not found.beside:
        return ""
    return f" {metric_label(found.beside)} counted otherwise: {found.what}. Not tested."


def _difference_cells(difference: Difference | None) -> list[str]:
    if difference is None:
        return [NOT_AVAILABLE] * 4
    detectable = number(difference.detectable) if difference.detectable < 100 else "nothing"
    record = f"{difference.wins} / {difference.ties} / {difference.losses}"
    p_value = p_text(difference.p_holm).removeprefix("= ")
    cells = [difference_text(difference), p_value, detectable, record]
    return [_non_breaking(cell) for cell in cells]


def _sample_counts(comparison: Comparison, metric: str) -> str:
    """How many samples count: one figure where all runs and pairs agree, else each."""
    counts = [(inline(name), run.metrics.get(metric)) for name, run in named_runs(comparison)]
    pairs = [
        (inline(method_label(name)), method.difference[metric].n)
        for name, method in comparison.comparisons.items()
        if metric in method.difference
    ]
    sizes = {0 if score is None else score.n for _, score in counts} | {n for _, n in pairs}
    if len(sizes) == 1:
        return f"{_sample_count(counts[0][1])}."
    line = ", ".join(f"{name} {_sample_count(score)}" for name, score in counts) + "."
    both = ", ".join(f"{name} n = {n}" for name, n in pairs)
    return f"{line} Differences are over the samples that count in both: {both}." if both else line


def _sample_count(score: Score | None) -> str:
    return "n = 0" if score is None else f"n = {score.n} ({percent(score.coverage)} of samples)"


def _non_breaking(cell: str) -> str:
    return cell.replace(" ", "\u00a0")


def _signature(comparison: Comparison, metric: str) -> str:
    runs = [run for _, run in named_runs(comparison)]
    parts = {run.metrics[metric].signature: None for run in runs if metric in run.metrics}
    differences = [method.difference.get(metric) for method in comparison.comparisons.values()]
    parts |= {f"test: {found.test}": None for found in differences if found is not None}
    return "; ".join(parts)


def _language_table(comparison: Comparison, method: MethodComparison) -> str:
    before, after = comparison.before.by_language, method.after.by_language
    metrics = [name for name in drawn_metrics() if any(name in found for found in after.values())]
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
    return table(["Language", *(_label(metric) for metric in metrics)], rows)


def _language_cell(before: Score | None, after: Score | None, difference: Difference | None) -> str:
    if all(score is None or score.value is None for score in (before, after)):
        return NOT_AVAILABLE
    delta = "" if difference is None else f"{signed(difference.delta)}, "
    values = _non_breaking(f"{value_text(before)} \u2192 {value_text(after)}")
    return f"{values}<br>{delta}{_non_breaking(f'n = {sample_count(difference, before, after)}')}"
