"""Sessions that a program holds itself, and attributes that it or its task speaks of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from src.evaluation.differential.inputs.input_generation import Arguments
from src.evaluation.differential.inputs.sessions.members import OPERATORS, fields_of, methods_of, stored_in
from src.languages.syntax import literal


def known_sessions(node: ast.ClassDef, tree: ast.Module) -> list[Arguments]:
    """What the program itself makes objects of the class with, and does with them, where it gives them literals."""
    methods = methods_of(node, tree)
    made: dict[str, str] = {}
    steps: dict[str, list[str]] = {}
    statements = [inner for statement in tree.body for inner in _script_statements(statement)]
    for statement in statements:
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Call) and ast.unparse(value.func) == node.name and not value.keywords:
            target = ast.unparse(statement.targets[0])  # type: ignore[attr-defined]
            made[target] = _tuple_source(value.args)
            steps[target] = []
        for call in _calls_in_order(statement):
            owner = ast.unparse(call.func.value)  # type: ignore[attr-defined]
            name = call.func.attr  # type: ignore[attr-defined]
            if owner in steps and name in methods and not call.keywords:
                steps[owner].append(f"({name!r}, {_tuple_source(call.args)})")
    found = [(made[owner], f"[{', '.join(steps[owner])}]") for owner in made]
    return [session for session in found if all(literal(source) is not None for source in session)]


def steps_in(source: str) -> list[tuple[str, tuple[object, ...]]]:
    """The steps of a session, of which this is the literal."""
    value = literal(source)
    return value if isinstance(value, list) else []


def _script_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
        yield from node.body
    elif not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.For | ast.While | ast.Try):
        yield node


def _calls_in_order(statement: ast.stmt) -> list[ast.Call]:
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    return sorted(calls, key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))


def _tuple_source(arguments: Sequence[ast.expr]) -> str:
    return "(" + "".join(f"{ast.unparse(argument)}, " for argument in arguments) + ")"


def attributes_of(node: ast.ClassDef, tree: ast.Module, instruction: str) -> list[str]:
    """Attributes that the task names, `on` of "The attribute `on` holds its state", or that the script looks at.

    Of a dataclass, and of a class that has no methods, all: there is nothing else to it.
    """
    if fields_of(node) or not methods_of(node, tree, OPERATORS).keys() - {"__init__"}:
        return [name for name in stored_in(node, tree) if not name.startswith("_")]
    script = [
        part for statement in tree.body for inner in _script_statements(statement) for part in ast.walk(inner)
    ]
    looked_at = {
        part.attr for part in script if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load)
    }
    return [
        name
        for name in stored_in(node, tree)
        if not name.startswith("_") and (name in looked_at or _names_attribute(instruction, name))
    ]


def _names_attribute(instruction: str, name: str) -> bool:
    """`on`, "the attribute on", "state holds the colour"."""
    name = re.escape(name)
    return bool(
        re.search(rf"`{name}`|attributes? (?:called |named )?[`'\"]?{name}\b", instruction)
        or re.search(rf"\b{name} (?:holds|contains|stores|keeps)\b", instruction)
    )
