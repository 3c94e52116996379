"""What the methods of a class are for: they change their object, say what they did, or find something in it."""

from __future__ import annotations

import ast

from src.evaluation.differential.program_analysis import classes_of
from src.languages.syntax import parse_expression

# Methods of Python's own values that only look at them.
_READS = {
    "get", "keys", "values", "items", "copy", "index", "count", "find", "join", "split", "lower", "upper", "title", "strip",
    "startswith", "endswith", "format", "replace", "isdigit", "isalpha", "most_common", "strftime", "isoformat",
}  # fmt: skip


def changing_methods(tree: ast.Module) -> frozenset[str]:
    """Methods, but for `__init__`, that store something in their object or call a method of something in it."""
    return frozenset(
        method.name
        for node in classes_of(tree).values()
        for method in node.body
        if isinstance(method, ast.FunctionDef) and any(map(_changes_self, ast.walk(method)))
    )


def reporting_methods(tree: ast.Module) -> frozenset[str]:
    """Methods that change their object and give nothing but texts, or what a method gives that changes nothing."""
    changing = changing_methods(tree)
    found: set[str] = set()
    for node in classes_of(tree).values():
        returned = {
            method.name: _returned(method) for method in node.body if isinstance(method, ast.FunctionDef)
        }
        seen = {text for name, texts in returned.items() if name not in changing for text in texts}
        texts = {text for every in returned.values() for text in every if _is_text(text)}
        if seen:
            found |= {name for name in returned.keys() & changing if returned[name] <= seen | texts}
    return frozenset(found)


def confirming_methods(tree: ast.Module) -> frozenset[str]:
    """Methods that change their object and return True or False alone: whether they did it."""
    changing = changing_methods(tree)
    return frozenset(
        method.name
        for node in classes_of(tree).values()
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in changing
        if _returned(method) and _returned(method) <= {"True", "False"}
    )


def finding_methods(tree: ast.Module) -> frozenset[str]:
    """Methods that change nothing and return something: None says that there is nothing."""
    changing = changing_methods(tree)
    return frozenset(
        method.name
        for node in classes_of(tree).values()
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name not in changing
        if _returned(method) - {"None"}
    )


def _returned(method: ast.FunctionDef) -> set[str]:
    returns = [node.value for node in ast.walk(method) if isinstance(node, ast.Return)]
    return {ast.unparse(value) for value in returns if value is not None}


def _is_text(source: str) -> bool:
    """Whether an expression is a text that is written out, or an f-string."""
    node = parse_expression(source)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and type(node.value) is str)


def _changes_self(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        function = node.func
        of_part = isinstance(function, ast.Attribute) and ast.unparse(function.value).startswith("self.")
        return of_part and function.attr not in _READS  # type: ignore[attr-defined]
    is_target = isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load)
    return is_target and ast.unparse(node).startswith("self.")
