"""What a class keeps: which of its methods put a value in, and which take out or change one that is there.

A task takes for granted that what is looked up by its value is put in once, that only what is there is taken out or changed, and
that only what was taken out is given back.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.type_inference import Function

Step = tuple[str, tuple[object, ...]]

_AGAIN = re.compile(
    r"(?i)\b(?:again|already|twice|duplicat\w*|same|exist\w*|unique\w*|distinct|sets?|quantit\w*|how many|once|overwrit\w*|replac\w*|updat\w*|several|another (?:time|one|copy|of|\w+ of))\b"
)
_ABSENT = re.compile(
    r"(?i)\b(?:not|no such|never|missing|absent|unknown|otherwise|exist\w*|invalid|rais\w+|errors?|none|nothing|false|whether|if)\b"
)
_DOUBLES = re.compile(
    r"(?i)\b(?:twice|duplicat\w*|doubles?|repeat\w*|(?:several|many) times|more than once|how often)\b"
)
_ENTERS = re.compile(r"(?:add|append|insert|push|put|enqueue|prepend|register|enrol|hire|join)")
_OVERWRITES = re.compile(
    r"(?:set|put|update|store|save|write|change|assign)"
)  # as a key of a table is given another value
_LEAVES = re.compile(r"(?:remove|delete|discard)")
_NOT_OUT = re.compile(
    r"(?i)\b(?:not|never)(?: been| currently)? (?:lent|borrowed|rented|taken|checked out|out)\b"
)
_GIVEN_BACK = re.compile(r"(?:return|give_?back|put_?back|bring_?back)")


@dataclass(frozen=True)
class Keeping:
    """Methods of a class by what they do with their first value; none where the task speaks of what they would do else."""

    enters: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()  # of these, those that do not look whether it is there, as others do
    leaves: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()  # of these, those after which nothing of it is left
    there: frozenset[str] = frozenset()  # what is given to these is there
    back: frozenset[str] = frozenset()  # what is given to these was taken out

    def tidied(self, made: Sequence[object], steps: Sequence[Step]) -> list[Step]:
        """The steps of a session as the task takes them for granted: others are left out, or get a value that fits."""
        kept: list[Step] = []
        inside = [item for value in made if isinstance(value, list | dict) for item in value]
        known, left = [*inside], list[object]()
        for name, values in steps:
            fits = left if name in self.back else inside if name in self.there else values
            first = (
                values[0] if values and values[0] in fits else fits[len(kept) % len(fits)] if fits else None
            )
            if values and (not fits or (name in self.once and first in known)):
                continue
            if name in self.enters | self.back:
                inside, known = [*inside, first], [*known, first]
                left = [value for value in left if value != first]
            if name in self.leaves and first in inside:
                inside.remove(first)
                left.append(first)
            if name in self.gone and first in known:
                known.remove(first)
            kept.append((name, (first, *values[1:]) if values else ()))
        return kept


def keeping_of(methods: Mapping[str, Function], instruction: str) -> Keeping:
    """What is taken for granted of the methods of a class."""
    takes = {
        name: method.args.args[1].arg
        for name, method in methods.items()
        if len(method.args.args) > 1 and not name.startswith("_")
    }
    nodes = {name: list(ast.walk(methods[name])) for name in takes}
    marks = {name for name in takes if any(map(_marks, nodes[name])) and not _ENTERS.match(name)}
    stores = {
        name for name, value in takes.items() if any(_stores(node, value) for node in nodes[name])
    } - marks
    looks = {
        name for name, value in takes.items() if any(_looks_up(node, value) for node in nodes[name])
    } | marks
    drops = {
        name for name in takes if _LEAVES.match(name) or (name in looks and any(map(_drops, nodes[name])))
    }
    changes = {name for name in looks if any(map(_changes, nodes[name]))}
    back = {name for name in takes if _GIVEN_BACK.match(name)}
    enters = {name for name in takes if name in stores or _ENTERS.match(name)} - back
    leaves = (drops | marks) - enters - back
    if not enters:
        return Keeping()
    once = {name for name in stores - looks if looks - stores and not _OVERWRITES.match(name)}
    once = set() if _AGAIN.search(instruction) else once
    there = set() if _ABSENT.search(instruction) else (leaves | changes) - enters
    back = set() if _NOT_OUT.search(instruction) or not leaves else back
    return Keeping(*map(frozenset, (enters, once - back, leaves, leaves & drops, there, back)))


def is_list_of_names(node: ast.ClassDef, instruction: str) -> bool:
    """Whether what the class is made of is looked up by its value in the list that it is given: no value is in that twice."""
    made = next(
        (part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None
    )
    if made is None or _DOUBLES.search(instruction):
        return False
    given = {part.arg for part in made.args.args}
    kept = {
        ast.unparse(part.targets[0])
        for part in ast.walk(made)
        if isinstance(part, ast.Assign) and _names([part.value]) & given
    }
    return any(
        isinstance(part, ast.Compare)
        and isinstance(part.ops[0], ast.In | ast.NotIn)
        and ast.unparse(part.comparators[0]) in kept
        for part in ast.walk(node)
    )


def without_doubles(made: Sequence[object]) -> tuple[object, ...]:
    """What a class is made of, with each item of a list once."""
    return tuple(
        [item for at, item in enumerate(value) if item not in value[:at]]
        if isinstance(value, list)
        else value
        for value in made
    )


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def _stores(node: ast.AST, name: str) -> bool:
    """`self.items.append(name)`, `self.items[name] = ...`, `self.items += [name]`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="append" | "insert" | "appendleft" | "heappush")):
            return name in _names(node.args)
        case ast.Assign(targets=[ast.Subscript(slice=key)]):
            return name in _names([key])
        case ast.AugAssign(target=ast.Attribute(), value=ast.List()):
            return name in _names([node.value])
    return False


def _looks_up(node: ast.AST, name: str) -> bool:
    """`name in self.items`, `item.name == name`, `self.items[name]`, `self.items.get(name)`, `self.items.remove(name)`."""
    match node:
        case ast.Compare(ops=[ast.In() | ast.NotIn() | ast.Eq() | ast.NotEq(), *_]):
            sides = [node.left, *node.comparators]
            return name in _names(sides) and not any(isinstance(side, ast.Constant) for side in sides)
        case ast.Subscript(ctx=ast.Load() | ast.Del()):
            return name in _names([node.slice])
        case ast.AugAssign(target=ast.Subscript(slice=key)):
            return name in _names([key])
        case ast.Call(
            func=ast.Attribute(attr="get" | "pop" | "remove" | "index" | "discard" | "setdefault" | "count")
        ):
            return name in _names(node.args)
    return False


def _drops(node: ast.AST) -> bool:
    """`self.items.remove(...)`, `del self.items[...]`, `self.items = [... for ... if ...]`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="remove" | "pop" | "discard")) | ast.Delete():
            return True
        case ast.Assign(targets=[ast.Attribute()], value=ast.ListComp() | ast.DictComp()):
            return True
    return False


def _changes(node: ast.AST) -> bool:
    """`self.items[name] = ...`, `item.done = True`."""
    return isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store)


def _marks(node: ast.AST) -> bool:
    """`item.done = True`: what is done twice does no more."""
    match node:
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=ast.Constant()):
            return True
    return False
