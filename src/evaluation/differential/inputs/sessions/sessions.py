"""Sessions with a class: an object is made, and its methods are called one after another.

The arguments of a session are two literals: those of the class, `(100,)`, and the steps, `[('deposit', (50,)), ('balance', ())]`.
"""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Mapping, Sequence

from src.evaluation.differential.inputs.forms.dates import as_date, places_of_date
from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.preconditions.domain import Domain, shown_domain
from src.evaluation.differential.inputs.preconditions.relations import Granted, granted_by
from src.evaluation.differential.inputs.sessions.keeping import Step, keeping_of
from src.evaluation.differential.inputs.sessions.members import (
    OPERATORS,
    fields_of,
    helpers,
    methods_of,
    settable_in,
    stored_in,
)
from src.evaluation.differential.inputs.sessions.session_steps import (
    amended,
    drawn,
    in_a_row,
    in_time,
    managed,
    mixed,
    with_another,
)
from src.evaluation.differential.inputs.sessions.session_values import drawn_values, with_parts
from src.evaluation.differential.inputs.sessions.shown_sessions import attributes_of
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

MAX_SESSIONS = 60
MOST_STEPS = 9
MANY_STEPS = 24  # of one session in four: what was used longest ago shows only then
FILLING = 3  # first steps that mostly give the object something
AGAIN = 3  # draws of values that a method was not given yet
OBJECT = (
    "\u0192object"  # begins the tuple that stands for another object of the class, made with the rest of it
)
_COMPARES = re.compile(r"(?i)[=!<>]=|[<>]|\b(?:equal|compar|same|identical|sort|order)")
_SAME_SIZE = re.compile(
    r"(?i)\b(?:same|equal|equally) (?:size|length|shape|dimensions?|long|number of \w+)\b"
)
_MANAGED = ("__enter__", "__exit__")  # around what a context manager is used for
_SHOWN = re.compile(
    r"(?i)__(?:str|repr)__|\bstr\(|\b(?:print|display|show|string|text|represent|readable|format)\w*"
)


def names_in_session(steps: Sequence[str]) -> list[str]:
    """The methods that sessions call, each once."""
    return list(dict.fromkeys(name for source in steps for name, _ in _steps(source)))


def _steps(source: str) -> list[tuple[str, tuple[object, ...]]]:
    value = literal(source)
    return value if isinstance(value, list) else []


def _used_methods(node: ast.ClassDef, tree: ast.Module, instruction: str) -> dict[str, Function]:
    """The methods of a class that sessions call: no helpers, and what shows an object only where the task speaks of it."""
    methods = methods_of(node, tree, ("__init__", *OPERATORS))
    hidden = {*helpers(methods, instruction)}
    hidden |= set() if _SHOWN.search(instruction) else {"__str__", "__repr__"}
    used = {name: method for name, method in methods.items() if name not in hidden}
    return used | _operators_of_dataclass(node, instruction)


def session_calls(
    node: ast.ClassDef,
    tree: ast.Module,
    known: Sequence[Arguments],
    turn: int,
    instruction: str = "",
    domain: Domain | None = None,
) -> list[Arguments]:
    """Sessions to try, those that the program shows first; drawn with the turn as the seed."""
    domain = domain or shown_domain(instruction, "", [])
    methods = _used_methods(node, tree, instruction)
    draw = random.Random(turn)
    shown = _shown_values(known)
    takes, whole = (
        {name: _given_parameters(method, shown.get(name, []), every) for name, method in methods.items()}
        for every in (False, True)
    )
    looks = _looks(node, tree, instruction, methods)
    looks += [
        (name, ()) for name, given in takes.items() if not given and name not in ("__init__", *_MANAGED)
    ]
    names = [
        name
        for name in methods
        if (takes[name] or name not in OPERATORS) and name not in ("__init__", *_MANAGED)
    ]
    within = (1 + ("nested" in instruction)) * all(name in methods for name in _MANAGED)
    givers = [name for name in names if takes[name] and name not in OPERATORS] or names
    objects = {
        (name, parameter.arg)
        for name, own in whole.items()
        for parameter in own
        if _is_object(methods[name], parameter, node, tree)
    }
    same = bool(_SAME_SIZE.search(instruction))
    pairing = {name for name, method in methods.items() if same or _pairs_own(method)}
    keeping = keeping_of(methods, instruction)
    granted = {name: _granted(method, instruction, shown.get(name, [])) for name, method in methods.items()}
    given_to = {name: (methods[name], given) for name, given in whole.items()}
    often = {
        name: (methods[name], takes[name], granted[name])
        for name in names
        if name not in OPERATORS and not any(name == other for other, _ in objects)
    }
    found = list(known) if turn == 0 else []
    for number in range(MAX_SESSIONS if names or looks or within else 0):
        values = drawn_values(node, tree, given_to, shown, instruction, draw, 100 * turn + number, domain)
        # What has a default is left out at times: not every class of that kind takes it.
        own = whole if number % 3 == 0 else takes
        maker = own.get("__init__", [])
        maker = maker[: _required(methods)] if number % 3 == 2 else maker
        dates = places_of_date([parameter.arg for parameter in maker])
        made = drawn(maker, values, draw, granted.get("__init__")) or ()
        if len(made) < len(maker):
            continue
        made = as_date(made, dates, number + turn * MAX_SESSIONS)
        makers, values = values, with_parts(values, made)
        steps: list[Step] = []
        most = MANY_STEPS if number % 4 == 3 else MOST_STEPS
        for place in range(draw.randint(2, most) if names else 0):
            name = draw.choice(givers if place < FILLING and draw.random() < 0.7 else names)
            before = [past for step, past in steps if step == name]
            given = _given(own[name], values, before, granted[name], draw)
            if given is None:
                continue
            other = (draw.random() >= 0.4 and drawn(maker, makers, draw, granted.get("__init__"))) or made
            other = as_date(other, dates, draw.randrange(MAX_SESSIONS)) if other != made else made
            other = mixed(made, other, draw, same_size=name in pairing)
            parameters_ = zip(own[name], given, strict=True)
            given = tuple((OBJECT, *other) if (name, p.arg) in objects else value for p, value in parameters_)
            steps.append((name, given))
            if looks and draw.random() < 0.5 and steps[-1] != (look := draw.choice(looks)):
                steps.append(look)
        steps = managed(in_time(keeping.tidied(made, steps), own), within, draw)
        another = (
            with_another(settable_in(node, tree), maker, makers, made, granted.get("__init__"))
            if number % 6 == 4
            else []
        )
        found.append((source_of(made), source_of([*steps, *another, *looks, *([] if names else looks)])))
        if often and number % 6 == 0 and not within:
            steps = keeping.tidied(made, [*in_a_row(often, values, looks, turn, draw)])
            found.append((source_of(made), source_of([*steps, *looks])))
    return list(dict.fromkeys(found))


def _looks(
    node: ast.ClassDef, tree: ast.Module, instruction: str, methods: Mapping[str, Function]
) -> list[Step]:
    """Steps that look at attributes; at what it is made with where the other class has it under that name too."""
    named = attributes_of(node, tree, instruction)
    taken = {p.arg for p in parameters(methods["__init__"])[0]} if "__init__" in methods else set()
    asked = [name for name in stored_in(node, tree) if name in taken - {*named}]
    return [*((f".{name}", ()) for name in named), *((f"?{name}", ()) for name in asked)]


def _given(
    own: Sequence[ast.arg],
    values: Mapping[str, Sequence[object]],
    before: Sequence[tuple[object, ...]],
    granted: Granted,
    draw: random.Random,
) -> tuple[object, ...] | None:
    """Values for a method, mostly with a first one that it was not given before; None where there are none."""
    for _ in range(AGAIN):
        given = drawn(own, values, draw, granted)
        if not given or all(past[0] != given[0] for past in before):
            break
    return None if given is None else amended(given, before, granted, draw)


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


def _required(methods: Mapping[str, Function]) -> int:
    """How many values the class must be made with."""
    return max(parameters(methods["__init__"])[1] - 1, 0) if "__init__" in methods else 0


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
        for name, given in [("__init__", literal(made)), *_steps(steps)]:
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


def given_sizes(session: Arguments) -> list[tuple[str, int]]:
    """How many values the class and each method of a session get."""
    made, steps = session
    return [("__init__", len(literal(made) or ())), *((name, len(values)) for name, values in _steps(steps))]


def values_of(session: Arguments) -> Arguments:
    """All that a session gives to the class and to its methods."""
    made, steps = session
    given = [literal(made), *(values for _, values in _steps(steps))]
    return tuple(source_of(value) for values in given for value in values)
