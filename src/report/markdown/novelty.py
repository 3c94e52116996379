"""The section of comparison.md on what was learned and what was remembered: gains by likeness to the training data."""

from __future__ import annotations

from src.data.curation.novelty import BANDS, UNLIKE_NAME
from src.report.formatting import NOT_AVAILABLE, interval, method_label, metric_label, metric_names, signed
from src.report.safe_markdown import folded, inline, picture, table
from src.report.verdict import FEWEST
from src.schema import Comparison, Difference, MethodComparison

HEADING = "Learned or remembered"
NOTE = (
    "Differences by how much the sample's reference is like the most alike answer of the training split (rapidfuzz's ratio "
    "of characters, 100 % is a copy), each with its 95 % interval and n; none is corrected or tested. A gain that is "
    "large where the training data hold nearly the same answer and small where they do not was remembered rather than learned. "
    f"**{UNLIKE_NAME}** sums up the first two bands: samples unlike anything trained on."
)
NOVELTY_PICTURES = ("novelty.png", "novelty_dark.png")  # beside the document
PICTURE_ALT = "Differences by likeness to the training data, with 95 % intervals"
UNKNOWN = "Not known for {}: the data of the training are not here, or no record names them. `--training_data DIR` names them."


def novelty_section(comparison: Comparison) -> str:
    """The picture and a table for each method whose training data are known; which others there are."""
    known = {name: method for name, method in comparison.comparisons.items() if method.by_novelty}
    parts = [NOTE, picture(*NOVELTY_PICTURES, PICTURE_ALT)] if known else []
    parts += [
        f"### {inline(method_label(name))}\n\n{_table(comparison, method)}" for name, method in known.items()
    ]
    unknown = [inline(method_label(name)) for name in comparison.comparisons if name not in known]
    parts += [UNKNOWN.format(", ".join(unknown))] if unknown else []
    return folded(HEADING, *parts)


def _table(comparison: Comparison, method: MethodComparison) -> str:
    bands = [name for name in (*BANDS, UNLIKE_NAME) if name in method.by_novelty]
    rows = [
        [inline(metric_label(metric)), *(_cell(method.by_novelty[band].get(metric)) for band in bands)]
        for metric in metric_names(comparison)
        if any(metric in method.by_novelty[band] for band in bands)
    ]
    return table(["Metric", *bands], rows)


def _cell(difference: Difference | None) -> str:
    if difference is None:
        return NOT_AVAILABLE
    few = ", few" if difference.n < FEWEST else ""
    return f"{signed(difference.delta)} [{interval(difference.ci95)}]<br>n = {difference.n}{few}"
