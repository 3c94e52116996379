"""The process of a program that is tested: runs it alone, then does what its tests request, which it never sees."""

from __future__ import annotations

import contextlib
import sys
import traceback
import types
from typing import Any

import peer
import references
import stand_ins

PROGRAM = "main.py"


class TestedProgram(peer.Peer):
    """The program's end. What it sends is trusted by nobody, so anything may be requested from it."""

    __test__ = False  # no test of pytest

    def __init__(self, incoming: int, outgoing: int, namespace: dict[str, Any]) -> None:
        super().__init__(incoming, outgoing)
        self._namespace = namespace
        self.operations = {
            "global": namespace.__getitem__,
            "attribute": getattr,
            "set": setattr,
            "delete": delattr,
            "call": _call,
            "special": _special,
            "item": lambda value, key: value[key],
            "data": _content,
            "await": _awaited,
        }

    def serve_tests(self) -> None:
        """Until the tests have ended."""
        self._send(["r", "", None, [name for name in self._namespace if not name.startswith("__")]])
        while True:
            try:
                self.serve(self.receive())
            except peer.EndedError:
                return

    def _send(self, message: list[Any]) -> None:
        _flush()  # first: the tests may end at this message, and this process with them
        super()._send(message)

    def _place(self, error: BaseException) -> tuple[str, str]:
        lines: list[str] = []
        summary = traceback.extract_tb(error.__traceback__)
        of_program = [entry for entry in summary if entry.filename == PROGRAM]
        with contextlib.suppress(Exception):
            lines = traceback.format_list(of_program)
        return (of_program[-1].line or "" if of_program else ""), "".join(lines)[-references.MAX_TEXT :]

    def _library(self, module: str, name: str) -> Any:
        return references.found(module, name)

    def _module(self, name: str) -> Any:
        return sys.modules[name]


def _flush() -> None:
    for name in ("stdout", "stderr"):
        with contextlib.suppress(Exception):  # the program may have closed or replaced it
            getattr(sys, name).flush()


def _call(function: Any, /, *values: Any, **named: Any) -> Any:
    return function(*values, **named)


def _special(name: str, value: Any, /, *values: Any, **named: Any) -> Any:
    return getattr(type(value), name)(value, *values, **named)


def _content(value: Any) -> Any:
    """The genuine list, set or dict that an instance of its subclass is."""
    for kind in stand_ins.DATA_BASES.values():
        if issubclass(type(value), kind):
            return dict(dict.items(value)) if kind is dict else kind(kind.__iter__(value))
    raise TypeError("no data")


def _awaited(value: Any) -> Any:
    import asyncio

    async def wait() -> Any:
        return await value

    return asyncio.run(wait() if not isinstance(value, types.CoroutineType) else value)
