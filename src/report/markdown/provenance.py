"""The parts of comparison.md on provenance: commands, models, environment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from src.report.formatting import NOT_AVAILABLE, named_runs
from src.report.safe_markdown import details, fenced, folded, inline, inline_html, table, value_table
from src.schema import Comparison

RUN_KEYS = {"precision": "Precision", "prompt": "Prompt", "sandbox": "Generated code ran in"}
SANDBOX, BARE = "bubblewrap", "none:"  # provenance["sandbox"] or its prefix; any other is why nothing was run
BARE_WARNING = (
    "> **Generated code ran without a sandbox** ({}). A program that a model wrote could then reach this "
    "machine, its files and these very results: trust the execution figures as far as you trust the models."
)
NOT_RUN_WARNING = (
    "> **Generated code was not run** ({}), for want of a sandbox: {}. Nothing here says whether it works."
)


def sandbox_warning(comparison: Comparison) -> str:
    """Warnings that name the runs whose code ran unsandboxed or was not run; "" where all ran in a sandbox."""
    states: dict[str, list[str]] = {}
    for name, run in named_runs(comparison):
        states.setdefault(str(run.provenance.get("sandbox") or SANDBOX), []).append(inline(name))
    return "\n\n".join(
        BARE_WARNING.format(", ".join(names))
        if state.startswith(BARE)
        else NOT_RUN_WARNING.format(", ".join(names), inline(state))
        for state, names in states.items()
        if state != SANDBOX
    )


def reproduction_section(comparison: Comparison) -> str:
    """The commands as typed, each once, in the order of the methods."""
    runs = [method.after.provenance for method in comparison.comparisons.values()]
    commands = dict.fromkeys(_command(record) for record in [*runs, comparison.provenance])
    lines = [line for line in commands if line]
    if not lines:
        return ""
    commit = str(comparison.provenance.get("commit", ""))
    if commit and commit != "unknown":
        note = " (and what was changed in it and not committed)" if commit.endswith("+dirty") else ""
        origin = f"At commit {inline(commit.removesuffix('+dirty'))}{note}:"
    else:
        origin = "From the project's folder:"
    return folded("Reproduce it", f"{origin}\n\n{fenced(chr(10).join(lines), 'bash')}")


def provenance_section(comparison: Comparison) -> str:
    records: list[tuple[str, Mapping[str, Any]]] = [("Test set and decoding", comparison.test_set)]
    records.append(("Comparison", comparison.provenance))
    records += [(name, run.provenance) for name, run in named_runs(comparison)]
    blocks = [details(inline_html(title), value_table(_flat(record))) for title, record in records if record]
    parts = [_runs_table(comparison), *blocks]
    return folded("Configuration, data and environment", *(part for part in parts if part))


def _runs_table(comparison: Comparison) -> str:
    """What may differ between the runs and affects every score; "" where nothing was recorded."""
    runs = named_runs(comparison)
    keys = [key for key in RUN_KEYS if any(key in run.provenance for _, run in runs)]
    rows = (
        [
            inline(name),
            *(inline(_text(run.provenance[key])) if key in run.provenance else NOT_AVAILABLE for key in keys),
        ]
        for name, run in runs
    )
    return table(["Model", *(RUN_KEYS[key] for key in keys)], rows, left=1 + len(keys)) if keys else ""


def _command(record: Mapping[str, Any]) -> str:
    command = record.get("command") or ""
    return " ".join(map(str, command)) if isinstance(command, list) else str(command)


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Nested names joined by dots, values as JSON unless they are text."""
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
