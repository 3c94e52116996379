"""Tables for the terminal: a comparison or a run in at most 80 columns."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from src.plotting import shortened
from src.report.formatting import (
    MINUS,
    NOT_AVAILABLE,
    interval,
    method_label,
    metric_label,
    metric_names,
    number,
    over_fewer,
    p_text,
    percent,
    score_text,
    shown_metrics,
    signed,
    significant,
)
from src.report.safe_markdown import visible
from src.report.verdict import headline, one_training
from src.schema import Comparison, Difference, Run, Score

COLUMNS = 80  # of a line, at most
NAME_COLUMNS = 19  # of a name; the longest labels just fit
SAID_COLUMNS = 300  # in a sentence
INDENT = "  "  # of a metric below its method's name
# of a rich table: dashes below each heading alone
PLAIN_BOX = "    \n    \n -  \n    \n    \n    \n    \n    \n"
HYPHENS = str.maketrans(f"{MINUS}\u2500", "--")  # minus signs, and the rules of rich's tables
COMPARISON_HEADER = ("Metric", "Before", "After", "Change [95 % CI]", "p", "n")
RUN_HEADER = ("Metric", "Score [95 % CI]", "n", "Coverage")
OUTCOME_TITLES = {"execution": "Programs", "functional": "Verdicts", "error": "Faults", "flags": "Form"}
SIGNIFICANCE_MARK = "*"  # beside a change with p < 0.05
FEWER_MARK = "^"  # beside the n of a change over fewer samples than the scores beside it


def render_table(comparison: Comparison) -> str:
    """Headline sentences, then a row for each method and metric; colours only on a terminal without NO_COLOR."""
    sentences = [headline(comparison, name, _said) for name in comparison.comparisons]
    if alone := one_training(comparison, _said):
        sentences.append(alone)
    rows, bold = _comparison_rows(comparison)
    notes = [f"{SIGNIFICANCE_MARK} p < 0.05; p is after Holm's correction over all metrics and methods"]
    if any(row[-1].endswith(FEWER_MARK) for row in rows):
        notes.append(f"{FEWER_MARK} over the samples that count in both, fewer than in the scores beside it")
    blocks = [
        "\n".join(_wrapped(line) for line in sentences),
        _render_rows(COMPARISON_HEADER, rows, bold),
        "\n".join(notes),
    ]
    return _printable("\n\n".join(block for block in blocks if block))


def render_run(run: Run) -> str:
    """A row for each metric of one run, then the outcomes of its answers."""
    rows = [
        [_name(metric_label(name)), score_text(score), str(score.n), percent(score.coverage)]
        for name, score in ((name, run.metrics[name]) for name in shown_metrics(run))
    ]
    title = f"{_name(run.name, 60)}, {run.n} samples"
    blocks = [title, _render_rows(RUN_HEADER, rows, frozenset()), "\n".join(_outcome_lines(run))]
    return _printable("\n\n".join(block for block in blocks if block))


def render_written(paths: Sequence[Path]) -> str:
    """What was written, each folder named once, on a line of its own that can be copied whole."""
    folders: dict[Path, list[str]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path.name)
    blocks = [f"wrote in {folder}:\n  {_wrapped(', '.join(names))}" for folder, names in folders.items()]
    return _printable("\n".join(blocks))


def _outcome_lines(run: Run) -> list[str]:
    """The outcomes of the answers, most frequent first; kinds without any are left out."""
    lines = []
    for kind, title in OUTCOME_TITLES.items():
        counts = sorted(run.outcomes.get(kind, {}).items(), key=lambda item: (-item[1], item[0]))
        found = ", ".join(f"{_name(name.replace('_', ' '))} {count}" for name, count in counts if count)
        lines += [_wrapped(f"{title}: {found}")] if found else []
    return lines


def _printable(text: str) -> str:
    """`text` with what standard output cannot encode replaced: minus signs and rules by hyphens, the rest by "?"."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(HYPHENS).encode(encoding, "replace").decode(encoding)
    return text


def _comparison_rows(comparison: Comparison) -> tuple[list[list[str]], frozenset[int]]:
    """The rows, a method's below its name where there are several, and which of them hold a significant change."""
    rows: list[list[str]] = []
    bold = set()
    named = len(comparison.comparisons) > 1
    for name, method in comparison.comparisons.items():
        rows += [[_name(method_label(name)), *[""] * 5]] if named else []
        for metric in metric_names(comparison):
            scores = comparison.before.metrics.get(metric), method.after.metrics.get(metric)
            difference = method.difference.get(metric)
            if difference is not None and significant(difference):
                bold.add(len(rows))
            label = (INDENT if named else "") + _name(metric_label(metric))
            values = [number(score.value if score else None) for score in scores]
            rows.append([label, *values, *_change_cells(difference, *scores)])
    return rows, frozenset(bold)


def _change_cells(difference: Difference | None, *scores: Score | None) -> list[str]:
    if difference is None:
        return [NOT_AVAILABLE] * 3
    count = str(difference.n) + (FEWER_MARK if over_fewer(difference, *scores) else "")
    mark = SIGNIFICANCE_MARK if significant(difference) else " "
    p_value = p_text(difference.p_holm).removeprefix("= ")
    return [f"{signed(difference.delta)}{mark} [{interval(difference.ci95)}]", p_value, count]


def _said(text: str) -> str:
    """A name or a caveat in a sentence."""
    return _name(text, SAID_COLUMNS)


def _name(text: str, columns: int = NAME_COLUMNS) -> str:
    return shortened(visible(text), columns)


def _render_rows(header: Sequence[str], rows: list[list[str]], bold: frozenset[int]) -> str:
    """The table, in bold where `bold` says so and colours are wanted; all columns but the first align right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = _wants_colour()
    table = Table(box=box.SIMPLE_HEAD if colours else box.Box(PLAIN_BOX, ascii=True), pad_edge=False)
    table.show_edge, table.padding = colours, (0, 1, 0, 0)
    for column, title in enumerate(header):
        table.add_column(title, justify="right" if column else "left", no_wrap=True)
    for row, cells in enumerate(rows):
        # Text: nothing in a name is read as markup
        table.add_row(*(Text(cell) for cell in cells), style="bold" if row in bold else None)
    stream = io.StringIO()
    Console(
        file=stream, width=COLUMNS, force_terminal=colours, color_system="standard" if colours else None,
        force_jupyter=False,  # in a notebook the stream would stay empty
    ).print(table)  # fmt: skip
    return "\n".join(line.rstrip() for line in stream.getvalue().strip("\n").split("\n"))


def _wants_colour() -> bool:
    """Whether standard output is a terminal with colours, not switched off by NO_COLOR (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _wrapped(sentence: str) -> str:
    """The sentence in lines of at most COLUMNS, all but the first indented; textwrap counts wide characters as one."""
    from rich.console import Console
    from rich.text import Text

    lines = Text(" ".join(sentence.split())).wrap(Console(width=COLUMNS), COLUMNS - 2)
    return "\n  ".join(line.plain.rstrip() for line in lines)
