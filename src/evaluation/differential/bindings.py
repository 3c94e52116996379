"""Finds what a reference's functions and classes are called in an answer, and how to call them there.

A binding is an expression, to be evaluated in the answer's namespace, that gives what takes the reference's arguments: `f`,
`lambda *a: f(a[1], a[0])`, `lambda *a: Solution().f(*a[:1])`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

from src.evaluation.differential.adapters import named_arguments, reshaped_call, ways_to_call
from src.evaluation.differential.inputs.forms.pools import POOLS
from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.sessions.members import OPERATORS, methods_of, stored_in
from src.evaluation.differential.inputs.sessions.sessions import given_sizes, names_in_session
from src.evaluation.differential.inputs.type_inference import Function, likely_kinds
from src.evaluation.differential.probe_runner import Call
from src.evaluation.differential.program_analysis import classes_of, entry_functions, flattened, functions_of
from src.evaluation.differential.targets import Target, target_of, targets_of
from src.languages.syntax import literal

MAX_WAYS = 4  # of calling one function that are tried
Binding = dict[str, str]  # name in the reference -> expression


def bindings(
    reference: ast.Module, answer: ast.Module, calls: Sequence[Call], filled: bool = False
) -> list[Binding]:
    """Ways to make the calls in the answer, the likeliest first; [] where something has no counterpart there.

    filled: a class that takes more values than the reference's gets some of their kind.
    """
    wanted: dict[str, list[Arguments]] = {}
    for name, arguments in calls:
        wanted.setdefault(name, []).append(arguments)
    functions, classes = functions_of(reference), classes_of(reference)
    ways = {
        name: _session_ways(reference, answer, classes[name], made, filled)
        for name, made in wanted.items()
        if name in classes
    }
    counterparts = _counterparts(
        functions, answer, {n: given for n, given in wanted.items() if n not in ways}
    )
    for name, target in counterparts.items():
        whole = flattened(functions[name])
        taken = whole[1] if whole else None
        given = [arguments[:taken] for arguments in wanted[name]]
        own = itertools.islice(ways_to_call(functions[name], target, given), MAX_WAYS)
        ways[name] = [way if taken is None else f"_made_({way}, {taken})" for way in own]
    if not wanted or any(not ways.get(name) for name in wanted):
        return []
    most = max(map(len, ways.values()))
    return [{name: way[min(at, len(way) - 1)] for name, way in ways.items()} for at in range(most)]


def named_alike(binding: Binding) -> bool:
    """Whether the counterparts were found by their names, not by what they take alone."""
    return all(_plain(name) in expression.replace("_", "").lower() for name, expression in binding.items())


def _counterparts(
    functions: Mapping[str, Function], answer: ast.Module, wanted: Mapping[str, Sequence[Arguments]]
) -> dict[str, Target]:
    """The answer's function or method for each of the reference's: by name, or by signature where one is left."""
    targets = targets_of(answer)
    found: dict[str, Target] = {}
    for name in wanted:
        exact = [target for target in targets if target.name == name]
        alike = [target for target in targets if _plain(target.name) == _plain(name)]
        if exact or alike:
            found[name] = (exact or alike)[0]
    left = [name for name in wanted if name not in found]
    entries = {function.name for function in entry_functions(answer)}
    spare = [
        t for t in targets if t not in found.values() and (t.owner or "." in t.name or t.name in entries)
    ]
    for name in left if len(left) == 1 else ():
        count = len(wanted[name][0])
        fitting = [target for target in spare if target.takes(count)] or [
            target for target in spare if reshaped_call(target, wanted[name])
        ]
        plain = [target for target in fitting if not target.owner] or fitting
        if len(plain) == 1:
            found[name] = plain[0]
    return found


def _plain(name: str) -> str:
    return name.rpartition(".")[2].replace("_", "").lower()


def _session_ways(
    reference: ast.Module,
    answer: ast.Module,
    wanted: ast.ClassDef,
    given: Sequence[Arguments],
    filled: bool,
) -> list[str]:
    """How the answer's class of that name, or its only one, is used as the reference's; [] where it cannot be."""
    classes = classes_of(answer)
    named = [name for name in classes if _plain(name) == _plain(wanted.name)] or list(classes)
    if len(named) != 1:
        return []
    methods, theirs = methods_of(wanted, reference), methods_of(classes[named[0]], answer)
    made_with = {len(literal(arguments[0]) or ()) for arguments in given}
    maker = _maker(methods.get("__init__"), theirs.get("__init__"), named[0], made_with)
    if maker is None and filled:
        maker = _filled_maker(methods.get("__init__"), theirs.get("__init__"), named[0], max(made_with))
    stored = stored_in(classes[named[0]], answer)
    called = _called_methods(methods, theirs, stored, names_in_session([steps for _, steps in given]))
    sizes = {size for session in given for size in given_sizes(session)}
    if maker is None or called is None or not _all_taken(sizes, methods, theirs):
        return []
    return [f"_session_({maker}, {{{', '.join(f'{name!r}: {way}' for name, way in called.items())}}})"]


def _maker(
    function: Function | None, answer: Function | None, name: str, sizes: Collection[int]
) -> str | None:
    target = target_of(answer, name, skip=1) if answer else Target(name, (), 0)
    if not all(map(target.takes, sizes)):
        return None
    count = max(sizes)
    own = ast.FunctionDef(name, _without_self(function), [], []) if function else None
    by_name = named_arguments(own, target, count) if own else None
    if len(sizes) > 1 and (by_name or target.keywords):
        return None
    plain = [f"a[{at}]" for at in range(count)] if target.keywords else ["*a"]
    return f"lambda *a: {target.called_with(by_name or plain)}"


def _filled_maker(function: Function | None, answer: Function | None, name: str, count: int) -> str | None:
    """How a class that takes more values is made: those of the reference by their names, or alone; the others by their kinds."""
    if answer is None:
        return None
    every, required = parameters(answer)
    own = [parameter.arg for parameter in parameters(function)[0][1:]][:count] if function else []
    theirs = {parameter.arg.strip("_").lower(): parameter.arg for parameter in every[1:]}
    if not all(other.strip("_").lower() in theirs for other in own):
        return None
    names = [theirs[other.strip("_").lower()] for other in own]
    others = [
        f"{p.arg}={POOLS[likely_kinds(answer, p)[0]][0]}" for p in every[1:required] if p.arg not in names
    ]
    return f"lambda *a: {name}({', '.join([*others, f'**dict(zip({names}, a))'])})"


def classes_take(reference: ast.Module, answer: ast.Module, calls: Sequence[Call]) -> list[Call]:
    """Of sessions, those whose class can be made with as few values in the answer."""
    wanted, theirs = classes_of(reference), classes_of(answer)
    found = []
    for name, arguments in calls:
        same = [node for other, node in theirs.items() if _plain(other) == _plain(name)] or list(
            theirs.values()
        )
        if name in wanted and len(same) == 1:
            methods = methods_of(same[0], answer)
            maker = methods.get("__init__")
            target = target_of(maker, "", skip=1) if maker else Target("", (), 0)
            taken = target.takes(len(literal(arguments[0]) or ()))
            if taken and _all_taken(given_sizes(arguments), methods_of(wanted[name], reference), methods):
                found.append((name, arguments))
    return found


def _all_taken(
    sizes: Iterable[tuple[str, int]], methods: Mapping[str, Function], theirs: Mapping[str, Function]
) -> bool:
    """Whether the answer's methods of the same names take as many values, where the reference's can do with fewer."""
    plain = {_plain(name): target_of(method, name, skip=1) for name, method in theirs.items()}
    return all(
        plain[_plain(name)].takes(size)
        for name, size in sizes
        if name in methods and name != "__init__" and _plain(name) in plain and methods[name].args.defaults
    )


def _without_self(function: Function) -> ast.arguments:
    every, required = parameters(function)
    defaults: list[ast.expr] = [ast.Constant(None)] * (len(every) - max(required, 1))
    return ast.arguments([], every[1:], None, [], [], None, defaults)


def _called_methods(
    methods: Mapping[str, Function],
    theirs: Mapping[str, Function],
    stored: Collection[str],
    wanted: Sequence[str],
) -> dict[str, str] | None:
    """How each method is called on `o`, and each attribute looked at; None where one has no counterpart."""
    attributes = {name: _look(name[1:], theirs, stored) for name in wanted if name[0] in ".?"}
    attributes |= {name: "lambda o: type" for name, way in attributes.items() if name[0] == "?" and not way}
    attributes |= {name: f"lambda o, *a: {OPERATORS[name]}" for name in wanted if name in OPERATORS}
    for name in wanted:
        if name[0] == "=":
            attributes[name] = _setting(name[1:], theirs, stored)
        elif name in methods and _is_property(methods[name]) and (way := _look(name, theirs, stored)):
            attributes[name] = way
    if not all(attributes.values()):
        return None
    wanted = [name for name in wanted if name not in attributes]
    theirs = {name: method for name, method in theirs.items() if name[0] != "="}
    plain = {_plain(name): name for name in theirs}
    found = {name: plain[_plain(name)] for name in wanted if _plain(name) in plain}
    left = [name for name in wanted if name not in found]
    spare = [name for name in theirs if name not in (*found.values(), "__init__")]
    for name in left:
        size = len(parameters(methods[name])[0])
        fitting = [other for other in spare if len(parameters(theirs[other])[0]) == size]
        if len(fitting) != 1 or len(left) > 1:
            return None
        found[name] = fitting[0]
    return attributes | {
        name: f"lambda o, *a: o.{other}" + ("" if _is_property(theirs[other]) else "(*a)")
        for name, other in found.items()
    }


def _look(name: str, methods: Mapping[str, Function], stored: Collection[str]) -> str:
    """How an attribute is looked at: under its name, a private one, or by a method that gives it; "" where there is none."""
    for other in (name, f"_{name}"):
        if other in stored:
            return f"lambda o: o.{other}"
    for method in (name, f"get_{name}"):
        if method in methods:
            return f"lambda o: o.{method}" + ("" if _is_property(methods[method]) else "()")
    return ""


def _setting(name: str, methods: Mapping[str, Function], stored: Collection[str]) -> str:
    """How an attribute is set; "" where that cannot be."""
    if f"={name}" not in methods and f"set_{name}" in methods:
        return f"lambda o, *a: o.set_{name}(*a)"
    return f"lambda o, *a: setattr(o, {name!r}, *a)" if f"={name}" in methods or name in stored else ""


def _is_property(function: Function) -> bool:
    return any(ast.unparse(decorator) == "property" for decorator in function.decorator_list)
