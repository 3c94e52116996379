"""Programs that differ from a Python program in one place: inputs that tell them from it tell wrong answers from right ones."""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Callable, Collection, Iterator

Change = Callable[[ast.AST], ast.AST | None]  # changes a node in place, or gives what stands in its place

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
_ONE_WAY = ast.Sub | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow
_NAMES = {
    "min": "max", "max": "min", "any": "all", "all": "any", "startswith": "endswith",
    "endswith": "startswith", "union": "intersection", "intersection": "union", "lstrip": "rstrip", "rstrip": "lstrip",
    "find": "rfind", "index": "count", "keys": "values", "items": "keys", "sum": "len", "len": "sum", "floor": "ceil",
    "ceil": "floor", "isupper": "islower", "islower": "isupper", "isalpha": "isdigit", "isdigit": "isalpha",
}  # fmt: skip
_SYMMETRIC = ("min", "max", "gcd", "lcm", "zip")  # calls whose arguments may change places
_PICKS = re.compile(r"\b(?:most_common|max|min|sort|sorted|nlargest|nsmallest)\(")  # one of equals
_COPIES = ("list", "tuple")  # a copy mostly does what its original does
_OF_ORDER = ("max", "min", "sorted", "nlargest", "nsmallest")  # by a key: without one, what ties is the same


def without_remarks(tree: ast.Module) -> ast.Module:
    """The program without what is printed beside a value that is returned: that decides nothing."""
    quiet = copy.deepcopy(tree)
    for node in ast.walk(quiet):
        block = getattr(node, "body", None)
        if isinstance(block, list) and block and isinstance(block[-1], ast.Return) and block[-1].value:
            block[:] = [statement for statement in block if not ast.unparse(statement).startswith("print(")]
    return quiet


def mutants(tree: ast.Module, most: int, seed: int = 0, kept: Collection[ast.AST] = ()) -> dict[str, int]:
    """Up to `most` programs, each with one change in a function or class: operator, constant, branch, call, statement.

    With the number of the place that is changed; each change of a comparison has a place of its own. kept: what is not changed.
    """
    return programs(tree, _changes, most, seed, kept)


def uncompared(tree: ast.Module, changing: Collection[str], unseen: Collection[str]) -> set[ast.AST]:
    """What of classes decides nothing: prints of methods that change their object, which are remarks, and methods that no session calls."""
    methods = [
        item
        for node in tree.body if isinstance(node, ast.ClassDef)
        for item in node.body if isinstance(item, ast.FunctionDef)
    ]  # fmt: skip
    found: list[ast.AST] = [method for method in methods if method.name in unseen]
    found += [
        node
        for method in methods
        if method.name in changing
        for node in ast.walk(method)
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("print(")
    ]
    return {part for node in found for part in ast.walk(node)}


def tie_mutants(tree: ast.Module) -> list[str]:
    """Programs that do the same but where things tie: the last of the largest for the first, other order of equals."""
    found = list(programs(tree, _tie_changes, 8, 0))
    if _PICKS.search(ast.unparse(tree)):
        found += programs(tree, _count_changes, 8, 0)
    return found


def search_mutants(tree: ast.Module) -> list[str]:
    """Programs that find the last for the first of what a loop looks for, or put equals in the order of their texts."""
    return list(programs(tree, _search_changes, 2, 0))


def programs(
    tree: ast.Module,
    changes: Callable[[ast.AST], Iterator[Change]],
    most: int,
    seed: int,
    kept: Collection[ast.AST] = (),
) -> dict[str, int]:
    inert = _inert(tree) | {*kept}
    places = [
        (at, number)
        for at, node in enumerate(ast.walk(tree))
        if node not in inert
        for number, _ in enumerate(changes(node))
    ]
    random.Random(seed).shuffle(places)
    found: dict[str, int] = {}
    original = ast.unparse(tree)
    for at, number in places:
        if len(found) == most:
            break
        copied = copy.deepcopy(tree)
        node = list(ast.walk(copied))[at]
        instead = list(changes(node))[number](node)
        if instead is not None:
            _Replaced(node, instead).visit(copied)
        source = ast.unparse(ast.fix_missing_locations(copied))
        if source != original:
            found[source] = 100 * at + number if isinstance(node, ast.Compare) else 100 * at
    return found


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


class _Replaced(ast.NodeTransformer):
    def __init__(self, node: ast.AST, instead: ast.AST) -> None:
        self._node, self._instead = node, instead

    def visit(self, node: ast.AST) -> ast.AST:
        return self._instead if node is self._node else self.generic_visit(node)


def _inert(tree: ast.Module) -> set[ast.AST]:
    """What changes no result of a call: the script around the functions, docstrings, annotations, messages of errors."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    inert: set[ast.AST] = {tree}
    for statement in tree.body:
        named = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda)
        if not isinstance(statement, kinds) and not named:
            inert |= set(ast.walk(statement))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inert |= {node, node.value}
        elif isinstance(node, ast.Raise):
            inert |= set(ast.walk(node))
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            inert |= set(ast.walk(node.annotation))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            inert |= set(ast.walk(node.returns))
    return inert


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for operator in _COMPARISONS[type(node.ops[0])]:
                yield _set(node, "ops", [operator(), *node.ops[1:]])
            if len(node.ops) > 1:
                last = _COMPARISONS[type(node.ops[-1])][0]
                yield _set(node, "ops", [*node.ops[:-1], last()])
        case ast.BinOp() if type(node.op) in _OPERATORS:
            yield _set(node, "op", _OPERATORS[type(node.op)]())
            if isinstance(node.op, _ONE_WAY):
                yield _replace(ast.BinOp(node.right, node.op, node.left))
        case ast.AugAssign() if type(node.op) in _OPERATORS:
            yield _set(node, "op", _OPERATORS[type(node.op)]())
            yield _replace(ast.Pass())
        case ast.BoolOp():
            yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
            yield from (_replace(value) for value in node.values[:2])
        case ast.UnaryOp():
            yield _replace(node.operand)
        case ast.Constant():
            yield from _constant_changes(node)
        case ast.Call():
            yield from _call_changes(node)
        case ast.Subscript() if isinstance(node.slice, ast.Slice):
            yield _replace(node.value)
        case _:
            yield from _flow_changes(node)


def _flow_changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If() | ast.IfExp():
            yield _set(node, "test", ast.Constant(False))
            yield _set(node, "test", ast.Constant(True))
        case ast.comprehension() if node.ifs:
            yield _set(node, "ifs", [])
        case ast.For():
            yield _set(node, "iter", _slice(node.iter, None, -1))
        case ast.Break() | ast.Continue():
            yield _replace(ast.Pass())
        case ast.Expr() if isinstance(node.value, ast.Call):
            yield _replace(ast.Pass())


def _constant_changes(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield _set(node, "value", not value)
    elif isinstance(value, int | float):
        yield _set(node, "value", value + 1)
        if value > 0:
            yield _set(node, "value", value - 1)
    elif isinstance(value, str):
        yield _set(node, "value", value[:-1] if "x" in value else value + "x")


def _call_changes(node: ast.Call) -> Iterator[Change]:
    function = node.func
    name = called(node)
    if name in _NAMES:
        field = "id" if isinstance(function, ast.Name) else "attr"
        yield set_inside(field, _NAMES[name])
    if len(node.args) >= 2 and name not in _SYMMETRIC:
        yield _set(node, "args", [node.args[1], node.args[0], *node.args[2:]])
    if len(node.args) == 1 and isinstance(function, ast.Name) and name not in _COPIES:
        yield _replace(node.args[0])
    if not node.args and isinstance(function, ast.Attribute):
        yield _replace(function.value)
    for at, keyword in enumerate(node.keywords):
        if keyword.arg in ("key", "reverse"):
            yield _set(node, "keywords", node.keywords[:at] + node.keywords[at + 1 :])


def _tie_changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.If) and keeps_best(node):
        for part in node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]:
            if isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                yield _loosened(node, part)
    if isinstance(node, ast.Call) and node.args:
        name = called(node)
        by_key = any(keyword.arg == "key" and not _parts_in_two(keyword.value) for keyword in node.keywords)
        if name in _OF_ORDER and by_key:
            backwards = _slice(node.args[-1], None, None, -1)
            yield _set(node, "args", [*node.args[:-1], backwards])


def _parts_in_two(key: ast.expr) -> bool:
    """Whether a key puts items in two groups, vowels before others: their order in each is what is asked for, and no tie."""
    body = key.body if isinstance(key, ast.Lambda) else key
    asked = getattr(body.func if isinstance(body, ast.Call) else body, "attr", "")  # `str.isupper`
    is_negated = isinstance(body, ast.UnaryOp) and isinstance(body.op, ast.Not)
    return asked.startswith("is") or is_negated or isinstance(body, ast.Compare)


def _count_changes(node: ast.AST) -> Iterator[Change]:
    """Counts from the other end, or in the order of texts: the counts are the same, and of equal ones another comes first."""
    if isinstance(node, ast.Call) and called(node) == "Counter" and len(node.args) == 1:
        yield _set(node, "args", [_slice(node.args[0], None, None, -1)])
        by_text = ast.keyword("key", ast.Name("str", ast.Load()))
        yield _set(node, "args", [ast.Call(ast.Name("sorted", ast.Load()), node.args, [by_text])])


def _search_changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.For) and _gives_item(node):
        yield _set(node, "iter", _slice(node.iter, None, None, -1))
    if isinstance(node, ast.Call) and called(node) == "sorted" and node.keywords:
        by_text = ast.keyword("key", ast.Name("str", ast.Load()))
        yield _set(node, "args", [ast.Call(node.func, node.args, [by_text])])


def _gives_item(loop: ast.For) -> bool:
    """Whether a loop returns what it finds, or its place: then another may be found from the other end."""
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    returned = [node.value for node in ast.walk(loop) if isinstance(node, ast.Return) and node.value]
    slices = [
        {id(part) for part in ast.walk(node)}
        for value in returned
        for node in ast.walk(value)
        if isinstance(node, ast.Slice)
    ]
    cut = set().union(*slices)
    return any(
        isinstance(node, ast.Name) and node.id in names and id(node) not in cut
        for value in returned
        for node in ast.walk(value)
    )


def _loosened(node: ast.If, part: ast.Compare) -> Change:
    """`a > b` in a test as `a >= b`, and the other way round."""
    other = ast.Compare(part.left, [_COMPARISONS[type(part.ops[0])][0](), *part.ops[1:]], part.comparators)
    if not isinstance(node.test, ast.BoolOp):
        return _set(node, "test", other)
    values = [other if value is part else value for value in node.test.values]
    return _set(node, "test", ast.BoolOp(node.test.op, values))


def keeps_best(node: ast.If) -> bool:
    """Whether this is a step of a search: a comparison with the best so far, which it then replaces, or of names of which it returns one."""
    compared = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
    changed = {id(part.target) for part in ast.walk(node) if isinstance(part, ast.AugAssign)}  # no replacing
    stored = {
        part.id
        for statement in node.body
        for part in ast.walk(statement)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and id(part) not in changed
    }
    first = node.body[0]
    returned = first.value.id if isinstance(first, ast.Return) and isinstance(first.value, ast.Name) else ""
    constants = any(isinstance(part, ast.Constant) for part in ast.walk(node.test))
    # `if n > limit: return n` is no such step: nothing is taken in its place.
    chosen = returned in compared and bool(node.orelse) and not constants
    return bool(compared & stored) or chosen


def _slice(node: ast.expr, lower: int | None, upper: int | None, step: int | None = None) -> ast.expr:
    """`list(node)[lower:upper:step]`."""
    bounds = [None if bound is None else ast.Constant(bound) for bound in (lower, upper, step)]
    items = ast.Call(ast.Name("list", ast.Load()), [node], [])
    return ast.Subscript(items, ast.Slice(*bounds), ast.Load())


def _set(_: ast.AST, name: str, value: object) -> Change:
    return lambda node: setattr(node, name, value)


def set_inside(name: str, value: str) -> Change:
    return lambda node: setattr(node.func, name, value)  # type: ignore[attr-defined]


def _replace(instead: ast.AST) -> Change:
    return lambda _: instead
