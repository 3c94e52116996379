"""Sessions with a class: an object is made, and its methods are called one after another.

The arguments of a session are two literals: those of the class, `(100,)`, and the steps, `[('deposit', (50,)), ('balance', ())]`.
"""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.relations import Granted, granted_by
from src.evaluation.differential.inputs.sessions.keeping import keeping_of
from src.evaluation.differential.inputs.sessions.session_steps import amended, drawn, in_a_row, managed, mixed
from src.evaluation.differential.inputs.sessions.session_values import drawn_values, with_parts
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

MAX_SESSIONS = 60
MOST_STEPS = 9
FILLING = 3  # first steps that mostly give the object something
AGAIN = 3  # draws of values that a method was not given yet
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
    "__enter__": "(None if (e := o.__enter__()) is o else e)",
    "__exit__": "o.__exit__(*((None,) * 3 if a[0] else (ValueError, ValueError(), None))) or None",
    "__setitem__": "o.__setitem__(*a)", "__delitem__": "o.__delitem__(*a)",
}  # fmt: skip
_COMPARES = re.compile(r"(?i)[=!<>]=|[<>]|\b(?:equal|compar|same|identical|sort|order)")
_MANAGED = ("__enter__", "__exit__")  # around what a context manager is used for
_SHOWN = re.compile(
    r"(?i)__(?:str|repr)__|\bstr\(|\b(?:print|display|show|string|text|represent|readable|format)\w*"
)


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
    """`on`, "the attribute on", "state holds the colour"."""
    name = re.escape(name)
    return bool(
        re.search(rf"`{name}`|attributes? (?:called |named )?[`'\"]?{name}\b", instruction)
        or re.search(rf"\b{name} (?:holds|contains|stores|keeps)\b", instruction)
    )


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
    looks += [
        (name, ()) for name, given in takes.items() if not given and name not in ("__init__", *_MANAGED)
    ]
    names = [name for name in methods if takes[name] or name not in OPERATORS]
    names = [name for name in names if name not in ("__init__", *_MANAGED)]
    within = (1 + ("nested" in instruction)) * all(name in methods for name in _MANAGED)
    givers = [name for name in names if takes[name] and name not in OPERATORS] or names
    objects = {
        (name, parameter.arg)
        for name, own in whole.items()
        for parameter in own
        if _is_object(methods[name], parameter, node, tree)
    }
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
        values = drawn_values(node, tree, given_to, shown, instruction, draw, seed=100 * turn + number)
        # What has a default is left out at times: not every class of that kind takes it.
        own = whole if number % 3 == 0 else takes
        maker = own.get("__init__", [])
        maker = maker[: _required(methods)] if number % 3 == 2 else maker
        made = drawn(maker, values, draw, granted.get("__init__")) or ()
        if len(made) < len(maker):
            continue
        values = with_parts(values, made)
        steps: list[tuple[str, tuple[object, ...]]] = []
        for place in range(draw.randint(2, MOST_STEPS) if names else 0):
            name = draw.choice(givers if place < FILLING and draw.random() < 0.7 else names)
            for _ in range(AGAIN):
                given = drawn(own[name], values, draw, granted[name])
                if not given or all(step[0] != name or step[1][0] != given[0] for step in steps):
                    break
            if given is None:
                continue
            given = amended(given, [past for step, past in steps if step == name], granted[name], draw)
            other = (draw.random() >= 0.4 and drawn(maker, values, draw, granted.get("__init__"))) or made
            other = mixed(made, other, draw)
            parameters_ = zip(own[name], given, strict=True)
            given = tuple((OBJECT, *other) if (name, p.arg) in objects else value for p, value in parameters_)
            steps.append((name, given))
            if looks and draw.random() < 0.5 and steps[-1] != (look := draw.choice(looks)):
                steps.append(look)
        steps = managed(keeping.tidied(made, steps), within, draw)
        found.append((source_of(made), source_of([*steps, *looks, *([] if names else looks)])))
        if often and number % 6 == 0 and not within:
            steps = keeping.tidied(made, [*in_a_row(often, values, looks, turn, draw)])
            found.append((source_of(made), source_of([*steps, *looks])))
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
