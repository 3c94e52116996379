"""Safeguards of the tests' process: what the program keeps from failing, and what it would have the tests run, is no pass."""

from __future__ import annotations

import ast
import os
import sys
import types
from collections.abc import Callable, Collection, Iterator
from typing import Any

LIBRARY = os.path.dirname(os.__file__) + os.sep
_ENDS_OF_ITERATION = (StopIteration, StopAsyncIteration, GeneratorExit)
_LOADERS = frozenset(  # modules that execute texts and files which they are given
    "importlib._bootstrap importlib._bootstrap_external zipimport runpy pkgutil doctest code codeop bdb pdb trace "
    "profile cProfile".split()
)
_OF_TIMEIT = ("_stmt()", "_setup()", "pass")  # where it is given functions
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_WITHS = (ast.With, ast.AsyncWith)
Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.With | ast.AsyncWith


class Checks:
    """The checks in a text of tests, and which exceptions keep them from deciding.

    A program that is called back, or whose context manager is left by an exception, may swallow it. That is its right
    with what tests raise on purpose, not where a check failed or was not reached.
    """

    def __init__(self, tests: str, name: str) -> None:
        self._tests, self._name = tests, name
        self._blocks: list[Block] | None = None

    def lost_with(self, error: BaseException, with_line: int = 0) -> bool:
        """Whether a check is lost where `error` is swallowed: by what the tests called, or by the context manager of
        the with statement in `with_line`."""
        trace = list(_entries(error.__traceback__))
        lines = [line for file, line in trace if file == self._name]
        if isinstance(error, _ENDS_OF_ITERATION):
            return False
        if not lines:
            return isinstance(error, AssertionError)  # of an assert method that the program calls itself
        if trace[-1] == (self._name, lines[-1]) and self._raises_always(lines[-1]):
            return False
        blocks = [self._function(line) for line in lines]
        if with_line:
            blocks[0] = self._with(with_line, lines[0])
        return any(block is not None and any(map(_is_check, ast.walk(block))) for block in blocks)

    def _all(self) -> list[Block]:
        if self._blocks is None:  # few tests need them
            nodes = ast.walk(ast.parse(self._tests))
            self._blocks = [node for node in nodes if isinstance(node, (*_FUNCTIONS, *_WITHS))]
        return self._blocks

    def _function(self, line: int) -> Block | None:
        around = [b for b in self._all() if isinstance(b, _FUNCTIONS) and _holds(b, line)]
        return max(around, key=lambda block: block.lineno, default=None)

    def _with(self, with_line: int, line: int) -> Block | None:
        around = [b for b in self._all() if isinstance(b, _WITHS) and _holds(b, line)]
        own = [b for b in around if b.lineno <= with_line < b.body[0].lineno]
        return max(own or around, key=lambda block: block.lineno, default=None)

    def _raises_always(self, line: int) -> bool:
        """Whether `line` is a raise that no condition precedes in its block."""
        bodies = (block.body for block in self._all() if not isinstance(block, ast.Lambda))
        return any(isinstance(node, ast.Raise) and _holds(node, line) for body in bodies for node in body)


def _entries(trace: types.TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _holds(node: ast.stmt | ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _is_check(node: ast.AST) -> bool:
    """An assert on more than constants, a call of an assert method, a raised AssertionError."""
    if isinstance(node, ast.Assert):
        return any(isinstance(part, ast.Name) for part in ast.walk(node.test))
    if isinstance(node, ast.Raise):
        return any(isinstance(part, ast.Name) and part.id == "AssertionError" for part in ast.walk(node))
    name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    return str(name).startswith("assert")


class Executions:
    """Lets nothing be executed in this process but the tests, called `name`, texts that stand in them, and the library.

    Of pickles only the types `data` are made. `refused` is told of each attempt, which raises.
    """

    def __init__(
        self,
        tests: str,
        name: str,
        data: Collection[tuple[str, str]],
        refused: Callable[[BaseException], None],
    ) -> None:
        self._tests, self._name, self._data, self._refused = tests, name, data, refused
        self._allowed = {
            "compile": self._may_compile,
            "marshal.loads": self._may_unmarshal,
            "pickle.find_class": lambda named, caller: named in self._data,
        }

    def watch(self) -> None:
        """From here on, and for good."""
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        allowed = self._allowed.get(event)
        if allowed and not allowed(arguments, sys._getframe(1)):
            error = RuntimeError("tests do not run what the program wrote")
            self._refused(error)
            raise error

    def _may_compile(self, arguments: Any, caller: types.FrameType) -> bool:
        source, file = arguments
        if caller.f_globals.get("__name__") == "timeit":
            texts = (caller.f_locals.get(name) for name in ("stmt", "setup"))
            return all(
                callable(text) or text in _OF_TIMEIT or _stands_in(text, self._tests) for text in texts
            )
        if _is_loader(caller) and str(file).startswith(LIBRARY):
            return True
        return not (_is_loader(caller) or self._is_of_tests(caller)) or _stands_in(source, self._tests)

    def _may_unmarshal(self, arguments: Any, caller: types.FrameType) -> bool:
        if _is_loader(caller):
            return str(caller.f_locals.get("bytecode_path")).startswith(LIBRARY)
        return not self._is_of_tests(caller)

    def _is_of_tests(self, caller: types.FrameType) -> bool:
        return caller.f_code.co_filename == self._name


def _is_loader(caller: types.FrameType) -> bool:
    return caller.f_globals.get("__name__") in _LOADERS


def _stands_in(source: Any, tests: str) -> bool:
    """Whether a source is, but for white space, part of a text in the tests."""
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
    if not isinstance(text, str):
        return False
    constants = (node.value for node in ast.walk(ast.parse(tests)) if isinstance(node, ast.Constant))
    squeezed = "".join(text.split())
    return any(squeezed in "".join(value.split()) for value in constants if isinstance(value, str))
