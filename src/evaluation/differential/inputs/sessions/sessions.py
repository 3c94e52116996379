"""Sessions with a class: an object is made, and its methods are called one after another.

The arguments of a session are two literals: those of the class, `(100,)`, and the steps, `[('deposit', (50,)), ('balance', ())]`.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping, Sequence

from src.evaluation.differential.inputs.forms.dates import as_date, places_of_date
from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.preconditions.domain import Domain, shown_domain
from src.evaluation.differential.inputs.preconditions.relations import Granted
from src.evaluation.differential.inputs.sessions.keeping import (
    Step,
    is_list_of_names,
    without_doubles,
)
from src.evaluation.differential.inputs.sessions.members import (
    settable_in,
)
from src.evaluation.differential.inputs.sessions.session_steps import (
    all_equal,
    amended,
    closing,
    drawn,
    in_a_row,
    in_time,
    in_turns,
    managed,
    mixed,
    with_another,
)
from src.evaluation.differential.inputs.sessions.session_values import are_apart, drawn_values, with_parts
from src.evaluation.differential.inputs.sessions.shown_sessions import steps_in
from src.evaluation.differential.inputs.sessions.uses import MANAGED, Uses, uses_of
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

MAX_SESSIONS = 60
MOST_STEPS = 9
MANY_STEPS = 24  # of one session in four: what was used longest ago shows only then
FILLING = 3  # first steps that mostly give the object something
MANY_FILLING = (2, 8)  # of these, in every second session
AGAIN = 3  # draws of values that a method was not given yet
OBJECT = (
    "\u0192object"  # begins the tuple that stands for another object of the class, made with the rest of it
)


def names_in_session(steps: Sequence[str]) -> list[str]:
    """The methods that sessions call, each once."""
    return list(dict.fromkeys(name for source in steps for name, _ in steps_in(source)))


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
    draw = random.Random(turn)
    uses = uses_of(node, tree, known, instruction)
    names, looks, granted = uses.names, uses.looks, uses.granted
    within = (1 + ("nested" in instruction)) * all(name in uses.methods for name in MANAGED)
    given_to = {name: (uses.methods[name], given) for name, given in uses.whole.items()}
    once = is_list_of_names(node, instruction)
    found = list(known) if turn == 0 else []
    for number in range(MAX_SESSIONS if names or looks or within else 0):
        values = drawn_values(
            node, tree, given_to, uses.shown, instruction, draw, 100 * turn + number, domain
        )
        # What has a default is left out at times: not every class of that kind takes it.
        own = uses.whole if number % 3 == 0 else uses.takes
        maker = own.get("__init__", [])
        maker = maker[: _required(uses.methods)] if number % 3 == 2 else maker
        dates = places_of_date([parameter.arg for parameter in maker])
        made = drawn(maker, values, draw, granted.get("__init__")) or ()
        if len(made) < len(maker):
            continue
        made = as_date(made, dates, number + turn * MAX_SESSIONS)
        made = without_doubles(made) if once else made
        made = all_equal(made, granted.get("__init__")) if number % 10 == 7 else made
        makers, values = values, with_parts(values, made)
        steps: list[Step] = []
        most = MANY_STEPS if number % 4 == 3 else MOST_STEPS
        filling = FILLING if number % 2 else draw.randint(*MANY_FILLING)
        fillers = uses.givers if number % 2 else uses.fillers
        for place in range(draw.randint(2, most) + filling - FILLING if names else 0):
            name = draw.choice(fillers if place < filling and draw.random() < 0.7 else names)
            before = [past for step, past in steps if step == name]
            given = _given(own[name], values, before, granted[name], draw)
            if given is None or not are_apart(uses.methods[name], own[name], given):
                continue
            other = (draw.random() >= 0.4 and drawn(maker, makers, draw, granted.get("__init__"))) or made
            other = as_date(other, dates, draw.randrange(MAX_SESSIONS)) if other != made else made
            other = mixed(made, other, draw, same_size=name in uses.pairing)
            parameters_ = zip(own[name], given, strict=True)
            given = tuple(
                (OBJECT, *other) if (name, p.arg) in uses.objects else value for p, value in parameters_
            )
            steps.append((name, given))
            if uses.calm and draw.random() < 0.5 and steps[-1] != (look := draw.choice(uses.calm)):
                steps.append(look)
        steps = managed(in_time(uses.keeping.tidied(made, steps), own), within, draw)
        steps += [] if within else closing(steps, own, uses.asking, draw)
        settable = settable_in(node, tree) if number % 6 == 4 else []
        another = with_another(settable, maker, makers, made, granted.get("__init__"))
        found.append((source_of(made), source_of([*steps, *another, *looks, *([] if names else looks)])))
        if row := [] if within else _regular(uses, values, turn, number, draw):
            steps = in_time(uses.keeping.tidied(made, row), own)
            steps += closing(steps, own, uses.asking, draw)
            found.append((source_of(made), source_of([*steps, *looks])))
    return list(dict.fromkeys(found))


def _regular(
    uses: Uses, values: Mapping[str, Sequence[object]], turn: int, number: int, draw: random.Random
) -> list[Step]:
    """Steps of which one or some are made again and again, for every third session; none for others."""
    if not uses.often or number % 3:
        return []
    if number % 6 == 0:
        return [*in_a_row(uses.often, values, uses.calm, turn, draw, uses.changing)]
    return in_turns(uses.often, values, uses.changing, draw)


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


def _required(methods: Mapping[str, Function]) -> int:
    """How many values the class must be made with."""
    return max(parameters(methods["__init__"])[1] - 1, 0) if "__init__" in methods else 0


def given_sizes(session: Arguments) -> list[tuple[str, int]]:
    """How many values the class and each method of a session get."""
    made, steps = session
    return [
        ("__init__", len(literal(made) or ())),
        *((name, len(values)) for name, values in steps_in(steps)),
    ]


def values_of(session: Arguments) -> Arguments:
    """All that a session gives to the class and to its methods."""
    made, steps = session
    given = [literal(made), *(values for _, values in steps_in(steps))]
    return tuple(source_of(value) for values in given for value in values)
