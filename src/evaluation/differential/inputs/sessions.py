"""Sessions with a class: an object is made, and its methods are called one after another.

The arguments of a session are two literals: those of the class, `(100,)`, and the steps, `[('deposit', (50,)), ('balance', ())]`.
"""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of, parameters
from src.evaluation.differential.inputs.keeping import keeping_of
from src.evaluation.differential.inputs.relations import Granted, granted_by
from src.evaluation.differential.inputs.type_inference import POOLS, Function, likely_kinds
from src.evaluation.differential.inputs.variation import Variation, source_of
from src.languages.syntax import literal

MAX_SESSIONS = 60
MOST_STEPS = 9
FILLING = 3  # first steps that mostly give the object something
TRIES = 8  # draws of values that are as the task takes them for granted
AGAIN = 3  # draws of values that a method was not given yet
AMENDED = 0.2  # share of calls that give a method what it was given before, but for the last value
VALUES = 4  # of each parameter that one session draws from: methods meet the same ones again
OBJECT = (
    "\u0192object"  # begins the tuple that stands for another object of the class, made with the rest of it
)
# How methods of Python's own names are used, on `o` and what is given to them.
OPERATORS = {
    **{f"__{name}__": f"o {sign} a[0]" for name, sign in (
        ("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("add", "+"), ("sub", "-"),
        ("mul", "*"), ("truediv", "/"), ("floordiv", "//"), ("mod", "%"), ("pow", "**"), ("and", "&"), ("or", "|"),
    )},
    **{f"__{name}__": f"{name}(o)" for name in ("len", "str", "iter", "bool", "abs", "int", "float")},
    "__repr__": "str(o)", "__neg__": "-o", "__contains__": "a[0] in o", "__getitem__": "o[a[0]]", "__call__": "o(*a)",
    "__setitem__": "o.__setitem__(*a)", "__delitem__": "o.__delitem__(*a)",
}  # fmt: skip
_COMPARES = re.compile(r"(?i)[=!<>]=|[<>]|\b(?:equal|compar|same|identical|sort|order)")
_SHOWN = re.compile(r"(?i)__(?:str|repr)__|\b(?:print|display|show|string|text|represent|readable|format)\w*")


def methods_of(
    node: ast.ClassDef, tree: ast.Module, special: Collection[str] = ("__init__",)
) -> dict[str, Function]:
    """Public methods of a class and `__init__`, those it inherits among them; of a dataclass a made-up `__init__`.

    What sets a property goes by its name behind an equals sign: "=width".
    """
    found: dict[str, Function] = {}
    classes = {other.name: other for other in tree.body if isinstance(other, ast.ClassDef)}
    for base in node.bases:
        parent = classes.get(base.id) if isinstance(base, ast.Name) else None
        if parent is not None and parent is not node:
            found |= methods_of(parent, tree, special)
    if _fields_of(node):
        found["__init__"] = _dataclass_init(node)
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and (item.name in special or not item.name.startswith("_")):
            is_setter = f"{item.name}.setter" in map(ast.unparse, item.decorator_list)
            found[f"={item.name}" if is_setter else item.name] = item
    return found


def _fields_of(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """The fields of a dataclass; none of another class."""
    is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)] if is_dataclass else []
    return [field for field in fields if isinstance(field.target, ast.Name)]


def _dataclass_init(node: ast.ClassDef) -> ast.FunctionDef:
    fields = _fields_of(node)
    names = [ast.arg("self"), *(ast.arg(item.target.id, item.annotation) for item in fields)]  # type: ignore[union-attr]
    defaults: list[ast.expr] = [item.value for item in fields if item.value is not None]
    return ast.FunctionDef(
        "__init__", ast.arguments([], names, None, [], [], None, defaults), [ast.Pass()], []
    )


def names_in_session(steps: Sequence[str]) -> list[str]:
    """The methods that sessions call, each once."""
    return list(dict.fromkeys(name for source in steps for name, _ in _steps(source)))


def _steps(source: str) -> list[tuple[str, tuple[object, ...]]]:
    value = literal(source)
    return value if isinstance(value, list) else []


def known_sessions(node: ast.ClassDef, tree: ast.Module) -> list[Arguments]:
    """What the program itself does with objects of the class, where it gives them literals."""
    methods = methods_of(node, tree)
    made: dict[str, str] = {}
    steps: dict[str, list[str]] = {}
    statements = [inner for statement in tree.body for inner in _script_statements(statement)]
    for statement in statements:
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Call) and ast.unparse(value.func) == node.name and not value.keywords:
            target = ast.unparse(statement.targets[0])  # type: ignore[attr-defined]
            made[target] = _tuple_source(value.args)
            steps[target] = []
        for call in _calls_in_order(statement):
            owner = ast.unparse(call.func.value)  # type: ignore[attr-defined]
            name = call.func.attr  # type: ignore[attr-defined]
            if owner in steps and name in methods and not call.keywords:
                steps[owner].append(f"({name!r}, {_tuple_source(call.args)})")
    found = [(made[owner], f"[{', '.join(steps[owner])}]") for owner in made if steps[owner]]
    return [session for session in found if all(literal(source) is not None for source in session)]


def _script_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
        yield from node.body
    elif not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.For | ast.While | ast.Try):
        yield node


def _calls_in_order(statement: ast.stmt) -> list[ast.Call]:
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    return sorted(calls, key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))


def _tuple_source(arguments: Sequence[ast.expr]) -> str:
    return "(" + "".join(f"{ast.unparse(argument)}, " for argument in arguments) + ")"


def attributes_of(node: ast.ClassDef, tree: ast.Module, instruction: str) -> list[str]:
    """Attributes that the task names, `on` of "The attribute `on` holds its state", or that the script looks at.

    Of a dataclass, and of a class that has no methods, all: there is nothing else to it.
    """
    if _fields_of(node) or not methods_of(node, tree, OPERATORS).keys() - {"__init__"}:
        return [name for name in stored_in(node, tree) if not name.startswith("_")]
    script = [
        part for statement in tree.body for inner in _script_statements(statement) for part in ast.walk(inner)
    ]
    looked_at = {
        part.attr for part in script if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load)
    }
    return [
        name
        for name in stored_in(node, tree)
        if not name.startswith("_") and (name in looked_at or _names_attribute(instruction, name))
    ]


def _names_attribute(instruction: str, name: str) -> bool:
    name = re.escape(name)
    return bool(re.search(rf"`{name}`|attributes? (?:called |named )?[`'\"]?{name}\b", instruction))


def stored_in(node: ast.ClassDef, tree: ast.Module) -> list[str]:
    """The attributes that a class and its methods give its objects."""
    stored = [ast.unparse(field.target) for field in _fields_of(node)]
    stored += [
        target.id
        for item in node.body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name)
    ]
    stored += [
        part.attr
        for method in methods_of(node, tree).values()
        for part in ast.walk(method)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and ast.unparse(part.value) == "self"
    ]
    return list(dict.fromkeys(stored))


def session_calls(
    node: ast.ClassDef, tree: ast.Module, known: Sequence[Arguments], turn: int, instruction: str = ""
) -> list[Arguments]:
    """Sessions to try, those that the program shows first; drawn with the turn as the seed."""
    methods = methods_of(node, tree, ("__init__", *OPERATORS))
    for name in ("__str__", "__repr__") if not _SHOWN.search(instruction) else ():
        methods.pop(name, None)
    methods |= _operators_of_dataclass(node, instruction)
    draw = random.Random(turn)
    shown = _shown_values(known)
    named = attributes_of(node, tree, instruction)
    taken = {p.arg for p in parameters(methods["__init__"])[0]} if "__init__" in methods else set()
    looks: list[tuple[str, tuple[object, ...]]] = [(f".{name}", ()) for name in named]
    # What it is made with is looked at where the other class has it under that name too.
    looks += [(f"?{name}", ()) for name in stored_in(node, tree) if name in taken - {*named}]
    takes, whole = (
        {name: _given_parameters(method, shown.get(name, []), every) for name, method in methods.items()}
        for every in (False, True)
    )
    looks += [(name, ()) for name, given in takes.items() if not given and name != "__init__"]
    names = [name for name in methods if name != "__init__" and (takes[name] or name not in OPERATORS)]
    givers = [name for name in names if takes[name] and name not in OPERATORS] or names
    objects = {
        (name, parameter.arg)
        for name, own in whole.items()
        for parameter in own
        if _is_object(methods[name], parameter, node, tree)
    }
    keeping = keeping_of(methods, instruction)
    granted = {name: _granted(method, instruction, shown.get(name, [])) for name, method in methods.items()}
    found = list(known) if turn == 0 else []
    for number in range(MAX_SESSIONS if names or looks else 0):
        values = _values(methods, whole, shown, draw, seed=100 * turn + number)
        # What has a default is left out at times: not every class of that kind takes it.
        own = whole if number % 3 == 0 else takes
        maker = own.get("__init__", [])
        maker = maker[: _required(methods)] if number % 3 == 2 else maker
        made = _drawn(maker, values, draw, granted.get("__init__")) or ()
        if len(made) < len(maker):
            continue
        steps: list[tuple[str, tuple[object, ...]]] = []
        for place in range(draw.randint(2, MOST_STEPS) if names else 0):
            name = draw.choice(givers if place < FILLING and draw.random() < 0.7 else names)
            for _ in range(AGAIN):
                given = _drawn(own[name], values, draw, granted[name])
                if not given or all(step[0] != name or step[1][0] != given[0] for step in steps):
                    break
            if given is None:
                continue
            if (before := [past for step, past in steps if step == name]) and draw.random() < AMENDED:
                amended = (*draw.choice(before)[: len(given) - 1], *given[-1:])
                given = amended if granted[name].admits(tuple(map(source_of, amended))) else given
            other = (draw.random() >= 0.4 and _drawn(maker, values, draw, granted.get("__init__"))) or made
            if made and draw.random() < 0.3:  # in one value another one
                at = draw.randrange(len(made))
                other = (*made[:at], *other[at : at + 1], *made[at + 1 :])
            parameters_ = zip(own[name], given, strict=True)
            given = tuple((OBJECT, *other) if (name, p.arg) in objects else value for p, value in parameters_)
            steps.append((name, given))
            if looks and draw.random() < 0.5 and steps[-1] != (look := draw.choice(looks)):
                steps.append(look)
        steps = keeping.tidied(made, steps)
        found.append((source_of(made), source_of([*steps, *looks, *([] if names else looks)])))
    return list(dict.fromkeys(found))


def _operators_of_dataclass(node: ast.ClassDef, instruction: str) -> dict[str, Function]:
    """`==` of a dataclass, and `<` of one in order, where the task speaks of comparing."""
    if not _fields_of(node) or not _COMPARES.search(instruction):
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


def _drawn(
    own: Sequence[ast.arg],
    values: Mapping[str, Sequence[object]],
    draw: random.Random,
    granted: Granted | None = None,
) -> tuple[object, ...] | None:
    """Values for these parameters that are as granted; None where that cannot be done."""
    for _ in range(TRIES):
        found = tuple(draw.choice(values[parameter.arg]) for parameter in own)
        sources = granted.fitted(tuple(map(source_of, found))) if granted else ()
        if granted is None or granted.admits(sources):
            return tuple(map(literal, sources)) if granted else found
    return None


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


def _values(
    methods: Mapping[str, Function],
    takes: Mapping[str, Sequence[ast.arg]],
    shown: Mapping[str, Sequence[tuple[object, ...]]],
    draw: random.Random,
    seed: int,
) -> dict[str, list[object]]:
    """Some values for each name of a parameter: the program's own and others like them, or the same for all of a kind."""
    variation = Variation((), seed)
    found: dict[str, list[object]] = {}
    for name, own in takes.items():
        for given in shown.get(name, ()):
            for parameter, value in zip(own, given, strict=False):
                found.setdefault(parameter.arg, []).append(value)
    of_kinds: dict[str, list[object]] = {}
    for values in found.values():
        others = variation.calls([(source_of(value),) for value in values], VALUES - 1)
        values += [literal(source) for (source,) in others]
        of_kinds.setdefault(kinds_of((source_of(values[0]),))[0], []).extend(values)
    for name, own in takes.items():
        for parameter in own:
            kind = likely_kinds(methods[name], parameter)[0]
            if kind not in of_kinds:
                pool = [literal(source) for source in POOLS[kind]]
                of_kinds[kind] = draw.sample(pool, min(VALUES, len(pool)))
            found.setdefault(parameter.arg, of_kinds[kind])
    return found


def given_sizes(session: Arguments) -> list[tuple[str, int]]:
    """How many values the class and each method of a session get."""
    made, steps = session
    return [("__init__", len(literal(made) or ())), *((name, len(values)) for name, values in _steps(steps))]


def values_of(session: Arguments) -> Arguments:
    """All that a session gives to the class and to its methods."""
    made, steps = session
    given = [literal(made), *(values for _, values in _steps(steps))]
    return tuple(source_of(value) for values in given for value in values)
