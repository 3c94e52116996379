"""How the methods of a class are used in sessions: what they take, which of them fill, change or ask an object."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.preconditions.relations import Granted, granted_by
from src.evaluation.differential.inputs.sessions.keeping import Keeping, Step, keeping_of
from src.evaluation.differential.inputs.sessions.members import (
    OPERATORS,
    fields_of,
    helpers,
    methods_of,
    stored_in,
)
from src.evaluation.differential.inputs.sessions.method_roles import changing_methods
from src.evaluation.differential.inputs.sessions.shown_sessions import attributes_of, steps_in
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

_COMPARES = re.compile(r"(?i)[=!<>]=|[<>]|\b(?:equal|compar|same|identical|sort|order)")
_SAME_SIZE = re.compile(
    r"(?i)\b(?:same|equal|equally) (?:size|length|shape|dimensions?|long|number of \w+)\b"
)
MANAGED = ("__enter__", "__exit__")  # around what a context manager is used for
_SHOWN = re.compile(
    r"(?i)__(?:str|repr)__|\bstr\(|\b(?:print|display|show|string|text|represent|readable|format)\w*"
)


@dataclass(frozen=True)
class Uses:
    """The methods of a class, and how sessions use them."""

    methods: Mapping[str, Function]
    shown: Mapping[str, Sequence[tuple[object, ...]]]  # what the program itself gives to each
    takes: Mapping[str, Sequence[ast.arg]]  # what each needs, or the program gives it
    whole: Mapping[str, Sequence[ast.arg]]  # also what has a plain default
    granted: Mapping[str, Granted]
    keeping: Keeping
    changing: frozenset[str]
    objects: frozenset[tuple[str, str]]  # methods, and their parameters that stand for another object
    pairing: frozenset[str]  # methods that need another object of the same size
    looks: Sequence[Step]  # at attributes, and by methods that take nothing

    @property
    def names(self) -> list[str]:
        """The methods that steps are drawn from."""
        every = [name for name in self.methods if name not in ("__init__", *MANAGED)]
        return [name for name in every if self.takes[name] or name not in OPERATORS]

    @property
    def plain(self) -> list[str]:
        """Of these, those that are no operators and take no other object."""
        with_object = {name for name, _ in self.objects}
        return [name for name in self.names if name not in OPERATORS and name not in with_object]

    @property
    def calm(self) -> list[Step]:
        """The looks that change nothing."""
        return [step for step in self.looks if step[0] not in self.changing]

    @property
    def givers(self) -> list[str]:
        """The methods that take something; all where none does."""
        return [name for name in self.names if self.takes[name] and name not in OPERATORS] or self.names

    @property
    def fillers(self) -> list[str]:
        """Of these, those that put something in, or else change the object."""
        enters = [name for name in self.givers if name in self.keeping.enters]
        return enters or [name for name in self.givers if name in self.changing] or self.givers

    @property
    def asking(self) -> list[str]:
        """The methods that change nothing."""
        return [name for name in self.plain if name not in self.changing]

    @property
    def often(self) -> dict[str, tuple[Function, Sequence[ast.arg], Granted]]:
        """The methods that may be called many times, with what they take."""
        return {name: (self.methods[name], self.takes[name], self.granted[name]) for name in self.plain}


def uses_of(node: ast.ClassDef, tree: ast.Module, known: Sequence[Arguments], instruction: str) -> Uses:
    """How the methods of a class are used. known: the sessions that the program holds itself."""
    methods = _used_methods(node, tree, instruction)
    shown = _shown_values(known)
    takes, whole = (
        {name: _given_parameters(method, shown.get(name, []), every) for name, method in methods.items()}
        for every in (False, True)
    )
    looks = _looks(node, tree, instruction, methods)
    looks += [(name, ()) for name, given in takes.items() if not given and name not in ("__init__", *MANAGED)]
    objects = {
        (name, parameter.arg)
        for name, own in whole.items()
        for parameter in own
        if _is_object(methods[name], parameter, node, tree)
    }
    same = bool(_SAME_SIZE.search(instruction))
    pairing = {name for name, method in methods.items() if same or _pairs_own(method)}
    granted = {name: _granted(method, instruction, shown.get(name, [])) for name, method in methods.items()}
    keeping, changing = keeping_of(methods, instruction), changing_methods(tree)
    return Uses(
        methods, shown, takes, whole, granted, keeping, changing, frozenset(objects), frozenset(pairing), looks
    )  # fmt: skip


def _used_methods(node: ast.ClassDef, tree: ast.Module, instruction: str) -> dict[str, Function]:
    """The methods of a class that sessions call: no helpers, and what shows an object only where the task speaks of it."""
    methods = methods_of(node, tree, ("__init__", *OPERATORS))
    hidden = {*helpers(methods, instruction)}
    hidden |= set() if _SHOWN.search(instruction) else {"__str__", "__repr__"}
    used = {name: method for name, method in methods.items() if name not in hidden}
    return used | _operators_of_dataclass(node, instruction)


def _looks(
    node: ast.ClassDef, tree: ast.Module, instruction: str, methods: Mapping[str, Function]
) -> list[Step]:
    """Steps that look at attributes; at what it is made with where the other class has it under that name too."""
    named = attributes_of(node, tree, instruction)
    taken = {p.arg for p in parameters(methods["__init__"])[0]} if "__init__" in methods else set()
    asked = [name for name in stored_in(node, tree) if name in taken - {*named}]
    return [*((f".{name}", ()) for name in named), *((f"?{name}", ()) for name in asked)]


def _pairs_own(method: Function) -> bool:
    """Whether it goes through a list of its object and another one side by side: `zip(self.row, other.row)`."""
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "zip"
        and "self." in ast.unparse(node.args[0])
        for statement in method.body
        for node in ast.walk(statement)
    )


def _operators_of_dataclass(node: ast.ClassDef, instruction: str) -> dict[str, Function]:
    """`==` of a dataclass, and `<` of one in order, where the task speaks of comparing."""
    if not fields_of(node) or not _COMPARES.search(instruction):
        return {}
    made_by = " ".join(map(ast.unparse, node.decorator_list))
    names = ["__eq__"] * ("eq=False" not in made_by) + ["__lt__"] * ("order=True" in made_by)
    given = ast.arguments(
        [], [ast.arg("self"), ast.arg("other", ast.Name(node.name))], None, [], [], None, []
    )
    return {name: ast.FunctionDef(name, given, [ast.Pass()], []) for name in names}


def _granted(method: Function, instruction: str, shown: Sequence[tuple[object, ...]]) -> Granted:
    """What holds between the values of a method, without its object."""
    bound = copy.deepcopy(method)
    if all(ast.unparse(decorator) != "staticmethod" for decorator in method.decorator_list):
        bound.args.args = bound.args.args[1:]
    return granted_by(bound, instruction, [tuple(map(source_of, values)) for values in shown])


def _shown_values(known: Sequence[Arguments]) -> dict[str, list[tuple[object, ...]]]:
    """The arguments that the program itself gives to each method, and to the class."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for made, steps in known:
        for name, given in [("__init__", literal(made)), *steps_in(steps)]:
            found.setdefault(name, []).append(given)
    return found


def _given_parameters(method: Function, shown: Sequence[tuple[object, ...]], whole: bool) -> list[ast.arg]:
    """The parameters that a session gives a value to: those that the program gives one, else those without a default.

    whole: also those whose default is a number or a text.
    """
    bound = int(all(ast.unparse(decorator) != "staticmethod" for decorator in method.decorator_list))
    every, required = parameters(method)
    if whole:
        plain = [
            isinstance(literal(ast.unparse(default)), int | float | str) for default in method.args.defaults
        ]
        required += [*plain, False].index(False)
    return every[bound : bound + max((*map(len, shown), required - bound))]


def _is_object(method: Function, parameter: ast.arg, node: ast.ClassDef, tree: ast.Module) -> bool:
    """Whether a parameter stands for another object of the class: `other.x`, `isinstance(other, Point)`."""
    if parameter.annotation is not None and node.name in ast.unparse(parameter.annotation):
        return True
    own = {*stored_in(node, tree), *methods_of(node, tree)}
    return any(
        (isinstance(part, ast.Attribute) and ast.unparse(part.value) == parameter.arg and part.attr in own)
        or (isinstance(part, ast.Call) and ast.unparse(part) == f"isinstance({parameter.arg}, {node.name})")
        for part in ast.walk(method)
    )
