"""Runs inside the sandbox: uses what a program makes, an object of a class or a function, call after call.

Placed before the probe's source; imports nothing of this project.
"""

import hashlib
import json
import sys

MYPY = False  # what only the type checker reads
if MYPY:
    from collections.abc import Callable
    from typing import Any

    from src.evaluation.differential.inside.description import Description
    from src.evaluation.differential.inside.rewriting import Capture

    Method = Callable[..., Any]
    Steps = list[tuple[str, tuple[Any, ...]]]


class Session:
    """What the steps gave, each described when it was done: objects may change later."""

    def __init__(self, ordered: bool) -> None:
        self._ordered = ordered
        self._steps: list[list[object]] = []

    def add(self, how: str, value: object) -> None:
        self._steps.append([how, Description(value, self._ordered).short()])

    def short(self) -> list[object]:
        """["q", [[how, value], ...]]: each step "returned" or "printed" something, or "raised"."""
        return ["q", self._steps]

    def digest(self) -> list[object]:
        return ["h", "q", len(self._steps), hashlib.sha256(json.dumps(self._steps).encode()).hexdigest()]


def session_with(
    ordered: bool, make: "Method", methods: "dict[str, Method]"
) -> "Callable[[tuple[Any, ...], Steps], Session]":
    """A function that makes an object of the first arguments, and takes steps with it."""

    def run(made: "tuple[Any, ...]", steps: "Steps") -> Session:
        session = Session(ordered)
        instance = make(*made)
        for name, given in steps:
            output = sys.stdout = Capture()
            try:
                value = methods[name](instance, *given)
            except Exception:
                session.add("raised", None)
                continue
            printed = output.with_wording() or output.text()
            session.add(*(("returned", value) if value is not None or not printed else ("printed", printed)))
        return session

    return run


def called_twice(make: "Method", taken: int) -> "Method":
    """A function that calls what `make` gives for its first arguments with the others, two times: it may count."""

    def run(*values: object) -> object:
        made = make(*values[:taken])
        results = [made(*values[taken:]) for _ in range(2)]
        return results if any(result is not None for result in results) else None

    return run
