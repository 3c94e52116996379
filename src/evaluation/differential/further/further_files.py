"""Looks for files on which an answer that agrees with its reference does something else.

A function that opens a file is called with few: what stands in them is what it works on.
"""

from __future__ import annotations

import dataclasses

from src.evaluation.differential.counterparts.bindings import Binding
from src.evaluation.differential.equivalence.agreement import call_difference
from src.evaluation.differential.inputs.file_fixtures import other_files
from src.evaluation.differential.trial import Trial
from src.evaluation.differential.verdicts import Comparison, with_outcome


def on_further_files(trial: Trial, agreed: Comparison, way: Binding) -> Comparison | None:
    """Failed, where an answer that agrees with its reference on the chosen calls does not when the files hold something else.

    way: how the answer's functions are called. Calls that end in an error there decide nothing: that may be due to what no
    file of the task has.
    """
    known, verdict = agreed.behaviour, agreed.verdict
    if known.search is None or verdict is None:
        return None
    for files in other_files(known.program, known.inputs.files):
        names = known.search.names(known.calls)
        expected = trial.run(known.program, known.calls, names, files=files)[1]
        actual = trial.run(trial.code, known.calls, way, files=files)[1]
        if expected is None or actual is None:
            continue
        both = zip(known.calls, expected["calls"], actual["calls"], strict=False)
        ended = [parts for parts in both if not parts[1]["error"] and not parts[2]["error"]]
        calls = tuple(call for call, _, _ in ended)
        expected, actual = (
            own | {"calls": [parts[at] for parts in ended]} for at, own in ((1, expected), (2, actual))
        )
        difference = call_difference(trial.rules, calls, expected, actual)
        if difference:
            inputs = dataclasses.replace(known.inputs, files=files)
            behaviour = dataclasses.replace(known, inputs=inputs, calls=calls, record=expected)
            failed = with_outcome(verdict, "failed", f"with other files: {difference}")
            return Comparison(failed, behaviour, actual)
    return None
