"""Finds what a reference's functions and classes are called in an answer, and how to call them there.

A binding is an expression, to be evaluated in the answer's namespace, that gives what takes the reference's arguments: `f`,
`lambda *a: f(a[1], a[0])`, `lambda *a: Solution().f(*a[:1])`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

from src.evaluation.differential.counterparts.adapters import (
    call_with_objects,
    named_arguments,
    reshaped_call,
    ways_to_call,
)
from src.evaluation.differential.counterparts.member_bindings import alike, plain_name, ways_to_use
from src.evaluation.differential.counterparts.targets import Target, target_of, targets_of
from src.evaluation.differential.inputs.forms.pools import POOLS
from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.sessions.members import OPERATORS, methods_of, stored_in
from src.evaluation.differential.inputs.sessions.sessions import given_sizes, names_in_session
from src.evaluation.differential.inputs.type_inference import Function, likely_kinds
from src.evaluation.differential.inputs.variation import source_of
from src.evaluation.differential.probe_runner import Call
from src.evaluation.differential.program_analysis import classes_of, entry_functions, flattened, functions_of
from src.languages.syntax import literal

MAX_WAYS = 4  # of calling one function that are tried
MAX_GUESSES = 6  # of using a class
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
        or _stateless_ways(classes[name], reference, answer, made)
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
        with_objects = filter(None, [call_with_objects(answer, target, given)])
        every = itertools.chain(ways_to_call(functions[name], target, given), with_objects)
        own = itertools.islice(every, MAX_WAYS)
        ways[name] = [way if taken is None else f"_made_({way}, {taken})" for way in own]
    if not wanted or any(not ways.get(name) for name in wanted):
        return []
    most = max(map(len, ways.values()))
    return [{name: way[min(at, len(way) - 1)] for name, way in ways.items()} for at in range(most)]


def named_alike(binding: Binding) -> bool:
    """Whether the counterparts were found by their names, not by what they take alone."""
    return all(
        plain_name(name) in expression.replace("_", "").lower() for name, expression in binding.items()
    )


def _counterparts(
    functions: Mapping[str, Function], answer: ast.Module, wanted: Mapping[str, Sequence[Arguments]]
) -> dict[str, Target]:
    """The answer's function or method for each of the reference's: by name, or by signature where one is left."""
    targets = targets_of(answer)
    found: dict[str, Target] = {}
    for name in wanted:
        exact = [target for target in targets if target.name == name]
        same = [target for target in targets if plain_name(target.name) == plain_name(name)]
        if exact or same:
            found[name] = (exact or same)[0]
    left = [name for name in wanted if name not in found]
    entries = {function.name for function in entry_functions(answer)}
    spare = [
        t for t in targets if t not in found.values() and (t.owner or "." in t.name or t.name in entries)
    ]
    fits = {name: _fitting(answer, spare, wanted[name]) for name in left}
    by_name = {target.name: target for target in spare}
    named = {name: [target.name for target in fitting] for name, fitting in fits.items()}
    found |= {name: by_name[other] for name, other in alike(left, list(by_name), named).items()}
    left = [name for name in left if name not in found]
    for name in left if len(left) == 1 else ():
        fitting = [target for target in fits[name] if target not in found.values()]
        plain = [target for target in fitting if not target.owner] or fitting
        if len(plain) == 1:
            found[name] = plain[0]
    return found


def _fitting(answer: ast.Module, spare: Sequence[Target], given: Sequence[Arguments]) -> list[Target]:
    """The targets that take as many arguments; else those that take them in another shape."""
    count = len(given[0])
    return [target for target in spare if target.takes(count)] or [
        target for target in spare if reshaped_call(target, given) or call_with_objects(answer, target, given)
    ]


def _session_ways(
    reference: ast.Module,
    answer: ast.Module,
    wanted: ast.ClassDef,
    given: Sequence[Arguments],
    filled: bool,
) -> list[str]:
    """How the answer's class of that name, or its only one, is used as the reference's; [] where it cannot be."""
    classes = classes_of(answer)
    named = [name for name in classes if plain_name(name) == plain_name(wanted.name)] or list(classes)
    methods = methods_of(wanted, reference)
    if len(named) != 1:
        return []
    theirs = methods_of(classes[named[0]], answer)
    made_with = {len(literal(arguments[0]) or ()) for arguments in given}
    maker = _maker(methods.get("__init__"), theirs.get("__init__"), named[0], made_with)
    if maker is None and filled:
        maker = _filled_maker(methods.get("__init__"), theirs.get("__init__"), named[0], max(made_with))
        maker = maker or _lesser_maker(
            wanted, methods.get("__init__"), theirs.get("__init__"), named[0], made_with
        )
    sizes = {size for session in given for size in given_sizes(session)}
    if maker is None or not _all_taken(sizes, methods, theirs):
        return []
    names = names_in_session([steps for _, steps in given])
    ways = ways_to_use(reference, answer, wanted, classes[named[0]], names, filled)
    return [_session_way(maker, way) for way in itertools.islice(ways, MAX_GUESSES)]


def _stateless_ways(
    wanted: ast.ClassDef, reference: ast.Module, answer: ast.Module, given: Sequence[Arguments]
) -> list[str]:
    """How functions, or methods of an object made with the values, stand for those of a class that keeps nothing."""
    methods = methods_of(wanted, reference, ("__init__", *OPERATORS))
    if stored_in(wanted, reference) or methods.keys() & {"__init__", *OPERATORS}:
        return []
    steps = [step for _, source in given for step in literal(source) or ()]
    calls: dict[str, list[Arguments]] = {}
    for name, values in steps:
        calls.setdefault(name, []).append(tuple(map(source_of, values)))
    found = _counterparts(methods, answer, calls)
    ways = {}
    for name, target in found.items():
        own = ast.FunctionDef(name, _without_self(methods[name]), [], [])
        way = next(ways_to_call(own, target, calls[name]), "")
        ways[name] = f"lambda o, *a: ({way})(*a)" if way else ""
    return [_session_way("lambda *a: None", ways)] if all(ways.get(name) for name in calls) else []


def _session_way(maker: str, ways: Mapping[str, str]) -> str:
    return f"_session_({maker}, {{{', '.join(f'{name!r}: {way}' for name, way in ways.items())}}})"


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
    named = {other: other.strip("_").lower() for other in own}
    named |= alike(own, [*theirs], {o: [t for t in theirs if named[o] not in theirs] for o in own})
    if not all(other in theirs for other in named.values()):
        return None
    names = [theirs[named[other]] for other in own]
    others = [
        f"{p.arg}={_plainest(likely_kinds(answer, p)[0])}" for p in every[1:required] if p.arg not in names
    ]
    return f"lambda *a: {name}({', '.join([*others, f'**dict(zip({names}, a))'])})"


def _lesser_maker(
    wanted: ast.ClassDef,
    function: Function | None,
    answer: Function | None,
    name: str,
    sizes: Collection[int],
) -> str | None:
    """How a class is made that takes less: without what the reference keeps and never uses."""
    own = [parameter.arg for parameter in parameters(function)[0][1:]] if function else []
    used = {
        part.attr
        for part in ast.walk(wanted)
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load)
    }
    kept = [at for at, parameter in enumerate(own) if parameter in used]
    target = target_of(answer, name, skip=1) if answer else Target(name, (), 0)
    fits = not target.keywords and all(target.takes(sum(at < size for at in kept)) for size in sizes)
    return f"lambda *a: {name}(*[a[at] for at in {kept} if at < len(a)])" if kept and fits else None


def _plainest(kind: str) -> str:
    """A value of a kind; of a container one without items, since an object begins with none that is not given any."""
    return "[]" if kind.startswith("list") else "{}" if kind.startswith("dict") else POOLS[kind][0]


def classes_take(reference: ast.Module, answer: ast.Module, calls: Sequence[Call]) -> list[Call]:
    """Of sessions, those whose class can be made with as few values in the answer."""
    wanted, theirs = classes_of(reference), classes_of(answer)
    found = []
    for name, arguments in calls:
        same = [node for other, node in theirs.items() if plain_name(other) == plain_name(name)] or list(
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
    plain = {plain_name(name): target_of(method, name, skip=1) for name, method in theirs.items()}
    return all(
        plain[plain_name(name)].takes(size)
        for name, size in sizes
        if name in methods
        and name != "__init__"
        and plain_name(name) in plain
        and methods[name].args.defaults
    )


def _without_self(function: Function) -> ast.arguments:
    every, required = parameters(function)
    defaults: list[ast.expr] = [ast.Constant(None)] * (len(every) - max(required, 1))
    return ast.arguments([], every[1:], None, [], [], None, defaults)
