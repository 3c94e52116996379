"""Reads from a Python program's source what a comparison with another program needs to know."""

from __future__ import annotations

import ast

from src.evaluation.differential.inputs import input_generation
from src.evaluation.differential.inputs.input_generation import Function

MAX_FUNCTIONS = 6
_SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}


def names_in(node: ast.AST | None) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()


def functions_of(tree: ast.Module) -> dict[str, Function]:
    """Top-level functions by name, those that are a named lambda among them."""
    functions: dict[str, Function] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            body: list[ast.stmt] = [ast.Return(node.value.body)]
            for target in node.targets:
                if isinstance(target, ast.Name):
                    functions[target.id] = ast.FunctionDef(target.id, node.value.args, body, [])
    return functions


def entry_functions(tree: ast.Module) -> list[Function]:
    """Functions that a user of the program would call: those that no other function of it calls."""
    functions = functions_of(tree)
    inner = {name for function in functions.values() for name in names_in(function) - {function.name}}
    entries = [f for name, f in functions.items() if name not in inner and input_generation.can_be_called(f)]
    return entries[:MAX_FUNCTIONS]


def matched_functions(reference: ast.Module, answer: ast.Module, called: set[str]) -> dict[str, str]:
    """The answer's function for each of the reference's: by name, or by signature where one is left."""
    theirs = functions_of(answer)
    plain = {_plain(name): name for name in theirs}
    names = {name: theirs[name].name for name in called if name in theirs}
    names = {name: plain[_plain(name)] for name in called if _plain(name) in plain} | names
    left = [name for name in called if name not in names]
    spare = [f for f in entry_functions(answer) if f.name not in names.values()]
    if len(left) == 1 and len(spare) == 1 and _same_signature(functions_of(reference)[left[0]], spare[0]):
        names[left[0]] = spare[0].name
    return names


def argument_order(reference: Function, answer: Function, count: int) -> list[int] | None:
    """The places of the reference's arguments in the order of the answer's parameters, where these have the same names."""
    names, theirs = (
        [parameter.arg.lower() for parameter in input_generation.parameters(f)[0]]
        for f in (reference, answer)
    )
    names, theirs = names[:count], theirs[:count]
    if names == theirs or sorted(names) != sorted(theirs) or len(set(names)) < count:
        return None
    return [names.index(name) for name in theirs]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _same_signature(left: Function, right: Function) -> bool:
    """Whether calls that fit one function fit the other too."""
    (every, required), (theirs, their_required) = map(input_generation.parameters, (left, right))
    if right.args.vararg:
        return their_required <= required
    return their_required <= required <= len(theirs) or (their_required <= len(every) <= len(theirs))


def is_interactive(tree: ast.Module) -> bool:
    """Whether the program waits for input, or opens a window."""
    windows = {"tkinter", "Tkinter", "pygame", "turtle"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("input", "raw_input"):
            return True
        if isinstance(node, ast.Import) and windows & {alias.name.split(".")[0] for alias in node.names}:
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in windows:
            return True
        if isinstance(node, ast.Attribute) and node.attr == "stdin":
            return True
    return False


def shows_addresses(tree: ast.Module) -> bool:
    """Whether the program reads memory addresses of its objects, which differ in every process."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "id"]
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return bool(names) and "id" not in arguments and all(isinstance(name.ctx, ast.Load) for name in names)


def iterates_set(tree: ast.Module) -> bool:
    """Whether the program iterates over a set, so that the order of its results is arbitrary."""
    sets: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_set(node.value, sets):
            sets |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, sets):
            return True
        if isinstance(node, ast.Call) and any(_is_set(argument, sets) for argument in node.args):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("list", "tuple", "join", "map", "filter", "enumerate", "iter", "extend", "str"):
                return True
    return False


def _is_set(node: ast.AST, sets: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Name) and node.id in sets):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub | ast.BitXor):
        return _is_set(node.left, sets) or _is_set(node.right, sets)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in ("set", "frozenset")
        return isinstance(node.func, ast.Attribute) and node.func.attr in _SET_METHODS
    return False
