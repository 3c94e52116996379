"""Shows one run in a terminal."""

from __future__ import annotations

from src.evaluation.report_format import interval, metric_label, number, percent
from src.schema import Run


def render_run(run: Run) -> str:
    """Metrics with intervals, then what went wrong, as aligned plain text."""
    rows = [("metric", "value", "95 % CI", "n", "coverage")]
    for name, score in run.metrics.items():
        rows.append(
            (
                metric_label(name),
                number(score.value),
                interval(score.ci95),
                str(score.n),
                percent(score.coverage),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([f"{run.name}: {run.n} samples", *lines, *_outcomes(run)])


def _outcomes(run: Run) -> list[str]:
    lines = []
    for kind, title in (("execution", "programs"), ("functional", "verdicts"), ("error", "errors")):
        counts = sorted(run.outcomes.get(kind, {}).items(), key=lambda item: (-item[1], item[0]))
        if counts:
            lines.append(f"{title}: " + ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts))
    return lines
