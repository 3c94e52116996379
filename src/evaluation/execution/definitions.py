"""What the tests of a task take from an answer, and what they take from the task itself: the reference decides."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from src.evaluation.extraction.wanted import stub_function
from src.languages.syntax import parse_python
from src.schema import Sample

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class OwnTests:
    """The tests of a sample, as they run beside an answer."""

    text: str
    shadowing: tuple[str, ...]  # builtins that a right answer defines, and tests mean
    operators: tuple[str, ...]  # of its classes: those that may be given what tests expect


def own_tests(sample: Sample) -> OwnTests:
    """The tests with what they use of the library and of the prompt's finished functions.

    An answer that imports or defines these otherwise would decide for its tests.
    """
    tree = parse_python(sample.prefix + sample.reference)
    body = tree.body if tree else []
    defined = [node for node in body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))]
    names = tuple(node.name for node in defined)
    text = "".join(f"{ast.unparse(node)}\n" for node in _used(sample, body, names)) + sample.tests
    operators = (name for node in defined if isinstance(node, ast.ClassDef) for name in _operators(node))
    return OwnTests(text, tuple(name for name in names if hasattr(builtins, name)), tuple(operators))


def _used(sample: Sample, body: Sequence[ast.stmt], names: Sequence[str]) -> list[ast.stmt]:
    """The imports and functions of the task that its tests use, themselves or in such a function."""
    tests = parse_python(sample.tests)
    prompt = parse_python(sample.prefix)
    if tests is None:
        return []
    finished = {node.name for node in prompt.body if isinstance(node, _FUNCTIONS)} if prompt else set()
    finished -= {stub_function(sample.prefix)}
    found: list[ast.stmt] = []
    wanted = _loaded(tests)
    for node in reversed(body):  # a function uses what stands before it
        if isinstance(node, _FUNCTIONS) and node.name in finished & wanted:
            wanted |= _loaded(node)
            found.insert(0, node)
        elif isinstance(node, ast.Import | ast.ImportFrom) and _is_of_library(node):
            bound = {alias.asname or alias.name.split(".")[0] for alias in node.names}
            if bound & wanted and not bound & {*names, *_assigned(body)}:
                found.insert(0, node)
    return found


def _loaded(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _assigned(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from (
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )


def _is_of_library(node: ast.Import | ast.ImportFrom) -> bool:
    modules = (
        [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    )
    return all(name.split(".")[0] in sys.stdlib_module_names - {"__future__"} for name in modules)


def _operators(node: ast.ClassDef) -> Iterator[str]:
    """Its special methods, as "Vector.__add__"."""
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for name in (getattr(statement, "name", ""), *map(ast.unparse, targets)):
            if name.startswith("__"):
                yield f"{node.name}.{name}"
