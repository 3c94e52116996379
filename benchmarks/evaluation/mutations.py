"""Changes Python programs: mutants that behave otherwise, rewrites that behave the same."""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Callable, Iterator

from src.evaluation.differential.inside.rewriting import WORDING_BEGINS, WORDING_ENDS, rewritten

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
_MIRROR: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "sum": "len"}


def mutants(source: str, count: int, seed: int) -> list[str]:
    """Up to `count` programs that differ from `source` in one place that runs something."""
    tree = ast.parse(source)
    places = [(at, kind) for at, node in enumerate(ast.walk(tree)) if (kind := _mutation(node, tree))]
    random.Random(seed).shuffle(places)
    found: list[str] = []
    for at, _ in places[: 3 * count]:
        changed = copy.deepcopy(tree)
        node = list(ast.walk(changed))[at]
        change = _mutation(node, changed)
        assert change is not None
        change()
        mutant = ast.unparse(ast.fix_missing_locations(changed))
        if mutant != ast.unparse(tree) and mutant not in found:
            found.append(mutant)
        if len(found) == count:
            break
    return found


def changes_functions(source: str, mutant: str) -> bool:
    """Whether the mutant's functions and classes are others, or read a name that the changed script makes."""
    (definitions, script), (others, _) = _parted(source), _parted(mutant)
    if [ast.dump(node) for node in definitions] != [ast.dump(node) for node in others]:
        return True
    if any(isinstance(node, ast.Lambda) for part in script for node in ast.walk(part)):
        return True
    own = _names(definitions, ast.Store) | {
        node.arg for part in definitions for node in ast.walk(part) if isinstance(node, ast.arg)
    }
    return bool(_names(script, ast.Store) & (_names(definitions, ast.Load) - own))


def without_wording(source: str) -> str:
    """A program without the words that it prints around data, as the differential run sees them."""
    text = ast.unparse(rewritten(source)[0])
    begins, ends = (ascii(mark).strip("'") for mark in (WORDING_BEGINS, WORDING_ENDS))
    return re.sub(rf"{re.escape(begins)}.*?{re.escape(ends)}|{WORDING_BEGINS}.*?{WORDING_ENDS}", "", text)


def _parted(source: str) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Top-level definitions, and the rest."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    body = ast.parse(source).body
    return [n for n in body if isinstance(n, kinds)], [n for n in body if not isinstance(n, kinds)]


def _names(nodes: list[ast.stmt], context: type[ast.expr_context]) -> set[str]:
    every = (node for part in nodes for node in ast.walk(part))
    return {node.id for node in every if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _mutation(node: ast.AST, tree: ast.Module) -> Callable[[], None] | None:
    """What changes `node` in place; None where there is nothing to change."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS and not _is_guard(node):
        return lambda: node.ops.__setitem__(0, _COMPARISONS[type(node.ops[0])]())
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return lambda: setattr(node, "op", _OPERATORS[type(node.op)]())
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _CALLS
        and not node.keywords
    ):
        function = node.func
        return lambda: setattr(function, "id", _CALLS[function.id])
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        return lambda: setattr(node, "value", ast.Constant(None))
    if isinstance(node, ast.Constant) and node not in _inert_constants(tree):
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool):
            return lambda: setattr(node, "value", value + 1)
        if isinstance(value, str) and value:
            return lambda: setattr(node, "value", value + "x")
    return None


def _is_guard(node: ast.Compare) -> bool:
    return isinstance(node.left, ast.Name) and node.left.id == "__name__"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _inert_constants(tree: ast.Module) -> set[ast.AST]:
    """Docstrings and bare strings, the guard's string, messages of exceptions: they change no result."""
    inert: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inert.add(node.value)
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Compare) and _is_guard(node)):
            inert |= set(ast.walk(node))
    return inert


def rewrites(source: str) -> Iterator[tuple[str, str]]:
    """(kind, program) for each rewrite that applies: same behaviour, other text."""
    original = ast.unparse(ast.parse(source))
    together = ast.parse(source)
    for kind, rewrite in _REWRITES.items():
        together = ast.fix_missing_locations(rewrite(together))
        changed = ast.unparse(ast.fix_missing_locations(rewrite(ast.parse(source))))
        if changed != original:
            yield kind, changed
    yield "all together", ast.unparse(together)


def _renamed(tree: ast.Module) -> ast.Module:
    """Locals of each function under other names; parameters too where no call names them."""
    by_keyword = {k.arg for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords}
    nested = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        inside = list(ast.walk(function))
        if any(isinstance(n, ast.Global | ast.Nonlocal) for n in inside):
            continue
        if any(isinstance(n, nested) for n in inside if n is not function):
            continue
        names = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names |= {a.arg for a in function.args.args if a.arg not in ("self", "cls")}
        names -= {str(name) for name in by_keyword}
        _rename(inside, names)
    return tree


def _rename(nodes: list[ast.AST], names: set[str]) -> None:
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in names:
            node.id = f"{node.id}_renamed"
        elif isinstance(node, ast.arg) and node.arg in names:
            node.arg = f"{node.arg}_renamed"
        elif isinstance(node, ast.ExceptHandler) and node.name in names:
            node.name = f"{node.name}_renamed"


def _with_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is None:
            node.body.insert(0, ast.Expr(ast.Constant("Does what its name says.")))
    return tree


class _LoopForComprehension(ast.NodeTransformer):
    """`x = [f(i) for i in y if p]` and `return [...]` as loops that append."""

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        target = node.targets[0]
        if (
            isinstance(node.value, ast.ListComp)
            and isinstance(target, ast.Name)
            and len(node.value.generators) == 1
        ):
            reads = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            if target.id not in reads:
                return _as_loop(node.value, target.id)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        if isinstance(node.value, ast.ListComp) and len(node.value.generators) == 1:
            last = ast.Return(ast.Name("collected", ast.Load()))
            return [*_as_loop(node.value, "collected"), last]
        return node


def _as_loop(comprehension: ast.ListComp, name: str) -> list[ast.stmt]:
    part = comprehension.generators[0]
    append = ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load())
    body: list[ast.stmt] = [ast.Expr(ast.Call(append, [comprehension.elt], []))]
    for condition in reversed(part.ifs):
        body = [ast.If(condition, body, [])]
    start = ast.Assign([ast.Name(name, ast.Store())], ast.List([], ast.Load()))
    return [start, ast.For(part.target, part.iter, body, [])]


class _ComprehensionForLoop(ast.NodeTransformer):
    """A loop that only appends, as `x.extend([...])`."""

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        call = node.body[0].value if isinstance(node.body[0], ast.Expr) else None
        plain = len(node.body) == 1 and not node.orelse and isinstance(call, ast.Call) and len(call.args) == 1
        if not plain or not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return node
        name = call.func.value
        if call.func.attr != "append" or not isinstance(name, ast.Name):
            return node
        if name.id in {
            n.id for part in (call.args[0], node.iter) for n in ast.walk(part) if isinstance(n, ast.Name)
        }:
            return node
        part = ast.comprehension(node.target, node.iter, [], 0)
        call.func.attr, call.args = "extend", [ast.ListComp(call.args[0], [part])]
        return node.body[0]


class _NegatedConditions(ast.NodeTransformer):
    """`if a: x else: y` as `if not a: y else: x`."""

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if not node.orelse or (len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)):
            return node
        return ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)


class _NamedResults(ast.NodeTransformer):
    """`return f(x)` as `result = f(x)` and `return result`."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        scoped = any(isinstance(n, ast.FunctionDef | ast.Lambda) for n in ast.walk(node) if n is not node)
        return node if "outcome" in names or scoped else self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        if node.value is None or isinstance(node.value, ast.Constant | ast.Name):
            return node
        return [
            ast.Assign([ast.Name("outcome", ast.Store())], node.value),
            ast.Return(ast.Name("outcome", ast.Load())),
        ]


class _WrittenOutAdditions(ast.NodeTransformer):
    """`x += 1` as `x = x + 1`, for numbers, which have no other way to be added to."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        number = isinstance(node.value, ast.Constant) and type(node.value.value) in (int, float)
        if not number or not isinstance(node.target, ast.Name):
            return node
        read = ast.Name(node.target.id, ast.Load())
        return ast.Assign([node.target], ast.BinOp(read, node.op, node.value))


def _guarded(tree: ast.Module) -> ast.Module:
    """What follows the last definition under `if __name__ == "__main__"`."""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    last = max((at for at, node in enumerate(tree.body) if isinstance(node, kinds)), default=-1)
    if last in (-1, len(tree.body) - 1) or any(isinstance(n, ast.If) and _guards(n) for n in tree.body):
        return tree
    guard = ast.parse("if __name__ == '__main__':\n    pass").body[0]
    assert isinstance(guard, ast.If)
    guard.body = tree.body[last + 1 :]
    tree.body[last + 1 :] = [guard]
    return tree


def _guards(node: ast.If) -> bool:
    return isinstance(node.test, ast.Compare) and _is_guard(node.test)


class _MirroredComparisons(ast.NodeTransformer):
    """`a < b` as `b > a`."""

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        simple = all(isinstance(part, ast.Name | ast.Constant) for part in (node.left, node.comparators[0]))
        if len(node.ops) == 1 and type(node.ops[0]) in _MIRROR and simple and not _is_guard(node):
            return ast.Compare(node.comparators[0], [_MIRROR[type(node.ops[0])]()], [node.left])
        return node


_REWRITES: dict[str, Callable[[ast.Module], ast.Module]] = {
    "renamed locals": _renamed,
    "added docstrings": _with_docstrings,
    "loop for comprehension": lambda tree: _LoopForComprehension().visit(tree),
    "comprehension for loop": lambda tree: _ComprehensionForLoop().visit(tree),
    "mirrored comparisons": lambda tree: _MirroredComparisons().visit(tree),
    "negated conditions": lambda tree: _NegatedConditions().visit(tree),
    "named results": lambda tree: _NamedResults().visit(tree),
    "written-out additions": lambda tree: _WrittenOutAdditions().visit(tree),
    "main guard": _guarded,
}
