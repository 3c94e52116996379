"""Scripts that work on data which the task gives, as functions of that data: so they can be held against each other on other data."""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from src.evaluation.differential.inputs.forms.alike import SCRIPT
from src.evaluation.differential.inputs.known.tables import table_of
from src.languages.syntax import literal, parse_python

UNNAMED = "items"  # what a reference has no name for
_GIVEN = "given_{}"  # a parameter of an answer's
_GUARD = re.compile(r"__name__ *== *['\"]__main__['\"]|['\"]__main__['\"] *== *__name__")
_CHANGING = "append extend insert remove sort reverse clear add discard update setdefault".split()
_SHORTEST = 2  # text that is told from others by its letters


def as_functions(
    reference_program: str, answer_program: str, task: str, files: Collection[str] = ()
) -> tuple[str, str] | None:
    """Both scripts as functions of the data that both have and the task shows, each called on that data.

    None where there is no such data, or a script cannot be a function. files: names of files, which are no data.
    """
    try:
        return _functions(reference_program, answer_program, task, files)
    except RecursionError:  # a sum of a thousand terms
        return None


def _functions(
    reference_program: str, answer_program: str, task: str, files: Collection[str]
) -> tuple[str, str] | None:
    reference, answer = parse_python(reference_program), parse_python(answer_program)
    if reference is None or answer is None:
        return None
    data = _data(reference) or _unnamed(reference) or _passed(reference)
    data = {name: source for name, source in data.items() if _is_shown(literal(source), task)}
    if len({*data.values()}) < len(data) or any(source in map(repr, files) for source in data.values()):
        return None
    places = {name: _places(answer, literal(source)) for name, source in data.items()}
    data = {name: source for name, source in data.items() if places[name]}
    if not data or not all(map(_can_be_function, (reference, answer))):
        return None
    named = _data(reference)
    own = _with_parameters(
        reference,
        {name: _places(reference, literal(source)) for name, source in data.items() if name not in named},
    )
    own.body = [statement for statement in own.body if _assigned(statement) not in [*data.items()]]
    parameters = {_GIVEN.format(at): name for at, name in enumerate(data)}
    places_by_parameter = {parameter: places[name] for parameter, name in parameters.items()}
    given = _with_parameters(answer, places_by_parameter)
    own_source = _called(own, data, not _prints(reference))
    gives_last = not _prints(reference) or not _prints(answer)
    return own_source, _called(given, {p: data[name] for p, name in parameters.items()}, gives_last)


def _prints(script: ast.Module) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(script))


def _data(script: ast.Module) -> dict[str, str]:
    """Names that are first given a literal at the top of a script, with the literals."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for statement in script.body:
        assigned = _assigned(statement)
        if assigned and assigned[0] not in seen and literal(assigned[1]) not in (None, "", [], {}, (), 0):
            found[assigned[0]] = assigned[1]
        seen |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return found


def _unnamed(script: ast.Module) -> dict[str, str]:
    """The only list, table or set of several literals that a script works on without a name for it."""
    found = {
        ast.unparse(node)
        for node in ast.walk(script)
        if isinstance(node, ast.List | ast.Dict | ast.Set)
        and isinstance(literal(ast.unparse(node)), list | dict | set)
    }
    outer = [source for source in found if not any(source in other and source != other for other in found)]
    return {UNNAMED: outer[0]} if len(outer) == 1 and len(literal(outer[0])) > 1 else {}


def _passed(script: ast.Module) -> dict[str, str]:
    """What the only call of a script's own function is given, where these are literals, by the function's parameters."""
    own = {node.name: node for node in script.body if isinstance(node, ast.FunctionDef)}
    calls = [
        node for node in _outside(script) if isinstance(node, ast.Call) and ast.unparse(node.func) in own
    ]
    if len(calls) != 1 or calls[0].keywords:
        return {}
    names = [parameter.arg for parameter in own[ast.unparse(calls[0].func)].args.args]
    sources = [*map(ast.unparse, calls[0].args)]
    given = dict(zip(names, sources, strict=False))
    return given if len(given) == len(sources) and None not in map(literal, sources) else {}


def _outside(script: ast.Module) -> Iterator[ast.AST]:
    """The nodes of a script but for those inside its functions and classes."""
    for statement in script.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ast.walk(statement)


def _assigned(statement: ast.stmt) -> tuple[str, str] | None:
    """The name and the literal of `name = literal`."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, source = statement.targets[0], ast.unparse(statement.value)
        if (
            isinstance(target, ast.Name)
            and literal(source) is not None
            and not isinstance(literal(source), bool)
        ):
            return target.id, source
    return None


def _is_shown(value: object, task: str) -> bool:
    """Whether all texts and numbers of a value stand in the task; of a text of several lines only a table is data."""
    if isinstance(value, dict):
        return all(_is_shown(part, task) for item in value.items() for part in item)
    if isinstance(value, list | tuple | set):
        return all(_is_shown(item, task) for item in value)
    text = str(value)
    if "\n" in text:
        return table_of(text) is not None and all(line in task for line in text.splitlines())
    return not text or bool(re.search(rf"(?<![\w.]){re.escape(text)}(?!\w)", task))


def _places(script: ast.Module, value: object) -> list[int]:
    """Which nodes of a walk are this value; of a number only one that a name gets, or a function of the script."""
    found, named = [], []
    functions = {node.name for node in ast.walk(script) if isinstance(node, ast.FunctionDef)}
    unpacked = [
        node.value
        for node in ast.walk(script)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List)
    ]  # `a, b = 0, 1` is no list
    for at, node in enumerate(ast.walk(script)):
        if isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.UnaryOp):
            if node not in unpacked and _is_same(literal(ast.unparse(node)), value):
                found.append((at, node))
        elif isinstance(node, ast.Assign):
            named.append(node.value)
        elif isinstance(node, ast.arguments):
            named += node.defaults
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in functions:
            named += [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(value, list | tuple | dict | set) or (isinstance(value, str) and len(value) >= _SHORTEST):
        return [at for at, _ in found]
    own = [at for at, node in found if node in named]
    return own if len(own) == 1 else []


def _is_same(value: object, other: object) -> bool:
    """Whether two values are equal and of one type; a tuple may be a list, and a whole number a float."""
    kinds = {type(value), type(other)}
    if kinds == {list, tuple}:
        return [*value] == [*other]  # type: ignore[misc]
    return value == other and (len(kinds) == 1 or kinds == {int, float})


def _with_parameters(script: ast.Module, places: Mapping[str, list[int]]) -> ast.Module:
    """A script with names in place of nodes of its walk."""
    copied = copy.deepcopy(script)
    nodes = [*ast.walk(copied)]
    instead: dict[int, ast.expr] = {}
    for name, own in places.items():
        for at in own:
            given: ast.expr = ast.Name(name, ast.Load())
            instead[id(nodes[at])] = _as_tuple(given) if isinstance(nodes[at], ast.Tuple) else given
    copied.body = [_Replaced(instead).visit(statement) for statement in copied.body]
    return copied


def _as_tuple(node: ast.expr) -> ast.expr:
    """`tuple(node)`, whatever the script calls `tuple`."""
    return ast.Tuple([ast.Starred(node, ast.Load())], ast.Load())


class _Replaced(ast.NodeTransformer):
    def __init__(self, instead: Mapping[int, ast.expr]) -> None:
        self._instead = instead

    def visit(self, node: ast.AST) -> Any:
        return self._instead.get(id(node)) or self.generic_visit(node)


def _can_be_function(script: ast.Module) -> bool:
    """Whether names mean the same within a function: no star import, no `global`, nothing that asks for names."""
    for node in ast.walk(script):
        if isinstance(node, ast.Global) or (isinstance(node, ast.ImportFrom) and node.names[0].name == "*"):
            return False
        if isinstance(node, ast.Name) and node.id in ("globals", "locals", "vars", "exec", "eval", SCRIPT):
            return False
    return True


def _called(script: ast.Module, data: Mapping[str, str], gives_last: bool = True) -> str:
    """The script as a function of these names, and a call on the data. gives_last: it returns the script's last value."""
    body = [*_without_guard(script.body)]
    body = _with_last(body) if gives_last else body
    stored = {node.id for node in _own_names(body) if isinstance(node.ctx, ast.Store)} - data.keys()
    # What a script calls `sum` is the function until then.
    shadowed = [ast.arg(name) for name in sorted(stored & {*dir(builtins)})]
    arguments = ast.arguments(
        [], [ast.arg(name) for name in data], None, shadowed,
        [ast.Name(own.arg, ast.Load()) for own in shadowed], None, [],
    )  # fmt: skip
    function = ast.FunctionDef(SCRIPT, arguments, body or [ast.Pass()], [])
    module = ast.fix_missing_locations(ast.Module([function], []))
    return f"{ast.unparse(module)}\n{SCRIPT}({', '.join(data.values())})"


def _without_guard(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If) and _GUARD.fullmatch(ast.unparse(statement.test)):
            yield from statement.body
        else:
            yield statement


def _own_names(body: list[ast.stmt]) -> Iterator[ast.Name]:
    """The names of statements, without those inside their functions and classes."""
    for statement in body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (node for node in ast.walk(statement) if isinstance(node, ast.Name))


def _with_last(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements that end with what the last of them leaves: the value that it gives a name, what it changes, or its own."""
    for at, statement in enumerate(body[::-1]):
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)])
                | ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))])
                | ast.AugAssign(target=ast.Name(id=name))
            ):
                return [*body, ast.Return(ast.Name(name, ast.Load()))]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))) if (
                method in _CHANGING
            ):
                return [*body, ast.Return(ast.Name(name, ast.Load()))]
            case (
                ast.Expr(value=ast.Call(func=ast.Name(id="print")))
                | ast.For()
                | ast.While()
                | ast.If()
                | ast.With()
            ):
                continue  # what was given a name before may have been filled
            case ast.Expr(value=value) if at == 0:
                return [*body[:-1], ast.Return(value)]
        break
    return body
