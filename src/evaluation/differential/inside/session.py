"""Runs inside the sandbox: uses what a program makes, an object of a class or a function, call after call.

Placed before the probe's source; imports nothing of this project.
"""

import contextlib
import copy
import hashlib
import json
import sys

OBJECT = "\u0192object"  # begins the tuple that stands for another object (sessions.py)
DISTURBING = 5  # steps with another object beside the one that is looked at

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
        self._whole: list[list[object]] = []  # without looks at what the class need not have

    def add(self, name: str, how: str, value: object) -> None:
        self._steps.append([how, Description(value, self._ordered).short()])
        self._whole += [] if name[0] == "?" else self._steps[-1:]

    def short(self) -> list[object]:
        """["q", [[how, value], ...]]: each step "returned" or "printed" something, or "raised" an error of that name."""
        return ["q", self._steps]

    def digest(self) -> list[object]:
        return ["h", "q", len(self._steps), hashlib.sha256(json.dumps(self._whole).encode()).hexdigest()]


def other_number(value: object) -> object:
    """A number that is one more, for another object; anything else as it is."""
    return value + 1 if type(value) in (int, float) else value  # type: ignore[operator]


def session_with(
    ordered: bool, make: "Method", methods: "dict[str, Method]"
) -> "Callable[[tuple[Any, ...], Steps], Session]":
    """A function that makes an object of the first arguments, and takes steps with it."""

    def run(made: "tuple[Any, ...]", steps: "Steps") -> Session:
        session = Session(ordered)
        functions: dict[str, object] = {}

        def meant(value: object) -> object:
            """What a literal stands for: another object, a function (the same for the same text), or itself."""
            if type(value) is tuple and value[:1] == (OBJECT,):
                return make(*value[1:])
            if type(value) is str and value[:1] == OBJECT[0]:
                return functions.setdefault(value, eval(value[1:], {}))
            return value

        def disturb(made: "tuple[Any, ...]", steps: "Steps") -> None:
            """Makes another object and uses it: what it keeps is no other's."""
            sys.stdout = Capture()
            with contextlib.suppress(Exception):
                other = make(*[meant(other_number(value)) for value in copy.deepcopy(made)])
                for name, given in copy.deepcopy(steps[:DISTURBING]):
                    if name[0] not in ".?":
                        with contextlib.suppress(Exception):
                            methods[name](other, *map(meant, given))

        instance = make(*map(meant, made))
        disturb(made, steps)
        named = [name for name in methods if name[0] == "."]
        named = named or [name for name in methods if name in ("__str__", "__repr__")]
        named = named or [name for name in methods if name[0] == "?" and name[:2] != "?="]
        looks = [methods[name] for name in named]
        for name, given in steps:
            output = sys.stdout = Capture()
            try:
                values = [meant(value) for value in given]
                value = methods[name](instance, *values)
                if looks and type(value) is type(instance) and value is not instance:
                    value = [look(value) for look in looks]
            except Exception as error:
                session.add(name, "raised", type(error).__name__)
                continue
            printed = output.with_wording() or output.text()
            if (
                name in ("__str__", "__repr__") and value is not None
            ):  # what print() shows, in words of the program's own
                value, printed = None, str(value)
            is_said = value is None and bool(printed)
            session.add(name, "printed" if is_said else "returned", printed if is_said else value)
        return session

    return run


def called_twice(make: "Method", taken: int) -> "Method":
    """A function that calls what `make` gives for its first arguments with the others, two times: it may count."""

    def run(*values: object) -> object:
        made = make(*values[:taken])
        results = [made(*values[taken:]) for _ in range(2)]
        return results if any(result is not None for result in results) else None

    return run
