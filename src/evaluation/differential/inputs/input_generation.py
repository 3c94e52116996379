"""Generates arguments to call a function with, from its source and its sample."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from src.evaluation.differential.inputs.domain import Domain
from src.evaluation.differential.inputs.type_inference import (
    POOLS,
    Function,
    compared_constants,
    constants_of,
    likely_kinds,
)
from src.evaluation.differential.inputs.variation import Variation, source_of
from src.languages.syntax import literal, parse_expression

MAX_CANDIDATES = 120
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


def known_arguments(
    function: Function, seen: Sequence[Sequence[str]], input: str, texts: Sequence[str]
) -> list[Arguments]:
    """Arguments that the sample shows: in calls that the program made itself, in its input, in calls that texts contain."""
    every, required = parameters(function)
    least = required or min(1, len(every))
    known = [tuple(call[: len(every)]) for call in seen]
    for text in (input, *texts):
        known += _calls_in(text, function.name, least, len(every))
    kinds = likely_kinds(function, every[0])[:2] if every else []
    known += values_in(input, least, least == 1 and "str" in kinds)
    return [call for call in dict.fromkeys(known) if all(map(_is_literal, call))]


def candidates(
    function: Function, known: Sequence[Arguments], domain: Domain, turn: int = 0
) -> list[Arguments]:
    """Arguments for `function`, the likeliest first, at most MAX_CANDIDATES.

    known: arguments that the sample shows. turn: 0 for the first ones; 1 and more for others, varied at random.
    """
    every, required = parameters(function)
    if not every:
        return [("3", "1", "2"), ("10", "4", "4")] if function.args.vararg else [()]
    needed = every[:required] if required else every[:1]
    if len(every) > required and known and any(len(call) > len(needed) for call in known):
        needed = every[: max(map(len, known))]
    ranked = _ranked_kinds(function, needed, every, domain)
    first = _first_combinations(ranked)
    variation = Variation(constants_of(function), seed=turn, shape=domain.shape)
    bases = [call for call in known if len(call) == len(needed)]
    bases += [_combination(first[0], number) for number in range(0 if bases else PER_KINDS)]
    if turn:
        unique = dict.fromkeys(variation.calls(bases, MAX_CANDIDATES))
    else:
        varied = itertools.chain(
            variation.calls(bases, 3 * PER_KINDS), *(_varied(call) for call in known[:3])
        )
        before, after = _generated(function, needed, known, first)
        unique = dict.fromkeys(itertools.chain(known, before, varied, after))
    return list(itertools.islice((call for call in unique if all(map(_is_literal, call))), MAX_CANDIDATES))


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


def values_in(text: str, count: int, as_text: bool = False) -> list[Arguments]:
    """Values that a sample's input gives: "[1, 2], 3", "n = 4, k = 2", "Number: 7", "{1} and {2}".

    as_text: a line that gives none is itself the value.
    """
    text = text.strip()
    if not text or len(text) > 600:
        return []
    value = literal(text)
    if isinstance(value, tuple) and count > 1 and len(value) == count:
        return [tuple(map(source_of, value))]
    if value is not None:
        return [(source_of(value),)] if count == 1 else []
    pieces = re.split(r"\n|;|\sand\s|,\s*(?=[A-Za-z_][\w ]*+\s*+[:=])", text)
    values = [literal(re.sub(r"^[A-Za-z_][\w ]*+\s*+[:=]\s*", "", piece.strip())) for piece in pieces]
    found = [source_of(value) for value in values if value is not None]
    if len(found) == count:
        return [tuple(found)]
    if count == 1 and found:
        return [(source,) for source in found[:4]]
    return [(repr(text),)] if as_text and len(text.splitlines()) == 1 else []


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


def _ranked_kinds(
    function: Function, needed: Sequence[ast.arg], every: Sequence[ast.arg], domain: Domain
) -> list[list[str]]:
    """For each parameter its likely kinds; those that the text names go to parameters in order, or to all if they are one."""
    described = domain.kinds[: len(every)]
    if len(described) < len(needed):
        described = described[:1] * len(needed) if len(set(described)) == 1 and len(described) > 1 else ()
    ranked = [
        likely_kinds(function, parameter, described[place] if place < len(described) else "")
        for place, parameter in enumerate(needed)
    ]
    if domain.shape is None:
        return ranked
    return [[domain.shape.kind, *kinds] if kinds[0] == "str" else kinds for kinds in ranked]


def _first_combinations(ranked: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    sets = itertools.product(*(kinds[:4] for kinds in ranked))
    return sorted(sets, key=lambda c: sum(k.index(kind) for k, kind in zip(ranked, c, strict=True)))


def _generated(
    function: Function,
    needed: Sequence[ast.arg],
    known: Sequence[Arguments],
    combinations: Sequence[tuple[str, ...]],
) -> tuple[list[Arguments], list[Arguments]]:
    """Arguments of the likeliest kinds, and of others."""
    first = [_combination(combinations[0], turn) for turn in range(2 * PER_KINDS)]
    likely = [
        *_with_constants(function, needed, known, combinations[0]),
        *itertools.islice(_related([*known[:2], *first[:4]], len(needed)), 5 * PER_KINDS),
        *first,
    ]
    rounds = PER_KINDS if len(combinations) < 8 else PER_KINDS // 2
    return likely, [_combination(kinds, turn) for kinds in combinations[1:16] for turn in range(rounds)]


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
        constants = compared_constants(function, parameter.arg)
        for base in bases:
            for constant in [c for c in constants if _fits(c, _kind_of(base[place]))][:12]:
                yield (*base[:place], constant, *base[place + 1 :])


def _fits(source: str, kind: str) -> bool:
    """Whether a literal is of a kind; a container's items may be of another."""
    group = {
        "text number": "str",
        "email": "str",
        "date": "str",
        "float": "int",
        "matrix": "list",
        "pair": "tuple",
    }
    first, second = (group.get(name, name).split("[")[0] for name in (_kind_of(source), kind))
    return first == second


def _related(bases: Sequence[Arguments], count: int) -> Iterator[Arguments]:
    """Calls in which one argument occurs in another or is made of it: a search also finds what it looks for."""
    for base in bases:
        if len(base) < count:
            continue
        for place, source in enumerate(base[:count]):
            value = literal(source)
            for other in range(count):
                if other != place:
                    for container, part in itertools.chain(_parts_of(value), _likenesses(value)):
                        call = [*base]
                        call[place], call[other] = container, part
                        yield tuple(call)


def _likenesses(value: Any) -> Iterator[tuple[str, str]]:
    """A text or list with its permutation, another of its length, one of the same items with other counts."""
    if isinstance(value, dict) and value:
        keys, values = list(value), list(value.values())
        others: list[object] = [
            dict(zip(keys, values[1:] + values[:1], strict=True)),
            dict(zip(keys, keys, strict=True)),
        ]
        others += [dict(list(value.items())[:-1]), value | {"more": values[0]}]
        yield from ((source_of(value), source_of(other)) for other in others)
    is_sequence = isinstance(value, str | list) and len(value) > 2
    if is_sequence:
        others = [value[::-1], value[1:] + value[:1], value[:-1] + value[:1], value + value[:1], value]
        yield (
            source_of(value[:1] + value),
            source_of(value + value[-1:]),
        )  # the same items, as many, with other counts
        yield from ((source_of(value), source_of(other)) for other in others)


def _parts_of(value: object) -> Iterator[tuple[str, str]]:
    """A container as given and, if it can be, in order: with its first, middle and last part."""
    parts: Sequence[object] = ()
    if isinstance(value, dict):
        parts = [*list(value)[:2], list(value)[::-1]]
    elif isinstance(value, str) and len(value) > 2:
        parts = (value[0], value[-2:], *value.split()[:1], value[0].swapcase())
    elif isinstance(value, list) and len(value) > 1:
        numeric = all(isinstance(item, int | float) for item in value)
        for version in [value, sorted(value)] if numeric else [value]:
            for part in (version[0], version[len(version) // 2], version[-1]):
                yield source_of(version), source_of(part)
        yield source_of([*value, value[0]]), source_of(value[0])  # which is there twice
        if isinstance(value[0], str):
            yield source_of([*value, value[0].swapcase()]), source_of(value[0])
    yield from ((source_of(value), source_of(part)) for part in parts)
