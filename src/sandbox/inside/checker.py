"""The process of the tests: they run unchanged, and what they load of the program are stand-ins for it.

It never imports, unpickles or executes anything of the program. What it sends are the arguments of calls; what the
tests expect stays here, and only genuine builtins are compared with it.
"""

from __future__ import annotations

import builtins
import collections
import collections.abc
import functools
import sys
import types
import unittest
from typing import Any

import peer
import references
import stand_ins
from codec import MAX_DEPTH, Decoder, MalformedError
from safeguards import Checks, Executions

TESTS = "<tests>"

_CLOSED = (
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FunctionType, types.MethodType,
    types.BuiltinFunctionType, types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, type,
    unittest.TestCase, unittest.TestResult, unittest.TestSuite, BaseException, functools.partial,
)  # fmt: skip  # what gives way to frames or to the tests themselves: the program may call them at most
_HIDDEN = (types.FrameType, types.CodeType, types.TracebackType, types.CellType)
# they do more than define
_NOT_IMPORTED = frozenset("test tests idlelib turtledemo lib2to3 this antigravity".split())


class Checker(peer.Peer):
    """The tests' end: it lets the program call, iterate and read what the tests gave it, and nothing else."""

    def __init__(self, incoming: int, outgoing: int, tests: str) -> None:
        super().__init__(incoming, outgoing)
        self.problem = ""  # why the program cannot be asked any more
        self.names: frozenset[str] = frozenset()  # what the program defines
        self.operators: list[tuple[Any, str]] = []  # of its classes, that may be given data
        self.used = False  # whether the tests have asked the program for anything
        self._keeps_stop = "StopIteration" in tests
        self._checks = Checks(tests, TESTS)
        self._failure: BaseException | None = None
        self._reads_result = False
        Executions(tests, TESTS, self._types.keys(), self._fail).watch()
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

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error

    def conclude(self) -> None:
        """After the last test. Raises the failure of a check that the program has swallowed."""
        if self._failure:
            raise self._failure

    def request(self, operation: str, /, *values: Any, **named: Any) -> Any:
        self.used = True
        result = super().request(operation, *values, **named)
        if (
            operation == "call"
            and result
            and (error := _left_with(values[1:]))
            and not self.may_swallow(error)
        ):
            return False  # a function in the place of an __exit__
        return result

    def _raised_in_call(self, error: BaseException) -> None:
        if self._checks.lost_with(error):
            self._fail(error)

    def may_swallow(self, error: BaseException | None) -> bool:
        if error is None:
            return True
        frame = sys._getframe(1)
        while frame.f_code.co_filename != TESTS and frame.f_back:
            frame = frame.f_back
        return not self._checks.lost_with(error, frame.f_lineno)

    def takes_operand(self, kind: type, operator: str) -> bool:
        return any(name == operator and issubclass(kind, one) for one, name in self.operators)

    def wait_until_loaded(self, operators: collections.abc.Iterable[str]) -> None:
        """Learn what the program defines; of its classes, `operators` ("Vector.__add__") are given data.

        Raises EndedError where it ends before it can be tested.
        """
        message = self.receive()
        if message[0] != "r" or type(message[3]) is not list:
            raise self._broken("malformed: no names")
        self.names = frozenset(name for name in message[3] if type(name) is str and not name.startswith("__"))
        for kind, _, operator in (one.rpartition(".") for one in operators):
            if kind in self.names and type(found := super().request("global", kind)) is stand_ins.RemoteClass:
                self.operators.append((found, operator))

    def _streams(self) -> dict[str, Any]:
        stdout, stdin, read = self._own
        streams: dict[str, Any] = {} if sys.stdout is stdout else {"stdout": True}
        if sys.stdin is not stdin:
            streams["stdin"] = sys.stdin
        return streams if builtins.input is read else streams | {"input": builtins.input}

    def _raised(self, error: Any, asked: str) -> BaseException:
        # it would silently end an all(map(...)) of the tests
        ends = isinstance(error, StopIteration | StopAsyncIteration)
        if not ends or asked == "__next__" or self._keeps_stop:
            return super()._raised(error, asked)
        instead = RuntimeError(type(error).__name__)
        instead.__cause__ = error
        return instead

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

    def _result(self, decoder: Decoder, data: Any) -> Any:
        self._reads_result, before = True, self._reads_result
        try:
            return super()._result(decoder, data)
        finally:
            self._reads_result = before

    def _resolve(self, data: list[Any], decoder: Decoder, depth: int) -> Any:
        value = super()._resolve(data, decoder, depth)
        if self._reads_result and data[0] == "T" and value in (BaseException, Exception, AssertionError):
            raise MalformedError(f"{value.__name__}: tests that catch it catch their own failures")
        return value

    def _module(self, name: str) -> Any:
        parts = name.split(".")
        if name not in sys.modules and any(part.startswith("__") or part in _NOT_IMPORTED for part in parts):
            raise MalformedError(f"no module {name:.40}")
        return super()._module(name)

    def _given_by_tests(self, value: Any) -> Any:
        """Raises TypeError where the tests gave the program no such object: data have methods that reach far."""
        if id(value) not in self._numbers or (isinstance(value, type) and issubclass(value, type)):
            raise TypeError(f"no {type(value).__name__} of the tests")
        return value

    def _attribute(self, value: Any, name: str) -> Any:
        return getattr(_open(self._given_by_tests(value), name), name)

    def _set(self, value: Any, name: str, content: Any) -> None:
        kind = type(self._given_by_tests(value))
        if kind.__module__ != "main" or callable(getattr(kind, name, None)):
            raise AttributeError(name)
        setattr(_open(value, name), name, content)

    def _call(self, function: Any, /, *values: Any, **named: Any) -> Any:
        return _checked(self._given_by_tests(function), values, named)(*values, **named)

    def _special(self, name: str, value: Any, /, *values: Any, **named: Any) -> Any:
        if name not in stand_ins.SPECIAL:
            raise AttributeError(name)
        method = getattr(type(self._given_by_tests(value)), name)
        return _checked(method, values, named)(value, *values, **named)

    def _item(self, value: Any, key: Any) -> Any:
        return self._given_by_tests(value)[key]


def _left_with(values: tuple[Any, ...]) -> BaseException | None:
    """The exception of a call that has the arguments of an __exit__; None for any other."""
    if len(values) != 3 or not isinstance(values[2], types.TracebackType):
        return None
    error = values[1]
    return error if isinstance(error, BaseException) and values[0] is type(error) else None


def _checked(function: Any, values: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The function. Raises TypeError where the library would read for the program what that may not: string.Formatter
    and operator.attrgetter read any attribute."""
    if _of_library(function) and _holds_closed([values, named]):
        raise TypeError("the library is given nothing of the tests by the program")
    return function


def _of_library(function: Any) -> bool:
    """Whether code of the library, not of the tests, runs first when `function` is called."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return not (isinstance(function, type) or (code is not None and code.co_filename == TESTS))


def _holds_closed(value: Any, depth: int = 0) -> bool:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset | collections.deque) and depth < MAX_DEPTH:
        return any(_holds_closed(item, depth + 1) for item in value)
    return isinstance(value, _CLOSED)


def _open(value: Any, name: str) -> Any:
    """`value`, where the program may have its attribute `name`."""
    mock = sys.modules.get("unittest.mock")
    of_mocks = mock and isinstance(value, mock.NonCallableMock) and hasattr(mock.Mock, name)
    if name.startswith("_") or isinstance(value, _CLOSED) or of_mocks:
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
