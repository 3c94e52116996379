"""Reads from a Python program's source what a comparison with another program needs to know."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from src.evaluation.differential.inputs import input_generation
from src.evaluation.differential.inputs.input_generation import Function

MAX_FUNCTIONS = 6
_SCRIPT_NAME = re.compile(r"(?i)_*(?:main|demo|run|test|example|driver)")
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


def classes_of(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Top-level classes by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def entry_functions(tree: ast.Module) -> list[Function]:
    """Functions that a user of the program would call: those that no other function of it calls.

    A `main` without parameters that calls others is a script: what it calls are the entries. What the script only hands
    on, as in `filter(is_odd, numbers)`, is no entry.
    """
    functions = functions_of(tree)
    scripts = script_functions(tree)
    inner = {
        name
        for own, function in functions.items()
        if own not in scripts
        for name in names_in(function) - {own}
    }
    names = [name for name in functions if name not in inner | scripts | _callbacks(tree)]
    return [functions[name] for name in names if input_generation.can_be_called(functions[name])][
        :MAX_FUNCTIONS
    ]


def flattened(function: Function) -> tuple[Function, int] | None:
    """A function that returns one of its own, as one that takes the arguments of both, with how many the outer takes.

    None where it returns something else. What takes any arguments, as a decorator does, takes one.
    """
    last = function.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    inner: Function | ast.Lambda | None = value if isinstance(value, ast.Lambda) else None
    if isinstance(value, ast.Name):
        inner = next(
            (n for n in function.body if isinstance(n, ast.FunctionDef) and n.name == value.id), None
        )
    if inner is None or inner.args.kwonlyargs or function.args.vararg or function.args.kwonlyargs:
        return None
    outer, required = input_generation.parameters(function)
    own = [*inner.args.posonlyargs, *inner.args.args] or ([ast.arg("value")] if inner.args.vararg else [])
    if len({p.arg for p in (*outer, *own)}) < len(outer) + len(own) or required < len(outer):
        return None
    body = [ast.Return(inner.body)] if isinstance(inner, ast.Lambda) else inner.body
    arguments = ast.arguments([], [*outer, *own], None, [], [], None, [])
    whole = ast.FunctionDef(function.name, arguments, [*function.body[:-1], *body], [])
    return ast.fix_missing_locations(whole), len(outer)


def script_functions(tree: ast.Module) -> set[str]:
    """Functions such as `main` that take nothing and call others."""
    functions = functions_of(tree)
    return {
        name for name, f in functions.items() if _is_script(f) and names_in(f) & functions.keys() - {name}
    }


def _callbacks(tree: ast.Module) -> set[str]:
    """Functions that statements at the top hand to something else, and never call."""
    statements = [
        n for n in tree.body if not isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    nodes = [node for statement in statements for node in ast.walk(statement)]
    called = {
        node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return (loaded - called) & functions_of(tree).keys()


def _is_script(function: Function) -> bool:
    return not input_generation.parameters(function)[0] and bool(_SCRIPT_NAME.match(function.name))


def entry_classes(tree: ast.Module) -> list[ast.ClassDef]:
    """Classes that a user of the program would make objects of: those that nothing else of it uses."""
    classes = classes_of(tree)
    definitions: dict[str, ast.AST] = {**functions_of(tree), **classes}
    inner = {
        name
        for own, node in definitions.items()
        if not isinstance(node, ast.FunctionDef) or not _is_script(node)
        for name in names_in(node) - {own}
    }
    return [node for name, node in classes.items() if name not in inner][:MAX_FUNCTIONS]


def opens_window(tree: ast.AST) -> bool:
    windows = {"tkinter", "Tkinter", "pygame", "turtle"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and windows & {alias.name.split(".")[0] for alias in node.names}:
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in windows:
            return True
    return False


def reads_input(node: ast.AST) -> bool:
    """Whether a program or a part of it waits for a user: at its standard input, or for arguments of a command line."""
    parts = [*ast.walk(node)]
    own = {part.arg for part in parts if isinstance(part, ast.arg)}  # a parameter of that name is none
    own |= {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    called = {
        part.func.id for part in parts if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)
    }
    return any(
        (isinstance(part, ast.Name) and part.id in {"input", "raw_input"} - (own - called))
        or (isinstance(part, ast.Attribute) and part.attr in ("stdin", "argv", "parse_args"))
        for part in parts
    )


def without_reading(tree: ast.Module) -> ast.Module:
    """The program without the statements at its top that read input, and those that need what these give."""
    kept: list[ast.stmt] = []
    gone: set[str] = set()
    for statement in tree.body:
        defines = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not defines and (reads_input(statement) or gone & names_in(statement) or _is_guard(statement)):
            gone |= {
                n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
        elif not defines or not reads_input(statement):
            kept.append(statement)
        else:
            gone.add(statement.name)  # type: ignore[attr-defined]
    return ast.Module(kept, [])


def _is_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in ast.dump(statement.test)


def shows_addresses(tree: ast.Module) -> bool:
    """Whether the program reads memory addresses of its objects, which differ in every process."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "id"]
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return bool(names) and "id" not in arguments and all(isinstance(name.ctx, ast.Load) for name in names)


def iterates_set(tree: ast.Module) -> bool:
    """Whether the program iterates over a set or returns one, so that the order of its results is arbitrary."""
    sets: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_set(node.value, sets):
            sets |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, sets):
            return True
        if isinstance(node, ast.Return) and node.value and _is_set(node.value, sets):
            return True
        if isinstance(node, ast.Call) and any(_is_set(argument, sets) for argument in node.args):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("list", "tuple", "join", "map", "filter", "enumerate", "iter", "extend", "str"):
                return True
    return False


def prints_by_key(tree: ast.Module) -> bool:
    """Whether the program prints in a loop over the keys or items of a dictionary, whose order comes from how it was made."""
    for node in ast.walk(tree):
        iterated = node.iter if isinstance(node, ast.For) else None
        called = iterated.func if isinstance(iterated, ast.Call) and not iterated.args else None
        by_key = isinstance(called, ast.Attribute) and called.attr in ("items", "keys")
        if by_key and any("print(" in ast.unparse(part) for part in node.body):  # type: ignore[attr-defined]
            return True
    return False


def returns_change(tree: ast.Module) -> bool:
    """Whether something returns what `words.sort()`, `items.append(x)` and the like give: None, by mistake."""
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    methods = [v.func.attr for v in values if isinstance(v, ast.Call) and isinstance(v.func, ast.Attribute)]
    return not {"sort", "reverse", "append", "extend", "insert", "clear"}.isdisjoint(methods)


def raised_names(tree: ast.Module) -> frozenset[str]:
    """The errors that the program raises itself."""
    raises = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return frozenset(name for node in raises for name in names_in(node.exc))


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


def gives_data(tree: ast.Module) -> bool:
    """Whether the script around classes gives them values of its own, but for how often it does something."""
    defined = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    script = [node for node in tree.body if not isinstance(node, defined)]
    calls = [part for node in script for part in ast.walk(node) if isinstance(part, ast.Call)]
    own = [call for call in calls if ast.unparse(call.func) not in ("print", "range")]
    return not script or any(call.args or call.keywords for call in own)


def asks_for_output(tree: ast.Module, instruction: str) -> bool:
    """Whether what a script shows is the task: it calls a function as far as a number that the task gives, or uses it in a loop that works out something."""
    if re.search(r"(?i)\b(?:functions?|methods?|class(?:es)?|def)\b", instruction):
        return False
    script = ast.Module(
        [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], []
    )
    loops = [node for node in ast.walk(script) if isinstance(node, ast.For | ast.comprehension)]
    numbers = [
        n.value
        for n in ast.walk(script)
        if isinstance(n, ast.Constant) and type(n.value) is int and n.value > 1
    ]
    given = set(re.findall(r"\d+", instruction))
    works = any(
        isinstance(inner, ast.Assign | ast.AugAssign | ast.If)
        for loop in ast.walk(script)
        if isinstance(loop, ast.For | ast.While)
        for statement in loop.body
        for inner in ast.walk(statement)
    )
    uses_functions = bool(names_in(script) & functions_of(tree).keys())
    return uses_functions and (works or (bool(loops and numbers) and {*map(str, numbers)} <= given))


def definitions(tree: ast.Module, without: Collection[str] = ()) -> ast.Module:
    """The program without the statements around its functions that define nothing, and without some functions."""
    kinds = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Import,
        ast.ImportFrom,
        ast.Assign,
        ast.AnnAssign,
    )
    kept = [statement for statement in tree.body if isinstance(statement, kinds)]
    return ast.Module([statement for statement in kept if getattr(statement, "name", "") not in without], [])
