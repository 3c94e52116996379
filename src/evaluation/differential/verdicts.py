"""What comes of a comparison of an answer with its reference."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from src.evaluation.differential.probe_runner import WAITED, ProbeRecord
from src.evaluation.differential.reference import Behaviour
from src.sandbox.outcome import one_line
from src.schema import Execution

OTHER_OUTPUT = "functions agree, output differs"  # detail of an answer that passed all the same
ON_ITS_INPUTS = "agrees on the inputs of the script"
ON_TYPED_CALLS = "agrees on arguments that are typed in"
NOT_STARTED = "the program shows nothing"
ON_ITS_SCRIPT = "agrees in the script of the reference"


@dataclass(frozen=True)
class Comparison:
    """An answer beside its reference."""

    verdict: Execution | None  # None: nothing decides
    behaviour: Behaviour
    record: ProbeRecord | None = None  # None: the answer left none

    def that(self, outcome: str) -> Comparison | None:
        """Itself, where this is the outcome."""
        return self if self.verdict and self.verdict.outcome == outcome else None


def failure_of(execution: Execution, record: ProbeRecord | None) -> Execution | None:
    """The verdict on an answer that did not come to its end."""
    if record is None:
        if execution.outcome == "passed":
            return with_outcome(execution, "failed", "ended before its results were read")
        return execution
    error, message = record["module"]["error"], record["module"]["message"]
    if not error:
        return None
    outcome = "timeout" if error in ("timeout", WAITED) else "error"
    return with_outcome(execution, outcome, f"{error}: {message}" if message else error)


def with_outcome(execution: Execution, outcome: str, detail: str) -> Execution:
    return dataclasses.replace(execution, outcome=outcome, detail=one_line(detail), stdout="")
