"""Looks for files, and tables as text, on which an answer that agrees with its reference does something else.

A function that opens a file is called with few: what stands in them is what it works on.
"""

from __future__ import annotations

import dataclasses

from src.evaluation.differential.counterparts.bindings import Binding
from src.evaluation.differential.equivalence.agreement import call_difference
from src.evaluation.differential.inputs.file_fixtures import other_files
from src.evaluation.differential.inputs.known.tables import table_of
from src.evaluation.differential.probe_runner import Call
from src.evaluation.differential.trial import Trial
from src.evaluation.differential.verdicts import Comparison, with_outcome
from src.languages.syntax import literal


def on_further_files(trial: Trial, agreed: Comparison, way: Binding) -> Comparison | None:
    """Failed, where an answer that agrees with its reference on the chosen calls does not when files hold something else, or tables one more column.

    way: how the answer's functions are called. Calls that end in an error there decide nothing: that may be due to what no
    file and no table of the task has.
    """
    known, verdict = agreed.behaviour, agreed.verdict
    if known.search is None or verdict is None:
        return None
    wider = [call for call in map(_with_wider_tables, known.calls) if call not in known.calls]
    tried = [(known.inputs.files, wider, "with another column")] if wider else []
    tried += [(f, [*known.calls], "with other files") for f in other_files(known.program, known.inputs.files)]
    for files, calls, said in tried:
        expected = trial.run(known.program, calls, known.search.names(calls), files=files)[1]
        actual = trial.run(trial.code, calls, way, files=files)[1]
        if expected is None or actual is None:
            continue
        both = zip(calls, expected["calls"], actual["calls"], strict=False)
        ended = [parts for parts in both if not parts[1]["error"] and not parts[2]["error"]]
        made = tuple(call for call, _, _ in ended)
        expected, actual = (
            own | {"calls": [parts[at] for parts in ended]} for at, own in ((1, expected), (2, actual))
        )
        difference = call_difference(trial.rules, made, expected, actual)
        if difference:
            inputs = dataclasses.replace(known.inputs, files=files)
            behaviour = dataclasses.replace(known, inputs=inputs, calls=made, record=expected)
            return Comparison(with_outcome(verdict, "failed", f"{said}: {difference}"), behaviour, actual)
    return None


def _with_wider_tables(call: Call) -> Call:
    name, arguments = call
    values = [literal(source) for source in arguments]
    tables = [table_of(value) if isinstance(value, str) else None for value in values]
    return name, tuple(
        repr(table.wider()) if table else source for table, source in zip(tables, arguments, strict=True)
    )
