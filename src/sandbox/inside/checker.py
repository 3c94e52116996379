"""The process of the tests: they run unchanged, and what they load of the program are stand-ins for it.

It never imports, unpickles or executes anything of the program. What it sends are the arguments of calls; what the
tests expect stays here, and only genuine builtins are compared with it.
"""

from __future__ import annotations

import builtins
import collections.abc
import sys
import types
import unittest
from typing import Any

import peer
import references
import stand_ins

_CLOSED = (
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FunctionType, types.MethodType,
    types.BuiltinFunctionType, types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, type,
    unittest.TestCase, unittest.TestResult, unittest.TestSuite, BaseException,
)  # fmt: skip  # what gives way to frames or to the tests themselves: the program may call them at most
_HIDDEN = (types.FrameType, types.CodeType, types.TracebackType, types.CellType)


class Checker(peer.Peer):
    """The tests' end: it lets the program call, iterate and read what the tests gave it, and nothing else."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        super().__init__(incoming, outgoing)
        self.problem = ""  # why the program cannot be asked any more
        self.names: frozenset[str] = frozenset()  # what the program defines
        self.api: list[Any] = []  # classes whose operators may be given data
        self.keeps_stop = False  # the tests name StopIteration
        self._own = sys.stdout, sys.stdin, builtins.input
        self.operations = {
            "attribute": self._attribute,
            "set": self._set,
            "call": self._call,
            "special": self._special,
            "item": self._item,
        }

    def _broken(self, problem: str) -> peer.EndedError:
        self.problem = self.problem or problem  # whatever the tests do with the exception
        return super()._broken(problem)

    def takes_operands(self, kind: type) -> bool:
        return any(kind is one for one in self.api)

    def wait_until_loaded(self) -> None:
        """Raises EndedError where the program ends before it can be tested."""
        message = self.receive()
        if message[0] != "r" or type(message[3]) is not list:
            raise self._broken("malformed: no names")
        self.names = frozenset(name for name in message[3] if type(name) is str)

    def _streams(self) -> dict[str, Any]:
        stdout, stdin, read = self._own
        streams: dict[str, Any] = {} if sys.stdout is stdout else {"stdout": True}
        if sys.stdin is not stdin:
            streams["stdin"] = sys.stdin
        return streams if builtins.input is read else streams | {"input": builtins.input}

    def _raised(self, error: Any, operation: str) -> BaseException:
        # it would silently end an all(map(...)) of the tests
        if isinstance(error, StopIteration) and operation != "special" and not self.keeps_stop:
            return RuntimeError("StopIteration")
        return super()._raised(error, operation)

    def _refer(self, value: Any, encoder: Any, depth: int) -> Any:
        if isinstance(value, types.TracebackType):  # an __exit__ of the program is given one
            return None
        if isinstance(value, _HIDDEN):
            raise ValueError(f"a {type(value).__name__} is not given to the program")
        return super()._refer(value, encoder, depth)

    def _library_name(self, value: Any) -> tuple[str, str] | None:
        owner = getattr(value, "__objclass__", value)
        module, name = getattr(owner, "__module__", None), getattr(value, "__qualname__", None)
        if type(module) is str and type(name) is str and references.found(module, name) is value:
            return module, name
        return None

    def _attribute(self, value: Any, name: str) -> Any:
        return getattr(_open(value, name), name)

    def _set(self, value: Any, name: str, content: Any) -> None:
        if type(value).__module__ != "main":
            raise AttributeError(name)
        setattr(_open(value, name), name, content)

    def _call(self, function: Any, /, *values: Any, **named: Any) -> Any:
        return function(*values, **named)

    def _special(self, name: str, value: Any, /, *values: Any, **named: Any) -> Any:
        if name not in stand_ins.SPECIAL:
            raise AttributeError(name)
        return getattr(type(value), name)(value, *values, **named)

    def _item(self, value: Any, key: Any) -> Any:
        return value[key]


def _open(value: Any, name: str) -> Any:
    """`value`, where the program may have its attribute `name`."""
    if name.startswith("_") or isinstance(value, _CLOSED):
        raise AttributeError(f"{type(value).__name__!r} object has no attribute {name!r}")
    return value


class Namespace(dict[str, Any]):
    """The names of the tests: their own, and beneath them those of the program, asked for when they are loaded."""

    def __init__(self, checker: Checker, shadowing: collections.abc.Collection[str]) -> None:
        super().__init__(__name__="main", __builtins__=builtins, __file__="main.py")
        self._checker, self._shadowing = checker, frozenset(shadowing)

    def __missing__(self, name: str) -> Any:
        if name not in self._checker.names or (hasattr(builtins, name) and name not in self._shadowing):
            raise KeyError(name)
        value = self._checker.request("global", name)
        if isinstance(value, type | types.FunctionType | types.ModuleType):
            self[name] = value
        return value


def module_of(namespace: Namespace) -> types.ModuleType:
    """What `import main` gives tests."""
    module = types.ModuleType("main")

    def find(name: str) -> Any:
        try:
            return namespace[name]
        except KeyError as error:
            raise AttributeError(f"module 'main' has no attribute {name!r}") from error

    module.__getattr__ = find  # type: ignore[method-assign]
    return module
