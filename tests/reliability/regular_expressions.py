"""Collects every regular expression of the sources, and texts on which a careless one takes quadratic time or worse."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = {"compile", "search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split"}
NAME = "count"  # stands for a name that the sources put into a pattern at run time

GENERIC = (
    "a", " ", "\n", " \n", "\t", "a ", "a\n", "A", "1", "1,", "-", '"', "'", "\\", '\\"', "()", "(", ")", "[", "{", "<",
    "<!-- x -->\n", "<!--", "<a ", "/*", "// x\n", "#", "```\n", "`", "a.", "a(", "$a", "=", ",", ";", ":", "a=1;", "_",
)  # fmt: skip
UNITS = 4  # characters of a class that are repeated
SUFFIXES = ("", "\0\n!")  # the second matches hardly anything


@dataclass(frozen=True)
class Regex:
    """A regular expression, and how the code applies it."""

    place: str
    pattern: str
    flags: int
    methods: frozenset[str]  # match, fullmatch, search, or scan: all matches in the text


# Expressions that are put together at run time: the module and source text of each, and where to find them.
TABLES = {
    ("evaluation/execution/judge.py", "pattern"): "_ERROR_KINDS",
    ("languages/cpp.py", "pattern"): "_HEADERS_ON_SIGHT",
    ("evaluation/differential/inputs/parameter_names.py", "pattern"): "_NAMES",
    ("evaluation/differential/inputs/preconditions/relations.py", "pattern"): "SPOKEN",
    ("evaluation/differential/inputs/preconditions/scope.py", "SPOKEN['signs']"): "SPOKEN",
    ("evaluation/differential/inputs/forms/examples.py", "pattern"): "_EXAMPLES",
    ("report/formatting.py", "pattern"): "DATA_LABELS",
}
MADE_BY_THE_CODE = {
    ("languages/language.py", "self.regex"),  # in `Pattern`, whose calls are collected
    (
        "evaluation/differential/inputs/forms/example_form.py",
        "form",
    ),  # of a text that a task shows: letters, digits and escaped signs
    (
        "evaluation/differential/inputs/stated/units.py",
        "form",
    ),  # of numbers, each with one of a few units
}


def collected(root: Path = ROOT / "src") -> list[Regex]:
    """Every regular expression in the Python files of `root`."""
    files = {
        path: list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(root.rglob("*.py"))
    }
    methods = _methods_by_name(files.values())
    found: list[Regex] = []
    for path, nodes in files.items():
        calls = list(_calls(nodes))
        place = str(path.relative_to(root))
        constants = _constants(nodes) if calls else {}
        for name, call in calls:
            applied = _applied(call, name, methods)
            where, argument = f"{place}:{call.lineno}", call.args[0]
            pattern = _text(argument, constants)
            if pattern is not None:
                found.append(Regex(where, pattern, _flags(call), applied))
            elif name:
                compiled = getattr(_module(place), name)
                found.append(Regex(where, compiled.pattern, compiled.flags & ~re.UNICODE, applied))
            elif (place, ast.unparse(argument)) in TABLES:
                table = getattr(_module(place), TABLES[place, ast.unparse(argument)])
                found += [Regex(f"{where} {key}", text, 0, applied) for key, text in _table(table)]
            elif (place, ast.unparse(argument)) not in MADE_BY_THE_CODE:
                raise AssertionError(f"{where}: {ast.unparse(argument)} is not read: enter it in TABLES")
    return found


def _module(place: str) -> Any:
    return importlib.import_module("src." + place.removesuffix(".py").replace("/", "."))


def _table(table: Any) -> list[tuple[str, str]]:
    """(key, pattern) of the tables of this project: text by key, or tuples with a text at a known place."""
    if isinstance(table, Mapping):
        rows = [(key, value if isinstance(value, tuple) else (value,)) for key, value in table.items()]
        return [(key, row[0] if isinstance(row, tuple) else row) for key, value in rows for row in value]
    return [(f"{at}", row[1] if isinstance(row[1], str) else row[0]) for at, row in enumerate(table)]


def _calls(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.Call]]:
    """Calls that take a pattern, each with the module's name for it or the keyword that it is given as, or ""."""
    calls = [
        node for node in nodes if isinstance(node, ast.Call) and node.args and _function(node) is not None
    ]
    names: dict[int, str] = {}
    if calls:
        assert isinstance(nodes[0], ast.Module)
        names = {
            id(node.value): node.targets[0].id
            for node in nodes[0].body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        names |= {id(node.value): node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
    for call in calls:
        yield names.get(id(call), ""), call


def _function(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id == "re" and function.attr in FUNCTIONS else None
    return "Pattern" if isinstance(function, ast.Name) and function.id == "Pattern" else None


def _applied(call: ast.Call, name: str, methods: Mapping[str, set[str]]) -> frozenset[str]:
    function = _function(call)
    if function == "Pattern" and len(call.args) > 1:
        return frozenset({"search"})  # what has hints
    used = {function} if function not in ("compile", "Pattern") else methods.get(name) if name else None
    return frozenset(
        method if method in ("match", "fullmatch", "search") else "scan" for method in used or {"scan"}
    )


def _methods_by_name(files: Iterable[list[ast.AST]]) -> dict[str, set[str]]:
    """The methods that are called on each name anywhere in the sources."""
    methods: dict[str, set[str]] = {}
    for nodes in files:
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS:
                owner = node.value
                if isinstance(owner, ast.Attribute) and owner.attr == "compiled":
                    owner = owner.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                methods.setdefault(name, set()).add(node.attr)
    return methods


def _constants(nodes: list[ast.AST]) -> dict[str, str]:
    constants: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = _text(node.value, constants, only_constants=True)
            if text is not None:
                constants[node.targets[0].id] = text
    return constants


def _text(node: ast.AST, constants: Mapping[str, str], only_constants: bool = False) -> str | None:
    """The text of a pattern; what a function puts into it is NAME."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.BinOp):
        left, right = _text(node.left, constants), _text(node.right, constants)
        if isinstance(node.op, ast.Mod):
            return left % (right or NAME) if left else None
        return left + right if left is not None and right is not None else None
    if isinstance(node, ast.JoinedStr):
        parts = [_text(v.value if isinstance(v, ast.FormattedValue) else v, constants) for v in node.values]
        return None if only_constants and None in parts else "".join(NAME if p is None else p for p in parts)
    return None


def _flags(call: ast.Call) -> int:
    names = [node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute) and node.attr.isupper()]
    return sum({int(getattr(re, name)) for name in names})


_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_PROBES = "a 1\n.-A_\t,:;=(<[{\"'\\/$#@&|*+>)]}`~!?%^\u4e00"
_CATEGORIES = {
    ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_NOT_DIGIT: r"\D", ops.CATEGORY_SPACE: r"\s", ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w", ops.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def pumps(pattern: str, flags: int) -> Iterator[tuple[str, str]]:
    """(prefix, unit) of texts prefix + unit * n: each open repetition's own, the beginnings of a match, and GENERIC."""
    tree = parser.parse(pattern, flags)
    whole = _matching(tree, 1)
    found: dict[tuple[str, str], None] = {}
    for fewest in (1, 0):
        for prefix, units in _repetitions(tree, "", fewest):
            once = (prefix, prefix + units[0], f"\n{prefix}{units[0]}")
            found |= dict.fromkeys(
                [*((start, unit) for unit in units for start in ("", prefix)), *(("", u) for u in once)]
            )
    found |= dict.fromkeys(("", unit) for unit in (whole, f"{whole}\n", *GENERIC))
    yield from ((prefix, unit) for prefix, unit in found if unit)


def _repetitions(items: Any, prefix: str, fewest: int) -> Iterator[tuple[str, list[str]]]:
    """(what a match begins with, what is repeated) for each repetition without a small bound."""
    for op, value in items:
        if op in _REPEATS:
            _, most, inner = value
            if most > 20:
                yield prefix, list(dict.fromkeys(_units(inner)))
            yield from _repetitions(inner, prefix, fewest)
        for inner in _inner(op, value):
            yield from _repetitions(inner, prefix, fewest)
        prefix += _matching([(op, value)], fewest)


def _inner(op: Any, value: Any) -> list[Any]:
    if op is ops.SUBPATTERN:
        return [value[3]]
    if op is ops.BRANCH:
        return list(value[1])
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [value[1]]
    return [value] if op is ops.ATOMIC_GROUP else []


def _units(items: Any) -> Iterator[str]:
    """Texts that one turn of a repetition matches."""
    yield _matching(items, 1)
    yield _matching(items, 0)
    if len(items) == 1:
        op, value = items[0]
        if op is ops.IN:
            yield from _members(value)[:UNITS]
        elif op in (ops.ANY, ops.NOT_LITERAL):
            yield from (character for character in "a \n1" if op is ops.ANY or ord(character) != value)
        for inner in _inner(op, value):
            yield from _units(inner)


def _members(items: Any) -> list[str]:
    """Characters of a class: what stands in it, then what is in it of _PROBES."""
    negated = items[0][0] is ops.NEGATE
    named = [
        chr(value if op is ops.LITERAL else value[0]) for op, value in items if op in (ops.LITERAL, ops.RANGE)
    ]
    return list(
        dict.fromkeys(c for c in (*_PROBES[:4], *named, *_PROBES) if _in_class(c, items[negated:]) != negated)
    )


def _in_class(character: str, items: Any) -> bool:
    return any(
        (op is ops.LITERAL and ord(character) == value)
        or (op is ops.RANGE and value[0] <= ord(character) <= value[1])
        or (op is ops.CATEGORY and re.match(_CATEGORIES[value], character) is not None)
        for op, value in items
    )


def _matching(items: Any, fewest: int) -> str:
    """A text that matches; what is optional occurs `fewest` times."""
    text = ""
    for op, value in items:
        if op is ops.LITERAL:
            text += chr(value)
        elif op is ops.NOT_LITERAL:
            text += "b" if value == ord("a") else "a"
        elif op is ops.ANY:
            text += "a"
        elif op is ops.IN:
            text += (_members(value) or [""])[0]
        elif op in _REPEATS:
            least, most, inner = value
            text += _matching(inner, fewest) * min(max(least, fewest), most)
        elif op is ops.BRANCH:
            text += _matching(value[1][0], fewest)
        elif op is not ops.ASSERT_NOT:
            text += "".join(_matching(inner, fewest) for inner in _inner(op, value))
    return text
