"""Finds what methods and attributes of a reference's class are called in an answer's, and how to use them there.

Each way is an expression that gives a function of the object, `o`, and of what the step gives, `a`.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from src.evaluation.differential.inputs.input_generation import parameters
from src.evaluation.differential.inputs.sessions.members import OPERATORS, changed_in, methods_of, stored_in
from src.evaluation.differential.inputs.type_inference import Function

MOST_GUESSED = 3  # methods whose names say nothing
_SAYS_LITTLE = frozenset(
    "get calculate calc compute find check is has to do print show display current all the of".split()
)
_SHOWS = re.compile(r"(?i)print|show|display|descri|info|str|represent|details")
_IN_WORDS = {
    "__add__": "add",
    "__sub__": "subtract",
    "__mul__": "multiply",
    "__eq__": "equals",
    "__len__": "size",
}
_TEXTS = ("__str__", "__repr__")
Ways = dict[str, str]


def plain_name(name: str) -> str:
    return name.rpartition(".")[2].replace("_", "").lower()


def same_meaning(name: str, other: str) -> bool:
    """Whether the words of one name are among those of the other: `check_balance`, `getBalance`; `add`, `addition`."""
    first, second = _words(name), _words(other)
    fewer, more = sorted((first, second), key=len)
    return all(any(_same_stem(word, another) for another in more) for word in fewer)


def _words(name: str) -> list[str]:
    every = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]
    return [word for word in every if word not in _SAYS_LITTLE] or every


def _same_stem(word: str, other: str) -> bool:
    """ "divide", "division"."""
    common = len([*itertools.takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False))])
    return word == other or common >= max(3, min(len(word), len(other)) - 2)


def alike(names: Collection[str], others: Collection[str], fits: Mapping[str, Collection[str]]) -> Ways:
    """For names that only one of the others means the same as, and that alone: that one. fits: which others a name may have."""
    found = {
        name: [other for other in others if other in fits[name] and same_meaning(name, other)]
        for name in names
    }
    every = [other for means in found.values() for other in means]
    return {name: means[0] for name, means in found.items() if len(means) == 1 and every.count(means[0]) == 1}


def ways_to_use(
    reference: ast.Module,
    answer: ast.Module,
    wanted: ast.ClassDef,
    given: ast.ClassDef,
    names: Sequence[str],
    guessed: bool,
) -> Iterator[Ways]:
    """How the members that sessions name are used on objects of the answer's class; nothing where one has no counterpart.

    guessed: methods whose names say nothing are tried in every order.
    """
    methods, theirs = methods_of(wanted, reference), methods_of(given, answer)
    own = methods_of(given, answer, OPERATORS).keys()  # with those of Python's names
    stored = stored_in(given, answer)
    ways = {
        name: _setting(name[2:], theirs, stored) if name[1] == "=" else _look(name[1:], theirs, stored)
        for name in names
        if name[0] in ".?"
    }
    # What the reference changes is another thing where the answer only ever keeps what it was made with.
    kept = changed_in(wanted, reference) - changed_in(given, answer)
    kept = kept if changed_in(given, answer) - {*stored_in(wanted, reference)} else set()
    ways |= {
        name: "lambda o, *a: type"
        for name, way in ways.items()
        if name[0] == "?" and (not way or name[1:] in kept & {*stored})
    }
    for name in names:
        if name in OPERATORS:
            ways[name] = _operator(name, own)
        elif name[0] == "=":
            ways[name] = _setting(name[1:], theirs, stored)
        elif name in methods and is_property(methods[name]) and (way := _look(name, theirs, stored)):
            ways[name] = way
    if not all(ways.values()):
        return
    names = [name for name in names if name not in ways]
    theirs = {name: method for name, method in theirs.items() if name[0] != "=" and name != "__init__"}
    by_plain = {plain_name(name): name for name in theirs}
    found = {name: by_plain[plain_name(name)] for name in names if plain_name(name) in by_plain}
    spare = [name for name in theirs if name not in found.values()]
    fits = {
        name: [other for other in spare if _taken(theirs[other]) == _taken(methods[name])]
        for name in names
        if name not in found
    }
    found |= alike(fits, spare, fits)
    left = [name for name in fits if name not in found]
    for name in left:
        if not _taken(methods[name]) and (way := _shown_otherwise(name, own, stored)):
            ways[name] = way
    left = [name for name in left if name not in ways]
    spare = [name for name in spare if name not in found.values()]
    for others in _orders(left, spare, fits, guessed):
        every = found | dict(zip(left, others, strict=True))
        yield ways | {name: _call(other, theirs[other], methods[name]) for name, other in every.items()}


def _orders(
    left: Sequence[str], spare: Sequence[str], fits: Mapping[str, Collection[str]], guessed: bool
) -> Iterator[tuple[str, ...]]:
    """Counterparts for the methods that are left: the only one that takes as much for a single one; or all that fit, in every order."""
    if not left:
        yield ()
    elif len(left) == 1 and not guessed:
        fitting = [other for other in spare if other in fits[left[0]]]
        yield from [(fitting[0],)] if len(fitting) == 1 else []
    elif guessed and len(left) <= MOST_GUESSED >= len(spare):
        for others in itertools.permutations(spare, len(left)):
            if all(other in fits[name] for name, other in zip(left, others, strict=True)):
                yield others


def _taken(method: Function) -> int:
    """How many values a method takes beside its object."""
    return len(parameters(method)[0]) - (not _is_static(method))


def _call(name: str, method: Function, wanted: Function) -> str:
    if is_property(method):
        return f"lambda o, *a: o.{name}"
    takes_object = _is_static(method) and _taken(method) == _taken(wanted) + 1
    return f"lambda o, *a: o.{name}({'o, ' if takes_object else ''}*a)"


def _operator(name: str, own: Collection[str]) -> str:
    """How an operator is used: as such, or by a method that says it in words."""
    if name in _TEXTS and not {*_TEXTS} & {*own}:
        shows = [other for other in own if _SHOWS.search(other) and not other.startswith("_")]
        return f"lambda o, *a: o.{shows[0]}()" if len(shows) == 1 else ""
    word = _IN_WORDS.get(name)
    return (
        f"lambda o, *a: o.{word}(*a)"
        if name not in own and word in own
        else f"lambda o, *a: {OPERATORS[name]}"
    )


def _shown_otherwise(name: str, own: Collection[str], stored: Collection[str]) -> str:
    """How something is looked at that the answer has no method for: an attribute, or what `print` shows of the object."""
    for attribute in stored:
        if not attribute.startswith("__") and _words(attribute) == _words(name):
            return f"lambda o, *a: o.{attribute}"
    return "lambda o, *a: print(o)" if _SHOWS.search(name) and {*_TEXTS} & {*own} else ""


def _look(name: str, methods: Mapping[str, Function], stored: Collection[str]) -> str:
    """How an attribute is looked at: under its name, a private one, or by a method that gives it; "" where there is none."""
    for other in (name, f"_{name}"):
        if other in stored:
            return f"lambda o: o.{other}"
    for method in (name, f"get_{name}"):
        if method in methods:
            return f"lambda o: o.{method}" + ("" if is_property(methods[method]) else "()")
    return ""


def _setting(name: str, methods: Mapping[str, Function], stored: Collection[str]) -> str:
    """How an attribute is set; "" where that cannot be."""
    if f"={name}" not in methods and f"set_{name}" in methods:
        return f"lambda o, *a: o.set_{name}(*a)"
    return f"lambda o, *a: setattr(o, {name!r}, *a)" if f"={name}" in methods or name in stored else ""


def is_property(function: Function) -> bool:
    return any(ast.unparse(decorator) == "property" for decorator in function.decorator_list)


def _is_static(function: Function) -> bool:
    return any(ast.unparse(decorator) == "staticmethod" for decorator in function.decorator_list)
