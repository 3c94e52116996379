"""What a user types for the arguments of a call, in each of the ways in which a script may ask for them."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.input_generation import Arguments
from src.evaluation.differential.inputs.variation import is_function
from src.evaluation.differential.program_analysis import names_in, reads_input
from src.languages.syntax import literal

MAX_WAYS = 24  # each costs a run of the script
MAX_ENDS = 4
_READERS = ("eval", "literal_eval", "loads")  # what reads a list as it is written
_PARTING = ("split", "rsplit", "partition", "replace", "findall", "finditer")
_READS_ALL = re.compile(r"\bstdin(?!\.readline\b)\b.")  # to the end of what is typed
_PARTS = re.compile(r"[\s,;:]+")
_YES_AND_NO = (("True", "False"), ("yes", "no"), ("y", "n"))

_Layout = Callable[
    [Sequence[str]], str | None
]  # the lines of a list; None where they would be read as something else


def ways_to_type(script: ast.Module, given: Sequence[Arguments]) -> list[list[str | None]]:
    """For each way in which a script may want these arguments typed, the likeliest first, the text for each call.

    None for a call that cannot be typed in that way. A list stands on one line, on lines of its own up to an end, or after
    the number of its items; what parts its items and what ends it, the script's own texts tell.
    """
    values = [[literal(source) for source in arguments] for arguments in given]
    if not values or not all(values):
        return []
    apart = [[[*one[0]]] for one in values if isinstance(one[0], str) and len(one) == 1 and " " not in one[0]]
    ways = _ways(script, values)
    if len(apart) == len(values):
        ways = itertools.chain(ways, _ways(script, apart))  # the signs of a text, one by one
    return [[*way] for way in list(dict.fromkeys(ways))[:MAX_WAYS]]


def _ways(script: ast.Module, values: Sequence[Sequence[object]]) -> Iterator[tuple[str | None, ...]]:
    separators, asking = _separators(script), _asking(script)
    ends = _ends(asking)
    kinds = {type(value) for one in values for value in one}
    has_lists = not kinds.isdisjoint({list, tuple, set, dict})
    has_rows = any(isinstance(v, dict) or _has_rows(v) for one in values for v in one)
    inner = [*separators, "\n"] if has_rows else separators if has_lists else separators[:1]
    layouts = [*_as_written(script), *map(_joined, separators), *map(_up_to, ends), _up_to("")]
    layouts.append(_lines)
    if not asking and not _READS_ALL.search(ast.unparse(script)):  # else a number more would be one more item
        layouts += [_counted("\n"), *map(_counted, separators)]
        layouts += [_sized(" "), _sized("\n")] if has_rows else []
    layouts.append(_joined(""))
    for tail, order, between, layout, parting, words in itertools.product(
        ["", *(f"{end}\n" for end in ends)],
        _orders(values),
        ["\n", *separators] if len(values[0]) > 1 and not has_lists else ["\n"],
        layouts if has_lists else layouts[:1],
        inner,
        _YES_AND_NO if bool in kinds else _YES_AND_NO[:1],
    ):
        way = _Way(order, between, layout, parting, words, tail)
        texts = tuple(way.text(one) for one in values)
        if any(text is not None for text in texts):
            yield texts


@dataclass(frozen=True)
class _Way:
    """How the arguments of a call are typed."""

    order: Sequence[int]  # of the arguments
    between: str  # arguments
    layout: _Layout  # of a list
    inner: str  # between the parts of an item: of a row, or a name and its value
    words: tuple[str, str]  # for True and False
    tail: str  # ends a script that goes on asking

    def text(self, values: Sequence[object]) -> str | None:
        parts = [self._argument(values[at]) for at in self.order if at < len(values)]
        known = [
            part for part in parts if part is not None and (self.between == "\n" or self.between not in part)
        ]
        if len(known) < len(values) or (self.tail and any("\n" in part for part in known)):
            return None
        return f"{self.between.join(known)}\n{self.tail}"

    def _argument(self, value: object) -> str | None:
        if not isinstance(value, list | tuple | set | dict):
            return self._item(value)
        items = [self._item(item) for item in (value.items() if isinstance(value, dict) else value)]
        known = [item for item in items if item is not None]
        return self.layout(known) if len(known) == len(items) else None

    def _item(self, value: object) -> str | None:
        if isinstance(value, bool):
            return self.words[not value]
        if isinstance(value, int | float):
            return str(value)
        if isinstance(value, str):
            return None if "\n" in value or is_function(value) else value
        if isinstance(value, list | tuple) and not any(
            isinstance(v, list | tuple | set | dict) for v in value
        ):
            parts = [self._item(part) for part in value]
            return (
                _joined(self.inner)([part for part in parts if part is not None])
                if None not in parts
                else None
            )
        return None


def _joined(separator: str) -> _Layout:
    """All items on one line."""

    def line(items: Sequence[str]) -> str | None:
        fits = all(
            item and item == item.strip() and (separator not in item if separator else len(item) == 1)
            for item in items
        )
        return separator.join(items) if fits and (items or separator == " ") else None

    return line


def _up_to(end: str) -> _Layout:
    """An item a line, and a line that ends them."""
    return lambda items: None if end in items else "\n".join([*items, end])


def _lines(items: Sequence[str]) -> str | None:
    """An item a line, to the end of what is typed."""
    return "\n".join(items) if items else None


def _counted(separator: str) -> _Layout:
    """The number of items before them."""

    def lines(items: Sequence[str]) -> str | None:
        rest = "\n".join(items) if separator == "\n" or not items else _joined(separator)(items)
        return None if rest is None else f"{len(items)}\n{rest}"

    return lines


def _sized(between: str) -> _Layout:
    """The number of rows and columns before the rows."""

    def lines(items: Sequence[str]) -> str | None:
        columns = {len(_PARTS.split(item)) for item in items}
        return "\n".join([f"{len(items)}{between}{columns.pop()}", *items]) if len(columns) == 1 else None

    return lines


def _has_rows(value: object) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(row, list | tuple) for row in value)


def _as_written(script: ast.Module) -> list[_Layout]:
    """The layout of a list in brackets, where the script reads such."""
    names = {node.id if isinstance(node, ast.Name) else node.attr for node in _named(script)}
    if names.isdisjoint(_READERS):
        return []

    def written(items: Sequence[str]) -> str:
        values = [value if isinstance(value := literal(item), int | float) else item for item in items]
        return json.dumps(values)

    return [written]


def _named(tree: ast.AST) -> list[ast.Name | ast.Attribute]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]


def _orders(values: Sequence[Sequence[object]]) -> list[Sequence[int]]:
    """In which order arguments may be asked for: any, where they are of different kinds, so that no two are confused."""
    count = len(values[0])
    groups = [{_group(one[at]) for one in values if at < len(one)} for at in range(count)]
    apart = all(a.isdisjoint(b) for a, b in itertools.combinations(groups, 2))
    return list(itertools.permutations(range(count))) if apart and count <= 3 else [range(count)]


def _group(value: object) -> str:
    return (
        "list"
        if isinstance(value, list | tuple | set | dict)
        else "text"
        if isinstance(value, str)
        else "number"
    )


def _separators(script: ast.Module) -> list[str]:
    """What a script takes apart texts at, and a space."""
    texts = [
        argument.value
        for node in ast.walk(script)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PARTING
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    plain = [text for text in texts if text.strip() and len(text) <= 3]
    return list(dict.fromkeys([*plain, *("," for text in texts if "," in text and text not in plain), " "]))


def _asking(script: ast.Module) -> list[ast.AST]:
    """The loops in which a script asks until an end: a `while`, `iter(input, "")`."""
    readers = {node.name for node in script.body if isinstance(node, ast.FunctionDef) and reads_input(node)}
    return [
        node
        for node in ast.walk(script)
        if (isinstance(node, ast.While) and (reads_input(node) or readers & names_in(node)))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) == "iter" and len(node.args) == 2)
    ]


def _ends(asking: Sequence[ast.AST]) -> list[str]:
    """What may end the input of a script that asks in these loops: what they compare with, or an empty line."""
    compared = [part for loop in asking for node in ast.walk(loop) for part in _compared(node)]
    values = [literal(ast.unparse(side)) for side in compared]
    single = [part for v in values for part in (v if isinstance(v, list | tuple | set) else (v,))]
    ends = [str(v) for v in single if isinstance(v, str) or (isinstance(v, int) and v <= 0)]
    return list(dict.fromkeys([*ends[:MAX_ENDS], *([""] if asking else [])]))


def _compared(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Compare):
        return node.comparators
    return node.args[1:] if isinstance(node, ast.Call) and ast.unparse(node.func) == "iter" else []
