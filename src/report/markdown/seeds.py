"""The section of comparison.md on seeds: what each training reached, and how much of a difference is luck of theirs."""

from __future__ import annotations

import statistics

from src.report.formatting import metric_label, metric_names, named_runs, number
from src.report.safe_markdown import folded, inline, table
from src.schema import Comparison, Difference, Run

NOTE = (
    "Values of single trainings, over the samples that count for all of them; a method's score is their mean. "
    "**Spread** is their standard deviation. **Samples** and **seeds** are the standard errors of the difference that the "
    "choice of either causes: where seeds are most of it, more seeds help, else more samples. **Seeds needed** is the "
    "fewest that find a true difference as large as this one with 80 % power."
)
DIFFERENCE_HEADER = ("Error: samples", "Error: seeds", "Seeds needed")


def seeds_section(comparison: Comparison) -> str:
    """A table for each method with several seeds; "" where there is none."""
    differences = [{}, *(method.difference for method in comparison.comparisons.values())]
    blocks = [
        f"### {inline(name)}\n\n{_table(comparison, run, found)}"
        for (name, run), found in zip(named_runs(comparison), differences, strict=True)
        if run.seeds or any(each.seeds for each in found.values())
    ]
    return folded("Seeds", NOTE, *blocks) if blocks else ""


def _table(comparison: Comparison, run: Run, differences: dict[str, Difference]) -> str:
    header = ["Metric", *(f"Seed {inline(seed)}" for seed in run.seeds), *(["Spread"] if run.seeds else [])]
    rows = []
    for metric in metric_names(comparison):
        values = [found.get(metric) for found in run.seeds.values()]
        row = [inline(metric_label(metric)), *map(number, values)]
        known = [value for value in values if value is not None]
        row += [number(statistics.stdev(known) if len(known) > 1 else None)] if run.seeds else []
        rows.append([*row, *(_error_cells(differences.get(metric)) if differences else [])])
    return table([*header, *(DIFFERENCE_HEADER if differences else ())], rows)


def _error_cells(difference: Difference | None) -> list[str]:
    if difference is None or difference.seeds is None:
        return ["", "", ""]
    errors = difference.seeds
    return [number(errors.samples), number(errors.seeds), str(errors.needed or "n is too small")]
