"""Generates arguments to call a function with, from its source and its sample."""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator, Sequence

from src.evaluation.differential.inputs.forms.dates import dates_for, places_of_date
from src.evaluation.differential.inputs.forms.edges import at_edges, with_blanks
from src.evaluation.differential.inputs.forms.pools import ANY, POOLS
from src.evaluation.differential.inputs.forms.related import (
    boundaries,
    chained_calls,
    doubled,
    equals,
    likenesses,
    parts_of,
    paths,
    with_opposite,
)
from src.evaluation.differential.inputs.known.alphabets import alphabet_of, lists_of, texts_of
from src.evaluation.differential.inputs.known.constants import (
    around,
    compared_constants,
    constants_of,
    dispatched_on,
    ignores_case,
    input_texts,
    stripped_signs,
    texts_for,
)
from src.evaluation.differential.inputs.known.records import records_of
from src.evaluation.differential.inputs.known.totals import near_totals
from src.evaluation.differential.inputs.known.uses import asked_for
from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.stated.tuple_fields import lists_of_tuples
from src.evaluation.differential.inputs.type_inference import Function, likely_kinds
from src.evaluation.differential.inputs.variation import Variation, is_function, source_of
from src.languages.syntax import literal

MAX_CANDIDATES = 120
MAX_SIGNS = 6
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
    function: Function,
    known: Sequence[Arguments],
    domain: Domain,
    turn: int = 0,
    tree: ast.Module | None = None,
) -> list[Arguments]:
    """Arguments for `function`, the likeliest first, at most MAX_CANDIDATES.

    tree: the program, which may have tables that the function looks into. known: arguments that the sample shows. turn: 0 for the first ones; 1 and more for others, varied at random.
    """
    every, required = parameters(function)
    if not every:
        return [("3", "1", "2"), ("10", "4", "4")] if function.args.vararg else [()]
    needed = every[:required] if required else every[:1]
    if len(every) > required and known and any(len(call) > len(needed) for call in known):
        needed = every[: max(map(len, known))]
    needed = every if domain.defaults else needed
    ranked = _ranked_kinds(function, needed, every, domain)
    first = _first_combinations(ranked)
    numbers = [value for value in constants_of(function) if not isinstance(value, str)]
    variation = Variation(
        [*numbers, *input_texts(function)], turn, domain.shape, domain.negative, domain.zero_items
    )
    bases = [call for call in known if len(call) == len(needed)]
    bases += [_combination(first[0], number) for number in range(0 if bases else PER_KINDS)]
    if turn:
        unique = dict.fromkeys(variation.calls(bases, MAX_CANDIDATES))
    else:
        varied = itertools.chain(
            variation.calls(bases, 3 * PER_KINDS), *(_varied(call) for call in known[:3])
        )
        before, after = _generated(function, needed, known, first, tree or ast.Module([], []), domain)
        sizes = range(required, len(needed) if domain.defaults else 0)
        less = [call[:size] for call in [*bases, *before][:PER_KINDS] for size in sizes]
        examples = [call for call in domain.examples if required <= len(call) <= len(needed)]
        blank = [c for call in bases[:PER_KINDS] for c in with_blanks(call)] if domain.blank_items else []
        unique = dict.fromkeys(itertools.chain(known, blank, less, examples, before, varied, after))
    return list(itertools.islice((call for call in unique if all(map(is_literal, call))), MAX_CANDIDATES))


def kinds_of(arguments: Arguments) -> tuple[str, ...]:
    """The kind of each literal, to keep calls of one kind together."""
    return tuple(_kind_of(source) for source in arguments)


def is_literal(source: str) -> bool:
    """Whether `source` can be read back: what `...` and 1e999 are written as is a name."""
    return source == "None" or literal(source) is not None


def _kind_of(source: str) -> str:
    value = literal(source)
    if is_function(value):
        return "function"
    if isinstance(value, list) and value:
        value = [item for item in value if item is not None] or value
        inner = {bool: "bool", int: "int", float: "float", str: "str", dict: "dict", set: "set"}.get(
            type(value[0])
        )
        if isinstance(value[0], list):
            return "matrix"
        return f"list[{inner}]" if inner else "list[pair]"
    if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
        return "dict[str]"
    return {list: "list[int]", str: "str", dict: "dict", tuple: "tuple", set: "set", bool: "bool"}.get(
        type(value), type(value).__name__
    )


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
    containers = [kind for kind in domain.kinds if kind not in ("int", "float", "str", "char", "bool", "any")]
    described = tuple(containers) if len(containers) == len(needed) else domain.kinds[: len(every)]
    if len(described) < len(needed):
        described = described[:1] * len(needed) if len(set(described)) == 1 and len(described) > 1 else ()
    ranked = [
        likely_kinds(
            function,
            parameter,
            described[place] if place < len(described) else "list" * (parameter.arg in domain.lists),
        )
        for place, parameter in enumerate(needed)
    ]
    ranked = [
        ["str", *kinds] if kinds[0] != "str" and dispatched_on(function, parameter.arg) else kinds
        for parameter, kinds in zip(needed, ranked, strict=True)
    ]
    if domain.fields:
        listed = [parameter.arg in domain.lists for parameter in needed]
        ranked = [
            ["list[pair]", *kinds] if is_list or "list[pair]" in kinds[:3] else kinds
            for is_list, kinds in zip(listed, ranked, strict=True)
        ]
    if any(kinds[0].startswith("dict") for kinds in ranked):  # of which the others are the keys
        ranked = [["str", *kinds] if kinds == ANY else kinds for kinds in ranked]
    if domain.shape is None:
        return ranked
    alone = len(ranked) == 1  # then the form that the task names is its form
    return [[domain.shape.kind, *kinds] if alone or kinds[0] == "str" else kinds for kinds in ranked]


def _first_combinations(ranked: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    sets = itertools.product(*(kinds[:4] for kinds in ranked))
    return sorted(sets, key=lambda c: sum(k.index(kind) for k, kind in zip(ranked, c, strict=True)))


def _generated(
    function: Function,
    needed: Sequence[ast.arg],
    known: Sequence[Arguments],
    combinations: Sequence[tuple[str, ...]],
    tree: ast.Module,
    domain: Domain,
) -> tuple[list[Arguments], list[Arguments]]:
    """Arguments of the likeliest kinds, and of others."""
    first = [_combination(combinations[0], turn) for turn in range(2 * PER_KINDS)]
    related = [*itertools.islice(_related([*known[:2], *first[:4]], len(needed)), 5 * PER_KINDS)]
    full = [call for call in (*known[:2], *related[:PER_KINDS]) if len(call) == len(needed)]
    likely = [
        *near_totals(function, [parameter.arg for parameter in needed], (full or first)[:4], tree),
        *itertools.chain(*map(chained_calls, full)),
        *_with_constants(function, needed, known, combinations[0], tree, domain.quoted),
        *itertools.chain(*map(doubled, full)),
        *_dates(full or first, [parameter.arg for parameter in needed]),
        *_of_tuples(full or first, combinations[0], domain.fields),
        *(edge for call in (*full[:1], *first[:1]) for edge in at_edges(call)),
        *related,
        *first,
    ]
    rounds = PER_KINDS if len(combinations) < 8 else PER_KINDS // 2
    return likely, [_combination(kinds, turn) for kinds in combinations[1:16] for turn in range(rounds)]


def _of_tuples(
    bases: Sequence[Arguments], kinds: Sequence[str], fields: Sequence[Sequence[str]]
) -> Iterator[Arguments]:
    """Calls with lists of tuples of these fields for the parameters that are lists."""
    places = [at for at, kind in enumerate(kinds) if kind == "list[pair]"]
    if not 0 < len(places) <= len(fields):
        return
    draw = random.Random(0)
    for number in range(2 * PER_KINDS):
        call = [*bases[number % len(bases)]]
        for place, rows in zip(places, lists_of_tuples(fields[: len(places)], draw), strict=True):
            call[place] = source_of(rows)
        yield tuple(call)


def _dates(bases: Sequence[Arguments], names: Sequence[str]) -> list[Arguments]:
    """The first call with dates, where it takes a year, a month and a day."""
    values = [literal(source) for source in bases[0]]
    return [tuple(map(source_of, call)) for call in dates_for(values, places_of_date(names))]


def _combination(kinds: Sequence[str], turn: int) -> Arguments:
    """The turn-th value of each kind; later places advance faster, so that the same values do not always meet."""
    pools = [POOLS[kind] for kind in kinds]
    return tuple(pool[(turn + (turn // 3 + 2) * place) % len(pool)] for place, pool in enumerate(pools))


def _with_constants(
    function: Function,
    needed: Sequence[ast.arg],
    known: Sequence[Arguments],
    kinds: Sequence[str],
    tree: ast.Module,
    quoted: Sequence[str] = (),
) -> Iterator[Arguments]:
    """Calls that take each branch on a constant: `if unit == "C"`; texts in which what the function looks for stands."""
    bases = [call for call in known[:2] if len(call) >= len(needed)]
    bases = bases or [_combination(kinds, 0), _combination(kinds, 3)]
    bases += [_without_common_divisor(base) for base in bases[:1]]
    known_texts = [texts_for(function, parameter.arg, tree) for parameter in needed]
    if len(needed) > 1 and all(known_texts):
        for chosen in itertools.islice(itertools.product(*known_texts), PER_KINDS):
            yield tuple(map(repr, chosen))
    for place, parameter in enumerate(needed):
        constants = compared_constants(function, parameter.arg)
        texts = texts_for(function, parameter.arg, tree)
        if len(needed) == 1:
            cases = ignores_case(function)
            texts += [made for text in input_texts(function)[:3] for made in around(text, cases)]
            texts += [f"go tree{sign} tree" for sign in stripped_signs(function)[:MAX_SIGNS]]
            alphabet = alphabet_of(function, tree)
            more = 2 if len(alphabet) < 4 else 1  # of few signs there are long rows
            texts += texts_of(alphabet, random.Random(0), more * PER_KINDS) if alphabet else []
        constants = list(dict.fromkeys([*constants[:12], *map(repr, texts)]))[:36]
        constants += asked_for(function, parameter.arg)
        lists = lists_of(function, parameter.arg, tree, random.Random(0), PER_KINDS, quoted)
        steps = [*map(repr, lists)]
        constants += steps
        few = ["2" if type(literal(source)) is int else source for source in bases[0]]
        if len(needed) > 1:  # what is used up by few steps
            yield from ((*few[:place], step, *few[place + 1 :]) for step in steps)
        constants += map(repr, records_of(function, parameter.arg, random.Random(0), PER_KINDS))
        for base in bases:
            for constant in [c for c in constants if _fits(c, _kind_of(base[place]))]:
                yield (*base[:place], constant, *base[place + 1 :])


def _fits(source: str, kind: str) -> bool:
    """Whether a literal is of a kind; a container's items may be of another."""
    group = {
        "text number": "str",
        **{f"function of {n}": "function" for n in range(4)},
        "email": "str",
        "date": "str",
        "float": "int",
        "matrix": "list",
        "pair": "tuple",
    }
    first, second = (group.get(name, name).split("[")[0] for name in (_kind_of(source), kind))
    return first == second


def _without_common_divisor(call: Arguments) -> Arguments:
    """A call with other whole numbers, none of which divides another: `7 / 2` is not `7 // 2`."""
    others = itertools.cycle("7 2 5 3".split())
    return tuple(next(others) if type(literal(source)) is int else source for source in call)


def _related(bases: Sequence[Arguments], count: int) -> Iterator[Arguments]:
    """Calls in which one argument occurs in another or is made of it: a search also finds what it looks for."""
    for base in bases:
        if len(base) < count:
            continue
        yield from paths(base, count)
        for place, source in enumerate(base[:count]):
            value = literal(source)
            for other in range(count):
                if other != place:
                    numbers = boundaries(value) if type(literal(base[other])) is int else ()
                    pairs = ((source, repr(number)) for number in numbers)
                    opposite = with_opposite(value, literal(base[other]))
                    likes = (opposite, parts_of(value), likenesses(value), equals(value))
                    for container, part in itertools.chain(pairs, *likes):
                        call = [*base]
                        call[place], call[other] = container, part
                        yield tuple(call)
