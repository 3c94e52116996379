"""Steps of sessions with a class: what one of them is given, and what they are together."""

from __future__ import annotations

import ast
import itertools
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from src.evaluation.differential.inputs.preconditions.relations import Granted
from src.evaluation.differential.inputs.sessions.keeping import Step
from src.evaluation.differential.inputs.sessions.session_values import calculates_with, other_than
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

RUNS = (12, 25, 60)  # times that one method is called in a row, turn by turn: to a limit and beyond
AMENDED = 0.2  # share of calls that give a method what it was given before, but for the last value
_CLOCK = re.compile(r"(?i)t|now|time|timestamp|clock|at_time|(?:current|start|end|stop)_?time")
_PLANS = re.compile(r"(?i)schedul|plan|remind|book|reserve|alarm")  # its time is to come: any order will do
TURNS = 5  # times that methods are called one after another with the same values
MOST_ASKED = 3  # of each method at the end of a session
TRIES = 8  # draws of values that are as the task takes them for granted


def drawn(
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


def all_equal(made: tuple[object, ...], granted: Granted | None) -> tuple[object, ...]:
    """Numbers that an object is made of, all the first one, where that is as granted: a square."""
    if len(made) < 2 or any(type(value) not in (int, float) for value in made):
        return made
    equal = made[:1] * len(made)
    return equal if granted is None or granted.admits(tuple(map(source_of, equal))) else made


def amended(
    given: tuple[object, ...], before: Sequence[tuple[object, ...]], granted: Granted, draw: random.Random
) -> tuple[object, ...]:
    """At times what the method was given before, but for the last value or the first; or a span around an earlier one."""
    if not before or draw.random() >= AMENDED:
        return given
    earlier = draw.choice(before)
    other = (*earlier[: len(given) - 1], *given[-1:])
    if draw.random() < 0.4:
        other = (*given[:1], *earlier[1 : len(given)])
    match earlier:
        case (int(start), int(end), *rest) if start < end and draw.random() < 0.5:
            other = (start - 1, end + 1, *rest)
    return other if granted.admits(tuple(map(source_of, other))) else given


def mixed(
    made: tuple[object, ...], other: tuple[object, ...], draw: random.Random, same_size: bool = False
) -> tuple[object, ...]:
    """What another object is made of: at times what this one is, with one value another; or a span within its span, or around it.

    same_size: always of lists that are as long.
    """
    alike = tuple(_with_other_numbers(value, draw) if isinstance(value, list) else value for value in made)
    if same_size:
        return alike if draw.random() < 0.8 else made
    if not made or draw.random() >= 0.3:
        return other
    match made:
        case (int(start), int(end), *rest) if start + 2 < end and draw.random() < 0.5:
            step = draw.choice((1, -1))
            return (start + step, end - step, *rest)
    if alike != made and draw.random() < 0.5:
        return alike
    at = draw.randrange(len(made))
    return (*made[:at], *other[at : at + 1], *made[at + 1 :])


def _with_other_numbers(value: object, draw: random.Random) -> object:
    """A list, and lists in it, with other whole numbers: as a matrix of the same size."""
    if isinstance(value, list):
        return [_with_other_numbers(item, draw) if isinstance(item, int | list) else item for item in value]
    return draw.randint(1, 9) if type(value) is int else value


def in_time(steps: Sequence[Step], takes: Mapping[str, Sequence[ast.arg]]) -> list[Step]:
    """The steps with the times that they are given in order: a clock does not go back."""
    places = [
        (at, place)
        for at, (name, given) in enumerate(steps)
        if not _PLANS.match(name)
        for place, parameter in enumerate(takes.get(name, ())[: len(given)])
        if _CLOCK.fullmatch(parameter.arg) and type(given[place]) in (int, float)
    ]
    times = sorted(steps[at][1][place] for at, place in places)  # type: ignore[type-var]
    found = [(name, [*given]) for name, given in steps]
    for (at, place), time in zip(places, times, strict=True):
        found[at][1][place] = time
    return [(name, tuple(given)) for name, given in found]


def closing(
    steps: Sequence[Step],
    takes: Mapping[str, Sequence[ast.arg]],
    asking: Collection[str],
    draw: random.Random,
) -> list[Step]:
    """Steps that ask the object for what was given to it: these methods, with values of parameters of the same names."""
    given: dict[str, list[object]] = {}
    for name, values in steps:
        for parameter, value in zip(takes.get(name, ()), values, strict=False):
            if value not in given.setdefault(parameter.arg, []):
                given[parameter.arg].append(value)
    found: list[Step] = []
    for name in asking:
        own = [given.get(parameter.arg, []) for parameter in takes[name]]
        if own and all(own):
            every = [*itertools.islice(itertools.product(*own), MOST_ASKED**2)]
            found += [(name, values) for values in draw.sample(every, min(MOST_ASKED, len(every)))]
    return found


def managed(steps: list[Step], times: int, draw: random.Random) -> list[Step]:
    """The steps within a context manager, at times with an error at its end; or parts of them, where it can be nested."""
    for _ in range(times):
        start, end = draw.randint(0, len(steps) // 2), draw.randint(len(steps) // 2, len(steps))
        inner: list[Step] = [("__enter__", ()), *steps[start:end], ("__exit__", (draw.random() < 0.7,))]
        steps = [*steps[:start], *inner, *steps[end:]] if times > 1 else inner
    return steps


def with_another(
    names: Sequence[str],
    maker: Sequence[ast.arg],
    values: Mapping[str, Sequence[object]],
    made: tuple[object, ...],
    granted: Granted | None = None,
) -> list[Step]:
    """A step that sets one of these attributes to another value than the object was made with, such that all are as granted."""
    for at, parameter in enumerate(maker):
        for value in values[parameter.arg] if parameter.arg in names else ():
            sources = tuple(map(source_of, (*made[:at], value, *made[at + 1 :])))
            if value != made[at] and (granted is None or granted.admits(sources)):
                return [(f"?{parameter.arg}", ()), (f"?={parameter.arg}", (value,))]
    return []


def _is_number(values: Sequence[object]) -> bool:
    return type(values[0]) is int


def in_turns(
    methods: Mapping[str, tuple[Function, Sequence[ast.arg], Granted]],
    values: Mapping[str, Sequence[object]],
    changing: Collection[str],
    draw: random.Random,
) -> list[Step]:
    """Each method once, then some of them in turns with the same values: to a limit that needs more than one of them."""
    few = {name: draw.sample(of_it, 1) for name, of_it in values.items()}
    steps: list[Step] = []
    for name in draw.sample([*methods], len(methods)):
        _, own, granted = methods[name]
        given = drawn(own, few, draw, granted)
        steps += [] if given is None else [(name, given)]
    changes = [step for step in steps if step[0] in changing] or steps
    some = draw.sample(changes, min(len(changes), draw.randint(2, 3)))
    return [*steps, *some * TURNS]


def in_a_row(
    methods: Mapping[str, tuple[Function, Sequence[ast.arg], Granted]],
    values: Mapping[str, Sequence[object]],
    looks: Sequence[tuple[str, tuple[object, ...]]],
    turn: int,
    draw: random.Random,
    changing: Collection[str] = (),
) -> Iterator[tuple[str, tuple[object, ...]]]:
    """One method many times, of those that change the object, then the others: with one number or two where it calculates with it, else with another each time."""
    few = {name: draw.sample(of_it, min(2, len(of_it))) for name, of_it in values.items()}
    often, times = (
        draw.choice([name for name in methods if name in changing] or [*methods]),
        RUNS[turn % len(RUNS)],
    )
    others = draw.sample([*methods], len(methods))
    same = draw.random() < 0.5  # number again and again, as a column that is filled
    for at in range(times + len(others)):
        name = often if at < times else others[at - times]
        method, own, granted = methods[name]
        counts = not own or calculates_with(method, own[0].arg) or (same and _is_number(few[own[0].arg]))
        if at >= times and name == often and not counts:
            continue
        given = drawn(own, few, draw, granted)
        if given and not counts:
            other = (other_than(given[0], at % times), *given[1:])
            given = other if granted.admits(tuple(map(source_of, other))) else None
        if given is None:
            continue
        yield name, given
        if looks and draw.random() < 0.5:
            yield draw.choice(looks)
