"""Programs whose functions make a usual mistake: ignore case or signs, leave out an item, forget a call."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator

from src.evaluation.differential.inputs.mutants import Change, called, programs, set_inside
from src.languages.syntax import parse_python

# What a function with a usual mistake does to an argument before all else: to a text, a list or a number.
_IGNORES_CASE = (
    "{0} = {0}.lower() if isinstance({0}, str)"
    " else [x.lower() if isinstance(x, str) else x for x in {0}] if isinstance({0}, list) else {0}"
)
_MISTAKES = (
    _IGNORES_CASE,
    "{0} = {0}[1:] if isinstance({0}, (str, list)) else {0}",
    "{0} = {0}[:-1] if isinstance({0}, (str, list)) else {0}",
    "{0} = ''.join(x for x in {0} if x.isalnum() or x == ' ') if isinstance({0}, str)"
    " else [x for i, x in enumerate({0}) if x not in {0}[:i]] if isinstance({0}, list) else {0}",
    # Counts no further than two.
    "{0} = [x for i, x in enumerate({0}) if {0}[:i].count(x) < 2] if isinstance({0}, list) else"
    " ' '.join(x for i, x in enumerate({0}.split()) if {0}.split()[:i].count(x) < 2) if isinstance({0}, str) else {0}",
    # Takes equal neighbours for a step down.
    "{0} = [x - i / 1e6 for i, x in enumerate({0})]"
    " if isinstance({0}, list) and all(isinstance(x, int) for x in {0}) else {0}",
    # Takes 0 and the empty text for nothing.
    "{0} = [x for x in {0} if x] if isinstance({0}, list) else {0}",
    "{0} = sorted({0}) if isinstance({0}, list) else int({0}) if isinstance({0}, float) else {0}",
)
_CASES = {"upper": "lower", "lower": "upper", "title": "capitalize", "capitalize": "upper"}
_BOUNDS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt
}  # fmt: skip
_WEAKER: tuple[dict[type[ast.cmpop], type[ast.cmpop]], ...] = ({ast.Eq: ast.LtE}, {ast.Eq: ast.GtE})
_DROPPED = (
    "lower",
    "upper",
    "casefold",
    "strip",
    "replace",
    "abs",
    "round",
    "title",
    "capitalize",
)  # calls that a mistake forgets


def mistaken(tree: ast.Module, functions: Iterable[str]) -> list[str]:
    """Programs whose functions make a usual mistake: ignore case, signs or doubles, leave out the first item or the last.

    They may well do the same as the program: of texts compared in lower case, `upper` is as good.
    """
    found = list(programs(tree, _case_changes, 4, 0))
    found += [
        ast.unparse(_WithoutCalls(name).visit(copy.deepcopy(tree)))
        for name in _DROPPED
        if _calls_often(tree, name)
    ]
    found += [ast.unparse(_OtherBounds(bounds).visit(copy.deepcopy(tree))) for bounds in (_BOUNDS, *_WEAKER)]
    for at, node in enumerate(tree.body):
        if not isinstance(node, ast.FunctionDef) or node.name not in functions:
            continue
        names = [parameter.arg for parameter in node.args.args]
        starts = [mistake.format(name) for name in names[:2] for mistake in _MISTAKES]
        starts.append("\n".join(map(_IGNORES_CASE.format, names)))  # of all arguments
        for start in starts:
            copied, added = copy.deepcopy(tree), parse_python(start)
            assert added
            copied.body[at].body[:0] = added.body  # type: ignore[attr-defined]
            found.append(ast.unparse(copied))
    return found


def _calls_often(tree: ast.Module, name: str) -> bool:
    """Whether it is called in more than one place: one place alone is a mutant's."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sum(called(call) == name for call in calls) > 1


class _OtherBounds(ast.NodeTransformer):
    """Turns each `<` to `<=` and the reverse, all at once: of several, one alone may change nothing. Of sets, a part is not the same."""

    def __init__(self, bounds: dict[type[ast.cmpop], type[ast.cmpop]]) -> None:
        self._bounds = bounds

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        node.ops = [self._bounds.get(type(operator), type(operator))() for operator in node.ops]
        return node


class _WithoutCalls(ast.NodeTransformer):
    """Leaves out all calls of one name: `text.lower()` is `text`, `abs(n)` is `n`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if called(node) != self._name:
            return node
        if isinstance(node.func, ast.Attribute):
            return node.func.value
        return node.args[0] if node.args else node


def _case_changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CASES:
        yield set_inside("attr", _CASES[node.func.attr])
