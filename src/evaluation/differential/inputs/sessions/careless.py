"""Programs whose classes make a usual mistake: something changes although it is refused, or one of several conditions is forgotten."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

MOST = 12  # programs


def careless(tree: ast.Module) -> list[str]:
    """The program with one such mistake each."""
    found: list[str] = []
    for at, node in enumerate(tree.body):
        for place, method in enumerate(node.body if isinstance(node, ast.ClassDef) else ()):
            if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                for body in [*_changed_when_refused(method.body), *_less_conditions(method.body)]:
                    copied = copy.deepcopy(tree)
                    copied.body[at].body[place].body = body  # type: ignore[attr-defined]
                    found.append(ast.unparse(copied))
    return list(dict.fromkeys(found))[:MOST]


def _changed_when_refused(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The body with a later change made also where `if ...: return False` ends it, or behind `if ...: change; return True`."""
    for at, statement in enumerate(body):
        if not isinstance(statement, ast.If) or not isinstance(statement.body[-1], ast.Return):
            continue
        for change in filter(_is_change, body[at + 1 :]):
            copied = copy.deepcopy(body)
            copied[at].body.insert(0, change)  # type: ignore[attr-defined]
            yield copied
        for change in filter(_is_change, statement.body):
            yield [*body[: at + 1], change, *body[at + 1 :]]


def _is_change(statement: ast.stmt) -> bool:
    """`self.items.append(x)`, `self.balance -= amount`."""
    match statement:
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target):
            return ast.unparse(target).startswith("self.")
        case ast.Expr(ast.Call(ast.Attribute(value=owner))):
            return ast.unparse(owner).startswith("self.")
    return False


def _less_conditions(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The body with one part of an `and` or an `or` left out."""
    count = sum(isinstance(node, ast.BoolOp) for statement in body for node in ast.walk(statement))
    for at in range(count):
        for part in range(3):
            copied = copy.deepcopy(body)
            nodes = [n for statement in copied for n in ast.walk(statement) if isinstance(n, ast.BoolOp)]
            if part < len(nodes[at].values):
                del nodes[at].values[part]
                yield copied
