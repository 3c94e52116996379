"""Kinds of arguments: examples of each, and the evidence for a kind in a function's source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from src.evaluation.differential.inputs.forms.pools import ANY, FUNCTIONS, POOLS
from src.evaluation.differential.inputs.known.constants import keys_of_items
from src.evaluation.differential.inputs.parameter_names import is_of_texts, kinds_of_name

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _inverted(words_by_kind: dict[str, str]) -> dict[str, str]:
    return {word: kind for kind, words in words_by_kind.items() for word in words.split()}


_METHODS = _inverted({
    "str": "split lower upper strip replace isalpha isdigit isalnum startswith endswith capitalize title swapcase"
    " encode join splitlines isupper islower find",
    "list[int]": "append sort reverse extend insert remove",
    "dict": "items keys values get update setdefault",
    "set": "union intersection difference issubset add",
})  # fmt: skip
_ANNOTATIONS = _inverted({
    "int": "int", "float": "float", "str": "str", "bool": "bool", "dict": "dict Dict", "tuple": "tuple Tuple",
    "set": "set Set", "list[int]": "list List list[int] List[int] Sequence[int]", "list[str]": "list[str] List[str]",
    "list[float]": "list[float] List[float]", "matrix": "list[list[int]] List[List[int]]",
})  # fmt: skip
_CALLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("range", "sqrt", "str", "bin", "chr", "hex"), ("int",)),
    "abs": ("int", "float"), "int": ("text number", "int"), "ord": ("str",), "sum": ("list[int]",),
}  # fmt: skip
_OF_ITEMS = ("len", "enumerate", "sorted", "reversed", "sum", "set", "any", "all")
_SCALARS = ("int", "float", "bool")
_ARITHMETIC = ast.Mod | ast.FloorDiv | ast.Div | ast.Sub | ast.Pow | ast.Mult | ast.BitAnd


def likely_kinds(function: Function, parameter: ast.arg, described: str = "") -> list[str]:
    """Kinds that a parameter may be of, the likeliest first: by annotation, methods called, `described`, other use, name.

    described: the kind that the task's text gives, "list" where it does not say of what.
    """
    found: list[str] = []
    if parameter.annotation is not None:
        kind = _ANNOTATIONS.get(ast.unparse(parameter.annotation).replace("typing.", ""))
        found += [kind] if kind else []
    found += _kind_of_default(function, parameter)
    nodes = list(ast.walk(function))
    if is_opened(nodes, parameter.arg):
        return ["file"]
    called = _called_with(nodes, parameter.arg)
    if called is not None:
        return [f"function of {min(called, len(FUNCTIONS) - 1)}"]
    found += ["bool"] if _is_condition(nodes, parameter.arg) else []
    names = [parameter.arg, *_copies(nodes, parameter.arg)]
    found += [kind for node in nodes for name in names for kind in _kinds_of_method(node, name)]
    found += ["pair"] if is_pair(nodes, parameter.arg) else []
    of_rows = described.startswith(("list", "matrix")) or kinds_of_name(parameter.arg)[:1] == ["matrix"]
    found += ["dict[dict]"] if _is_nested(nodes, parameter.arg) and not of_rows else []
    found += ["list[dict]"] if keys_of_items(nodes, parameter.arg) else []
    found += ["list[str]"] if _holds_texts(nodes, parameter.arg) else []
    found += ["dict[str]"] if _has_text_values(nodes, parameter.arg) else []
    found += ["list[bool]"] if described == "list" and re.search("bool|flags", parameter.arg.lower()) else []
    found += [described] if described in POOLS else []
    found += [kind for node in nodes for kind in _kinds_of_use(node, parameter.arg)]
    found += ["int"] if _is_added(nodes, parameter.arg) else []
    found += ["list[pair]"] if _holds_pairs(nodes, parameter.arg) else []
    found += kinds_of_name(parameter.arg)
    if "str" in found and found[0] not in ("str", "int", "float", described):
        found.insert(1, "str")
    ranked = list(dict.fromkeys([*found, *ANY]))
    if ranked[0] == "list[int]" and parameter.annotation is None and is_of_texts(parameter.arg):
        ranked.insert(0, "list[str]")
    if described == "list":
        ranked.sort(key=lambda kind: not kind.startswith("list"))
    return [kind for kind in ranked if kind not in _SCALARS] if _is_iterated(nodes, parameter.arg) else ranked


def _kind_of_default(function: Function, parameter: ast.arg) -> list[str]:
    """The kind of the number, text or bool that a parameter is where it is left out."""
    every, defaults = [*function.args.posonlyargs, *function.args.args], function.args.defaults
    own = dict(zip([p.arg for p in every][len(every) - len(defaults) :], defaults, strict=True))
    default = own.get(parameter.arg)
    kind = type(default.value).__name__ if isinstance(default, ast.Constant) else ""
    return [kind] if kind in ("int", "float", "str", "bool") else []


def _called_with(nodes: list[ast.AST], name: str) -> int | None:
    """With how many values a parameter is called that is a function; None where it is none."""
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        if _is_name(node.func, name):
            return len(node.args)
        if ast.unparse(node.func) in ("map", "filter", "reduce", "functools.reduce") and _is_name(
            node.args[0], name
        ):
            return 2 if "reduce" in ast.unparse(node.func) else len(node.args) - 1
        if any(keyword.arg == "key" and _is_name(keyword.value, name) for keyword in node.keywords):
            return 1
    return None


def is_opened(nodes: Iterable[ast.AST], name: str) -> bool:
    """Whether `name` is the name of a file to be read: `open(name)`, `Path(name)`."""
    calls = [
        node for node in nodes if isinstance(node, ast.Call) and node.args and _is_name(node.args[0], name)
    ]
    return any(
        ast.unparse(call.func) in ("open", "io.open", "codecs.open", "Path", "pathlib.Path") for call in calls
    )


def _copies(nodes: list[ast.AST], name: str) -> list[str]:
    """Names that a copy of `name` is given to: `rest = list(name)`."""
    ways = {name, f"list({name})", f"dict({name})", f"set({name})", f"{name}.copy()", f"{name}[:]"}
    assigned = [node for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node.value) in ways]
    return [node.targets[0].id for node in assigned if isinstance(node.targets[0], ast.Name)]


def is_pair(nodes: list[ast.AST], name: str) -> bool:
    """Whether it is only taken apart: `x, y = name`, or `name[0]` and `name[1]`."""
    parts: set[object] = set()
    uses = 0
    for node in nodes:
        uses += _is_name(node, name)
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and _is_name(node.value, name)
        ):
            parts |= set(range(len(node.targets[0].elts)))
            uses -= 1
        elif (
            isinstance(node, ast.Subscript)
            and _is_name(node.value, name)
            and isinstance(node.slice, ast.Constant)
        ):
            parts.add(node.slice.value)
            uses -= 1
    return parts == {0, 1} and uses == 0


def _is_condition(nodes: list[ast.AST], name: str) -> bool:
    """Whether a parameter is only asked whether it holds: `if urgent`, `not urgent`."""
    tests = [node.test for node in nodes if isinstance(node, ast.If | ast.IfExp | ast.While)]
    tests += [
        node.operand for node in nodes if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    ]
    tests += [part for node in nodes if isinstance(node, ast.BoolOp) for part in node.values]
    asked = sum(_is_name(test, name) for test in tests)
    return asked > 0 and asked == sum(_is_name(node, name) for node in nodes)


def _is_nested(nodes: list[ast.AST], name: str) -> bool:
    """Whether a key is looked up in what a key gives: `b in name[a]` and `name[a][b]`, or `name.get(a, {}).get(b)`."""
    tests = [n for n in nodes if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.In | ast.NotIn)]
    inner: list[ast.AST] = [node.comparators[0] for node in tests]
    if tests:
        inner += [n.value for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Name)]
    keyed = [n for n in inner if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Name)]
    gets = [
        n.value.func
        for n in nodes
        if isinstance(n, ast.Attribute) and n.attr == "get" and isinstance(n.value, ast.Call)
    ]
    return any(_is_name(n.value, name) for n in keyed) or any(
        isinstance(n, ast.Attribute) and n.attr == "get" and _is_name(n.value, name) for n in gets
    )


def _holds_texts(nodes: list[ast.AST], name: str) -> bool:
    """Whether its items are used as texts: `for x in name: x.lower()`, `name[0].split()`."""
    items = {
        node.target.id
        for node in nodes
        if isinstance(node, ast.For | ast.comprehension)
        and isinstance(node.target, ast.Name)
        and (
            _is_name(node.iter, name)
            or (isinstance(node.iter, ast.Subscript) and _is_name(node.iter.value, name))
        )
    }
    methods = [node for node in nodes if isinstance(node, ast.Attribute) and _METHODS.get(node.attr) == "str"]
    # of more than one letter: a text is gone through letter by letter
    words = [
        node
        for node in methods
        if node.attr in ("startswith", "endswith", "split", "capitalize", "title", "strip")
    ]
    return any(
        (isinstance(node.value, ast.Name) and node.value.id in items)
        or (
            isinstance(node.value, ast.Subscript)
            and _is_name(node.value.value, name)
            and isinstance(node.value.slice, ast.Constant)
        )
        for node in words
    )


def _has_text_values(nodes: list[ast.AST], name: str) -> bool:
    """Whether the values of a dictionary are used as texts: `for key, value in name.items(): len(value)`, or `value.lower()`."""
    values = {
        node.target.elts[1].id
        for node in nodes
        if isinstance(node, ast.For | ast.comprehension)
        and ast.unparse(node.iter) == f"{name}.items()"
        and isinstance(node.target, ast.Tuple)
        and len(node.target.elts) > 1
        and isinstance(node.target.elts[1], ast.Name)
    }
    return any(
        (
            isinstance(node, ast.Attribute)
            and _METHODS.get(node.attr) == "str"
            and ast.unparse(node.value) in values
        )
        or (isinstance(node, ast.Call) and ast.unparse(node) in {f"len({value})" for value in values})
        for node in nodes
    )


def _is_iterated(nodes: list[ast.AST], name: str) -> bool:
    """Whether it has items: a loop goes through them, or they are counted, sorted or taken by their places."""
    for node in nodes:
        if isinstance(node, ast.For | ast.comprehension) and _is_name(node.iter, name):
            return True
        if isinstance(node, ast.Subscript) and _is_name(node.value, name):
            return True
        of_it = isinstance(node, ast.Call) and len(node.args) == 1 and _is_name(node.args[0], name)
        if of_it and ast.unparse(node.func) in _OF_ITEMS:  # type: ignore[attr-defined]
            return True
    return False


def _holds_pairs(nodes: list[ast.AST], name: str) -> bool:
    """Whether its items are taken apart: `for day, value in name`."""
    loops = [node for node in nodes if isinstance(node, ast.For | ast.comprehension)]
    return any(
        _is_name(loop.iter, name) and isinstance(loop.target, ast.Tuple) and len(loop.target.elts) == 2
        for loop in loops
    )


def _is_added(nodes: list[ast.AST], name: str) -> bool:
    """Whether points are those of a game: they are added, compared or put beside something, and have no items."""
    parts = [
        part
        for n in nodes
        for part in (
            (n.left, n.right) if isinstance(n, ast.BinOp)
            else (n.value,) if isinstance(n, ast.AugAssign)
            else (n.left, *n.comparators) if isinstance(n, ast.Compare)
            else n.elts if isinstance(n, ast.Tuple)
            else ()
        )
    ]  # fmt: skip
    return (
        any(_is_name(part, name) for part in parts)
        and kinds_of_name(name)[:1] == ["list[pair]"]
        and not _is_iterated(nodes, name)
    )


def _kinds_of_method(node: ast.AST, name: str) -> tuple[str, ...]:
    """The kind whose method `name.method` this is."""
    is_method = isinstance(node, ast.Attribute) and _is_name(node.value, name)
    return (_METHODS[node.attr],) if is_method and node.attr in _METHODS else ()  # type: ignore[attr-defined]


def _kinds_of_use(node: ast.AST, name: str) -> tuple[str, ...]:
    """Kinds that this use of `name` suggests."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        if ast.unparse(node) == f"zip(*{name})":
            return ("matrix",)
        return _CALLS.get(node.func.id, ()) if _is_name(node.args[0], name) else ()
    if isinstance(node, ast.Call) and node.args and _is_name(node.args[0], name):
        way = ast.unparse(node)
        return ("date",) if "fromisoformat(" in way or "%Y-%m-%d" in way else ()
    if isinstance(node, ast.Dict) and None in node.keys:  # `{**name}`
        return ("dict",) if any(_is_name(value, name) for value in node.values) else ()
    if isinstance(node, ast.BinOp) and (_is_name(node.left, name) or _is_name(node.right, name)):
        return ("int",) if isinstance(node.op, _ARITHMETIC) else ()
    if isinstance(node, ast.Compare) and any(_is_name(side, name) for side in (node.left, *node.comparators)):
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Call) and ast.unparse(side.func) == "len" for side in sides):
            return ("int",)
        orders = ast.Lt | ast.LtE | ast.Gt | ast.GtE
        if any(isinstance(side, ast.Attribute) for side in sides) and isinstance(node.ops[0], orders):
            return ("int",)
    if isinstance(node, ast.AugAssign) and _is_name(node.value, name):
        return ("int",) if isinstance(node.op, _ARITHMETIC) else ()
    if isinstance(node, ast.Compare) and _is_name(node.left, name):
        constants = [type(c.value) for c in node.comparators if isinstance(c, ast.Constant)]
        return ("int",) if {int, float} & {*constants} else ("str",) if str in constants else ()
    return ()


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
