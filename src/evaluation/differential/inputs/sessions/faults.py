"""Steps of sessions that a task is not about: a reference stops at them with an error that it does not raise itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from src.evaluation.differential.inputs.input_generation import Arguments
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

_OF_ERRORS = re.compile(r"(?i)\b(?:rais\w+|throws?|errors?|exceptions?|fails?)\b")


def speaks_of_errors(instruction: str) -> bool:
    return bool(_OF_ERRORS.search(instruction))


def faults(described: Sequence[Any] | None, meant: Collection[str]) -> frozenset[int]:
    """The places of the steps that end in an error which is not meant. described: what the session gave."""
    if described is None or described[0] != "q":
        return frozenset()
    return frozenset(
        at for at, (how, value) in enumerate(described[1]) if how == "raised" and value[1] not in meant
    )


def without_steps(session: Arguments, places: Collection[int]) -> Arguments:
    """The session without the steps at these places."""
    made, steps = session
    every: Any = literal(steps)
    return (
        (made, source_of([step for at, step in enumerate(every) if at not in places])) if places else session
    )
