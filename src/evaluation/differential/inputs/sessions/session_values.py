"""Values that sessions with a class give to it and to its methods."""

from __future__ import annotations

import ast
import copy
import itertools
import random
import re
from collections.abc import Mapping, Sequence

from src.evaluation.differential.inputs.forms.pools import POOLS
from src.evaluation.differential.inputs.input_generation import kinds_of
from src.evaluation.differential.inputs.known.constants import texts_for
from src.evaluation.differential.inputs.parameter_names import kinds_of_name
from src.evaluation.differential.inputs.preconditions.domain import (
    Domain,
    described_kinds,
    speaks_of_whole,
)
from src.evaluation.differential.inputs.type_inference import Function, likely_kinds
from src.evaluation.differential.inputs.variation import Variation, source_of
from src.languages.syntax import literal

VALUES = 4  # of each parameter that one session draws from: methods meet the same ones again
FEW = 2  # of those, in one session of four
LIMITS = 2  # of those, numbers that the class or the task knows, or their neighbours
_NUMBER = re.compile(r"(?<![\w.])\d{1,4}(?![\w.]*\d|%)")

SMALL = (2, 3, 1)  # what an object has room for: few steps fill it
ONE_LETTER = ("letter", "char", "character", "ch", "sign")
_SHOWN = re.compile(r"(?i)\b(?:such as|like|e\.g\.|for example),? [\"'`]([^\"'`\n]{3,60})[\"'`]")
_PARTY = re.compile(
    r"(?i)giver|taker|receiver|lender|borrower|debtor|creditor|sender|recipient|payer|payee|debit|credit|^from_|^to_"
)
_MADE_OF = re.compile(
    r"(?is)\b(?:made|created?|initiali[sz]ed|constructed|built|takes|given|starts?)\b(?: \w+){0,3}? (?:with|from|of|an?)\b(.*?)(?:\.(?:\s|$)|$)"
)

_GRID = re.compile(r"(?i)\b(?:grids?|boards?|cells?|fields?|squares of|rows|columns|characters|letters)\b")

# What is no less than 1 where the task says nothing of 0: what an object has room for, and how much of something there is.
_POSITIVE = re.compile(
    r"(?i)width|height|capacity|size|limit|rows|columns|seats|places|window|max\w*|quantity|count|copies|amount|price|cents|top|n"
)
_NUMBERED = re.compile(r"(?i)(?:\b|_)(?:number|id|no|ticket)\b")  # what an object has numbered itself
_COUNTS = re.compile(
    r"(?i)\bnumbers? (?:begin|start|are counted)|\bits (?:number|id)\b|\b(?:beginning|starting) (?:with|at|from) 1\b"
)
_PIECES = re.compile(r"(?i)count|copies|pieces|quantity|qty|units|n")  # few are used up in a session
_OF_ZERO = re.compile(r"(?i)\b(?:zero|negative|positive|(?:than|least|of|by) 0)\b")

Given = Sequence[tuple[object, ...]]


def drawn_values(
    node: ast.ClassDef,
    tree: ast.Module,
    takes: Mapping[str, tuple[Function, Sequence[ast.arg]]],
    shown: Mapping[str, Given],
    instruction: str,
    draw: random.Random,
    seed: int,
    domain: Domain,
) -> dict[str, list[object]]:
    """Some values for each name of a parameter: the program's own and others like them, or the same for all of a kind."""
    found = _varied(takes, shown, Variation((), seed), domain)
    of_kinds: dict[str, list[object]] = {}
    for values in found.values():
        of_kinds.setdefault(kinds_of((source_of(values[0]),))[0], []).extend(values)
    limits = _limits(node, instruction) if seed % 2 else []
    counts = bool(_COUNTS.search(instruction))
    tables, keys, sizes = _with_class(node, tree), text_keys(node), sizes_in(node)
    for method, own in takes.values():
        for parameter in own:
            texts = texts_for(method, parameter.arg, tables)
            kind = "str" if texts or parameter.arg in keys else _kind_of(method, parameter, node, instruction)
            if kind not in of_kinds:
                inside = [source for source in POOLS[kind] if domain.admits((source,))] or POOLS[kind]
                pool = [literal(source) for source in inside]
                of_kinds[kind] = draw.sample(pool, min(VALUES, len(pool)))
                if kind in ("int", "float") and limits:
                    of_kinds[kind][:LIMITS] = draw.sample(limits, min(LIMITS, len(limits)))
            if method.name == "__init__" and kind == "str" and len(own) == 1:
                texts = texts or _shown_texts(instruction)
            known = draw.sample(texts, min(VALUES - 1, len(texts)))
            own_values = [*known, *of_kinds[kind][: VALUES - len(known)]]
            if parameter.arg in sizes and kind == "int" and (not limits or seed % 4 == 3):
                own_values = [SMALL[0]] if seed % 4 == 3 else draw.sample(SMALL, len(SMALL))
            if kind == "int" and _PIECES.fullmatch(parameter.arg) and seed % 4 in (0, 3):
                own_values = [*SMALL]
            if kind == "int" and _NUMBERED.search(parameter.arg) and counts and seed % 2:
                own_values = draw.sample(SMALL, len(SMALL))
            found.setdefault(parameter.arg, own_values)
    if seed % 5 == 2 and not speaks_of_whole(instruction) and not _GRID.search(instruction):
        found |= _halves([parameter for _, own in takes.values() for parameter in own], found)
    if not domain.negative and not _OF_ZERO.search(instruction):
        found = {
            name: _above_zero(values) if _POSITIVE.fullmatch(name) else values
            for name, values in found.items()
        }
    found |= _of_records(found)
    few = {1: FEW, 3: FEW + 1}.get(seed % 4, VALUES)
    return {name: [*map(_in_quarters, values[:few])] for name, values in found.items()}


def _in_quarters(value: object) -> object:
    """A float as the nearest quarter, if it is not a small part: sums of these are exact, in whatever order they are added up."""
    return round(4 * value) / 4 if isinstance(value, float) and abs(value) >= 1 else value


def _of_records(values: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
    """Keys for a field and what they stand for, where one of the values is a dictionary."""
    records = [value for own in values.values() for value in own if isinstance(value, dict)]
    keys = list(dict.fromkeys(key for record in records for key in record))
    held = [value for record in records for value in record.values()]
    found = {"field": keys[:VALUES], "value": held[:VALUES]} if "field" in values else {}
    return {name: own for name, own in found.items() if own and name in values}


def _above_zero(values: list[object]) -> list[object]:
    """The values without numbers that are not above 0, where others are left."""
    kept = [value for value in values if type(value) not in (int, float) or value > 0]  # type: ignore[operator]
    return kept or values


def _halves(parameters: Sequence[ast.arg], values: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
    """Whole values of what is measured, as a radius, with a half added to every second: no class is for whole ones alone."""
    measured = {p.arg for p in parameters if p.annotation is None or "int" not in ast.unparse(p.annotation)}
    return {
        name: [value + (0.5 if at % 2 == 0 else 0) for at, value in enumerate(own)]  # type: ignore[operator]
        for name, own in values.items()
        if name in measured and kinds_of_name(name)[:1] == ["float"] and {*map(type, own)} == {int}
    }


def _varied(
    takes: Mapping[str, tuple[Function, Sequence[ast.arg]]],
    shown: Mapping[str, Given],
    variation: Variation,
    domain: Domain,
) -> dict[str, list[object]]:
    """What the program itself gives for each name, with others like it."""
    found: dict[str, list[object]] = {}
    for name, (_, own) in takes.items():
        for given in shown.get(name, ()):
            for parameter, value in zip(own, given, strict=False):
                found.setdefault(parameter.arg, []).append(value)
    for values in found.values():
        others = variation.calls([(source_of(value),) for value in values], VALUES - 1)
        values += [literal(source) for (source,) in others if domain.admits((source,))]
    return found


def _limits(node: ast.ClassDef, instruction: str) -> list[int]:
    """Numbers that the class compares with, divides by or the task names, and their neighbours."""
    known = [
        part.value
        for test in ast.walk(node)
        if isinstance(test, ast.Compare)
        or (isinstance(test, ast.Call) and ast.unparse(test.func) in ("min", "max"))
        for part in ast.walk(test)
        if isinstance(part, ast.Constant) and type(part.value) is int
    ]
    named = [int(number) for number in _NUMBER.findall(instruction)]
    near = [number + step for number in known for step in (0, 1, -1)]
    near += [
        made
        for part in ast.walk(node)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod | ast.FloorDiv)
        if isinstance(part.right, ast.Constant) and type(part.right.value) is int
        for made in (part.right.value - 1, part.right.value + 1, 10 * part.right.value + 5)
    ]
    return [number for number in dict.fromkeys([*named, *near]) if number > 0]


def _kind_of(method: Function, parameter: ast.arg, node: ast.ClassDef, instruction: str) -> str:
    """The likeliest kind of a parameter; of the only one that the class is made with, the text may say it."""
    alone = method.name == "__init__" and len(method.args.args) == 2
    made_of = _MADE_OF.search(instruction) if alone else None
    kinds = described_kinds(made_of.group()) if made_of else ()
    described = kinds[0] if len(kinds) == 1 and kinds[0] not in ("str", "any", "char") else ""
    return likely_kinds(_with_uses(method, node), parameter, described)[0]


def _shown_texts(instruction: str) -> list[str]:
    """Texts with signs that the task shows, also with each sign twice and without spaces."""
    shown = [text for text in _SHOWN.findall(instruction) if re.search(r"[^\w\s]", text)]
    ways = [(text, re.sub(r"([^\w\s])", r"\1\1", text), text.replace(" ", "")) for text in shown]
    return list(dict.fromkeys(itertools.chain(*ways)))


def text_keys(node: ast.ClassDef) -> frozenset[str]:
    """Parameters that stand for keys of one table of the class, where the name of one of them is that of a text."""
    given = {p.arg for method in node.body if isinstance(method, ast.FunctionDef) for p in method.args.args}
    return frozenset(
        name
        for names in keys_of_tables(node)
        if any(kinds_of_name(name)[:1] == ["str"] for name in names & given)
        for name in names & given
    )


def keys_of_tables(node: ast.AST) -> list[set[str]]:
    """For each table of an object the names that stand for its keys: `self.accounts[name]`, `name in self.accounts`."""
    found: dict[str, set[str]] = {}
    for part in ast.walk(node):
        match part:
            case ast.Subscript(ast.Attribute() as table, ast.Name(name)):
                found.setdefault(ast.unparse(table), set()).add(name)
            case ast.Compare(ast.Name(name), [ast.In() | ast.NotIn()], [ast.Attribute() as table]):
                found.setdefault(ast.unparse(table), set()).add(name)
    return [*found.values()]


def are_apart(method: ast.AST, own: Sequence[ast.arg], given: Sequence[object]) -> bool:
    """Whether two keys of one table, or two parties, that a method takes are different: nobody pays himself."""
    parties = {parameter.arg for parameter in own if _PARTY.search(parameter.arg)}
    for names in [parties, *keys_of_tables(method)]:
        keys = [repr(value) for parameter, value in zip(own, given, strict=False) if parameter.arg in names]
        if len(set(keys)) < len(keys):
            return False
    return True


def sizes_in(node: ast.ClassDef) -> frozenset[str]:
    """Parameters that say how much an object has room for: `len(self.items) == self.capacity`."""
    compared = [
        ast.unparse(side).removeprefix("self.").lstrip("_")
        for part in ast.walk(node)
        if isinstance(part, ast.Compare) and "len(" in ast.unparse(part)
        for side in (part.left, *part.comparators)
    ]
    return frozenset(compared)


def _with_uses(method: Function, node: ast.ClassDef) -> Function:
    """`__init__` followed by what the other methods do with the values that it keeps: `self.prices.get(key)` says what they are."""
    kept = {
        ast.unparse(statement.targets[0]): statement.value.id
        for statement in method.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)
    }
    if method.name != "__init__" or not kept:
        return method
    others = [item for item in node.body if isinstance(item, ast.FunctionDef) and item is not method]
    uses = [_AsNames(kept).visit(copy.deepcopy(statement)) for other in others for statement in other.body]
    return ast.FunctionDef("__init__", method.args, [*method.body, *uses], [])


class _AsNames(ast.NodeTransformer):
    """Attributes as the names of the parameters that they were given: `self.prices` as `prices`."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        name = self._names.get(ast.unparse(node))
        return ast.Name(name, node.ctx) if name else node


def with_parts(values: dict[str, list[object]], made: Sequence[object]) -> dict[str, list[object]]:
    """The values with parts, of the same type, of what an object is made of.

    Items and keys of its lists and dictionaries and what they stand for; the letters of its texts for a letter; sums of its numbers.
    """
    parts = [
        part
        for value in made
        if isinstance(value, list | dict)
        for part in [*value, *(value.values() if isinstance(value, dict) else ())]
    ]
    letters = [
        sign for value in made if isinstance(value, str) for sign in dict.fromkeys(value) if sign.isalpha()
    ]
    numbers = [value for value in made if type(value) in (int, float)]
    sums = [a + b for a, b in itertools.combinations(numbers, 2)]  # type: ignore[operator]
    found = {}
    for name, own in values.items():
        alike = [part for part in parts if type(part) is type(own[0]) and part not in made]
        if name in ONE_LETTER:
            alike += letters[:VALUES]
        if type(own[0]) in (int, float) and not alike and len(sums) == 1:
            alike = [*sums, *numbers[:1]]
        elif type(own[0]) is int and not alike and len(numbers) == 1 and type(numbers[0]) is int:
            alike = [n for n in (numbers[0] - 1, numbers[0] // 2, numbers[0]) if n > 1]
        found[name] = [*alike[:VALUES], *own[: VALUES // 2]] if alike else own
    return found


def _with_class(node: ast.ClassDef, tree: ast.Module) -> ast.Module:
    """The program with what its class and its `__init__` assign beside it, where tables are looked for."""
    made = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    return ast.Module([*tree.body, *node.body, *(part for init in made for part in init.body)], [])


def calculates_with(method: Function, name: str) -> bool:
    """Whether a method adds, subtracts or orders what it is given, so that the same again is another step."""
    orders = ast.Lt | ast.LtE | ast.Gt | ast.GtE
    for node in ast.walk(method):
        parts: Sequence[ast.AST] = ()
        if isinstance(node, ast.BinOp):
            parts = (node.left, node.right)
        elif isinstance(node, ast.AugAssign):
            parts = (node.value,)
        elif isinstance(node, ast.Compare) and any(isinstance(operator, orders) for operator in node.ops):
            parts = (node.left, *node.comparators)
        if any(isinstance(part, ast.Name) and part.id == name for part in parts):
            return True
    return False


def other_than(value: object, number: int) -> object:
    """The value with this number, each another one."""
    if isinstance(value, str):
        return f"{value}{number}"
    return value + number if isinstance(value, int | float) and not isinstance(value, bool) else value
