"""The sections of comparison.md on errors, and on changes of form or content."""

from __future__ import annotations

from src.report.formatting import NOT_AVAILABLE, method_label, named_runs, signed
from src.report.safe_markdown import details, folded, inline, table
from src.schema import Comparison, Run

ERROR_LABELS = {
    "assertion": "a test's assert failed",
    "fragment": "a fragment that does not run alone",
    "import": "import error",
    "index": "index or key error",
    "killed": "killed",
    "memory": "out of memory",
    "missing": "needs what this machine lacks",
    "name": "name error",
    "no_code": "no code in the answer",
    "output_limit": "too much output",
    "runtime": "another runtime error",
    "syntax": "syntax error",
    "type": "type error",
    "unreadable": "could not be read: a parser failed or was stopped",
    "wrong_output": "wrong output",
}
OUTCOME_LABELS = {
    "no_verdict": "no verdict possible",
    "not_run": "not run",
    "fenced": "in a code fence",
    "truncated": "cut off at the length limit",
    "thinking": "ended while thinking, before an answer",
    "no_code": "no code in it",
    "extra_turn": "began another turn",
    "oversized": "too long to read whole",
    "unreadable": "could not be read",
    "output_differs": "right, but prints something else than the reference",
    "exact": "equal to the reference",
    "lacking": "fragments, or need what this machine lacks",
    "defines_only": "ran, but only defined things",
}
KINDS = {
    "execution": "The program alone",
    "functional": "Its tests, or the same behaviour as the reference",
    "flags": "The answer's form",
    "other": "Counted apart",
}
FORMAT_LABELS = {
    "raw": "Answers as they came",
    "extracted": "Code extracted from them",
    "difference": "Formatting alone",
}
ERROR_NOTE = (
    "Answers by the first thing that went wrong with each; an answer with no fault is not counted here."
)
FORMAT_NOTE = (
    "Change in BLEU, measured on the answers as they came and on the code extracted from them. What the "
    "first gains and the second does not is formatting, not better code: fences, chatter, knowing when to stop."
)


def errors_section(comparison: Comparison) -> str:
    if not _outcome_names(comparison, "error"):
        return ""
    others = [
        f"**{title}**\n\n{_outcome_table(comparison, kind)}"
        for kind, title in KINDS.items()
        if _outcome_names(comparison, kind)
    ]
    parts = [_outcome_table(comparison, "error"), ERROR_NOTE]
    return folded(
        "What went wrong", *parts, *([details("All outcomes", "\n\n".join(others))] if others else [])
    )


def format_section(comparison: Comparison) -> str:
    shares = {
        name: method.format_share for name, method in comparison.comparisons.items() if method.format_share
    }
    if not shares:
        return ""
    keys = list(dict.fromkeys(key for share in shares.values() for key in share))
    header = ["Method", *(FORMAT_LABELS.get(key) or inline(key.replace("_", " ")) for key in keys)]
    rows = (
        [inline(method_label(name)), *(signed(share[key]) if key in share else NOT_AVAILABLE for key in keys)]
        for name, share in shares.items()
    )
    return folded("Formatting or better code", table(header, rows), FORMAT_NOTE)


def _outcome_names(comparison: Comparison, kind: str) -> list[str]:
    """Outcomes that occur in any run, most frequent first."""
    counts: dict[str, int] = {}
    for _, run in named_runs(comparison):
        for name, count in run.outcomes.get(kind, {}).items():
            counts[name] = max(count, counts.get(name, 0))
    return sorted((name for name in counts if counts[name]), key=lambda name: (-counts[name], name))


def _of_seeds(run: Run) -> str:
    """The answers of all seeds are counted."""
    return f", {len(run.seeds)} seeds" if run.seeds else ""


def _outcome_table(comparison: Comparison, kind: str) -> str:
    runs = named_runs(comparison)
    labels = ERROR_LABELS if kind == "error" else OUTCOME_LABELS
    header = ["Answers", *(f"{inline(name)}{_of_seeds(run)}" for name, run in runs)]
    rows = (
        [
            labels.get(name) or inline(name.replace("_", " ")),
            *(str(run.outcomes.get(kind, {}).get(name, 0)) for _, run in runs),
        ]
        for name in _outcome_names(comparison, kind)
    )
    return table(header, rows)
