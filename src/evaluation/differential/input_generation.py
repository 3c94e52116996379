"""Generates arguments to call a function with, from its source and its sample."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence

from src.evaluation.differential.type_inference import POOLS, Function, compared_constants, likely_kinds
from src.languages.syntax import literal, parse_expression

MAX_CANDIDATES = 90
PER_KINDS = 12  # argument lists tried per combination of kinds

Arguments = tuple[str, ...]  # Python literals, one per parameter


def parameters(function: Function) -> tuple[list[ast.arg], int]:
    """Positional parameters, and how many of them have no default."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments, len(arguments) - len(function.args.defaults)


def can_be_called(function: Function) -> bool:
    """Whether positional arguments are enough, and calling it gives a value at once."""
    needed = [d for d in function.args.kw_defaults if d is None]
    return isinstance(function, ast.FunctionDef) and not needed and len(parameters(function)[0]) <= 6


def candidates(
    function: Function, seen: Sequence[Sequence[str]], texts: Sequence[str]
) -> Iterator[Arguments]:
    """Arguments for `function`, the likeliest first, at most MAX_CANDIDATES.

    seen: arguments of calls that the program made itself. texts: the sample's input and other prose that
    may contain a call.
    """
    every, required = parameters(function)
    if not every:
        count = 3 if function.args.vararg else 0
        yield from ([("3", "1", "2"), ("10", "4", "4")] if count else [()])
        return
    needed = every[:required] if required else every[:1]
    known = [tuple(call[: len(every)]) for call in seen]
    for text in texts:
        known += _calls_in(text, function.name, len(needed), len(every))
        known += _values_in(text, len(needed))
    generated = _generated(function, needed, known)
    unique = dict.fromkeys(itertools.chain(known, *(_varied(call) for call in known[:3]), generated))
    yield from itertools.islice((call for call in unique if all(map(_is_literal, call))), MAX_CANDIDATES)


def kinds_of(arguments: Arguments) -> tuple[str, ...]:
    """The kind of each literal, to keep calls of one kind together."""
    return tuple(_kind_of(source) for source in arguments)


def _is_literal(source: str) -> bool:
    """Whether `source` can be read back: what `...` and 1e999 are written as is a name."""
    return source == "None" or literal(source) is not None


def _kind_of(source: str) -> str:
    value = literal(source)
    if isinstance(value, list) and value:
        inner = {bool: "int", int: "int", float: "float", str: "str", dict: "dict"}.get(type(value[0]))
        if isinstance(value[0], list):
            return "matrix"
        return f"list[{inner}]" if inner else "list[pair]"
    return {list: "list[int]", str: "str", dict: "dict", tuple: "tuple", set: "set", bool: "bool"}.get(
        type(value), type(value).__name__
    )


def _calls_in(text: str, name: str, least: int, most: int) -> list[Arguments]:
    """Literal arguments of calls of `name` that are written out in `text`."""
    calls = []
    for start in itertools.islice(re.finditer(rf"\b{re.escape(name)}\(", text), 6):
        closing = _closing_bracket(text, start.end())
        tree = parse_expression(text[start.start() : closing])
        if isinstance(tree, ast.Call) and not tree.keywords and least <= len(tree.args) <= most:
            sources = tuple(ast.unparse(argument) for argument in tree.args)
            if all(literal(source) is not None for source in sources):
                calls.append(sources)
    return calls


def _closing_bracket(text: str, start: int) -> int:
    depth = 1
    for position in range(start, min(len(text), start + 500)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if not depth:
            return position + 1
    return start


def _values_in(text: str, count: int) -> list[Arguments]:
    """Values that a sample's input gives: "[1, 2], 3", "n = 4, k = 2", "Number: 7"."""
    text = text.strip()
    if not text or len(text) > 600:
        return []
    value = literal(text)
    if isinstance(value, tuple) and count > 1 and len(value) == count:
        return [tuple(repr(item) for item in value)]
    if value is not None:
        return [(repr(value),)] if count == 1 else []
    pieces = re.split(r"\n|;|,\s*(?=[A-Za-z_][\w ]*+\s*+[:=])", text)
    values = [literal(re.sub(r"^[A-Za-z_][\w ]*+\s*+[:=]\s*", "", piece.strip())) for piece in pieces]
    found = [repr(value) for value in values if value is not None]
    if len(found) == count:
        return [tuple(found)]
    if count == 1 and found:
        return [(source,) for source in found[:4]]
    return [(repr(text),)] if count == 1 and len(text.splitlines()) == 1 else []


def _varied(call: Arguments) -> Iterator[Arguments]:
    """Other arguments of the same kinds as those of a known call."""
    pools = [POOLS.get(kind, ()) for kind in kinds_of(call)]
    if not all(pools):
        return
    for turn in range(PER_KINDS):
        yield tuple(pool[(turn + 3 * place) % len(pool)] for place, pool in enumerate(pools))
    for place, pool in enumerate(pools):  # one argument at a time: the others keep a value that fits
        for source in pool[:6]:
            yield (*call[:place], source, *call[place + 1 :])


def _generated(
    function: Function, needed: Sequence[ast.arg], known: Sequence[Arguments]
) -> Iterator[Arguments]:
    ranked = [likely_kinds(function, parameter) for parameter in needed]
    sets = itertools.product(*(kinds[:4] for kinds in ranked))
    combinations = sorted(sets, key=lambda c: sum(k.index(kind) for k, kind in zip(ranked, c, strict=True)))
    yield from _with_constants(function, needed, known, combinations[0])
    first = [_combination(combinations[0], turn) for turn in range(4)]
    yield from _related([*known[:2], *first], len(needed))
    rounds = PER_KINDS if len(combinations) < 8 else PER_KINDS // 2
    for kinds in combinations[:16]:
        for turn in range(rounds):
            yield _combination(kinds, turn)


def _combination(kinds: Sequence[str], turn: int) -> Arguments:
    """The turn-th value of each kind; later places advance faster, so that the same values do not always meet."""
    pools = [POOLS[kind] for kind in kinds]
    return tuple(pool[(turn + (turn // 3 + 2) * place) % len(pool)] for place, pool in enumerate(pools))


def _with_constants(
    function: Function, needed: Sequence[ast.arg], known: Sequence[Arguments], kinds: Sequence[str]
) -> Iterator[Arguments]:
    """Calls that take each branch on a constant: `if unit == "C"`."""
    bases = [call for call in known[:2] if len(call) >= len(needed)]
    bases = bases or [_combination(kinds, 0), _combination(kinds, 3)]
    for place, parameter in enumerate(needed):
        for constant in compared_constants(function, parameter.arg)[:6]:
            for base in bases:
                yield (*base[:place], constant, *base[place + 1 :])


def _related(bases: Sequence[Arguments], count: int) -> Iterator[Arguments]:
    """Calls in which one argument occurs in another: a search also finds what it looks for."""
    for base in bases:
        if len(base) < count:
            continue
        for place, source in enumerate(base[:count]):
            for container, parts in _parts_of(literal(source)):
                for other, part in itertools.product(range(count), parts):
                    if other != place:
                        call = [*base]
                        call[place], call[other] = container, part
                        yield tuple(call)


def _parts_of(value: object) -> Iterator[tuple[str, list[str]]]:
    """A container as given and, if it can be, in order: with its first, middle and last part."""
    if isinstance(value, dict):
        yield repr(value), [repr(key) for key in list(value)[:2]]
    elif isinstance(value, str) and len(value) > 2:
        yield repr(value), [repr(part) for part in (value[0], value[-2:], *value.split()[:1])]
    elif isinstance(value, list) and len(value) > 1:
        numeric = all(isinstance(item, int | float) for item in value)
        for version in [value, sorted(value)] if numeric else [value]:
            parts = (version[0], version[len(version) // 2], version[-1])
            yield repr(version), [repr(part) for part in parts]
