"""Selects, of the calls tried on a reference, those that discriminate between it and other programs."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of
from src.evaluation.differential.probe_runner import Call, ProbeRecord
from src.evaluation.differential.program_analysis import names_in

CAUGHT = 0.8  # of the places, below which the calls tell too little
MAX_CALLS = 48  # per function
SPREAD = 5
SESSIONS_BYTES = 40_000  # that the sessions with a class may give together
STEP_BYTES = 45  # that a step of a session gives, where it is not known
FEWEST = 4  # calls of the kinds that are taken, where others have so many
ENOUGH = 0.8  # of the mutants that the best kinds tell: likelier kinds that tell so many are taken
# What the probe writes of None, [], "", False, 0 and 0.0.
EMPTY: tuple[list[Any], ...] = ([], [[]], [""], [0], ["0x0"], ["0.0"])


@dataclass(frozen=True)
class Tried:
    """Calls tried on a reference and on programs that differ from it in one place."""

    calls: Sequence[Call]
    results: Sequence[ProbeRecord]  # of each call
    told: Sequence[frozenset[int]] = ()  # of each mutant: places of the calls that tell it from the reference
    places: Sequence[int] = ()  # of each mutant: where it differs from the reference
    hints: Sequence[
        frozenset[int]
    ] = ()  # the same of programs that make usual mistakes: wanted, and not counted
    outside: frozenset[int] = frozenset()  # places of the calls that the task is not about
    natural: frozenset[int] = frozenset()  # that a program treats as all others (scope.py)
    edges: frozenset[int] = frozenset()  # of those that are kept only where no other tells a mutant


@dataclass(frozen=True)
class Selection:
    """The calls that are kept, and how well they tell mutants from the reference."""

    calls: tuple[Call, ...]
    places: int = (
        0  # at which mutants differ; those that inputs outside the task's domain alone tell do not count
    )
    caught: int = 0  # places of which a mutant is told
    survivors: int = 0  # mutants that are not told
    outside: tuple[Call, ...] = ()  # calls outside the domain that tell them

    @property
    def tells_enough(self) -> bool:
        """Whether mutants are caught at most places; one may be left."""
        return self.caught >= min(CAUGHT * self.places, self.places - 1)


def select_calls(
    tree: ast.Module, tried: Tried, kinds: tuple[str, ...] = (), known: frozenset[Arguments] = frozenset()
) -> Selection:
    """Of the calls tried on the reference, those that show what it does, at most MAX_CALLS per function.

    Calls of one combination of kinds only, as far as those suffice: `add(a, b)` also joins lists, but
    that is not its task. An error counts only where the reference raises it itself. kinds: those that the task
    names. known: calls that the sample itself shows.
    """
    raised = raised_by(tree)
    nothing = _returns_none(tree)
    plain = not re.search(r"\b(?:complex|cmath|inf|nan)\b", ast.unparse(tree))
    chosen: list[int] = []
    fitting: set[int] = set()
    for function in dict.fromkeys(name for name, _ in tried.calls):
        informative = [
            at
            for at, (call, result) in enumerate(zip(tried.calls, tried.results, strict=False))
            if call[0] == function
            and _shows_behaviour(result, raised, nothing)
            and not (plain and _is_no_number(result["value"]))
        ]
        if not _is_always_empty([tried.results[at] for at in informative]):
            inside = [at for at in informative if at not in tried.outside]
            own = _of_first_kinds(tried, inside, kinds, known)
            fitting |= set(own)
            chosen += _with_room(tried, _telling(tried, own))
    inside_told = [places & fitting for places in tried.told]
    caught = [bool(places & set(chosen)) for places in inside_told]
    outside = {
        at: min(places)
        for at, (places, inside) in enumerate(zip(tried.told, inside_told, strict=True))
        if places and not inside
    }
    where = tried.places or range(len(tried.told))
    caught_at = {place for place, is_caught in zip(where, caught, strict=True) if is_caught}
    left_out = {where[at] for at in outside} - caught_at
    return Selection(
        tuple(tried.calls[at] for at in chosen),
        len({*where} - left_out),
        len(caught_at),
        caught.count(False) - len(outside),
        tuple(tried.calls[at] for at in dict.fromkeys(outside.values())),
    )


def raised_by(tree: ast.Module) -> set[str]:
    """The errors that a program raises itself, by name."""
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return {name for node in statements for name in names_in(node.exc)} - {"Exception", "TypeError"}


def _of_first_kinds(
    tried: Tried, inside: Sequence[int], named: tuple[str, ...], known: frozenset[Arguments]
) -> list[int]:
    """Calls of the kinds that the sample shows or names; else of the first kinds that tell about as much as any."""
    of_kinds: dict[tuple[str, ...], list[int]] = {}
    for at in [at for at in inside if at not in tried.natural] or inside:
        of_kinds.setdefault(kinds_of(tried.calls[at][1]), []).append(at)
    shown = [kinds for kinds, places in of_kinds.items() if any(tried.calls[at][1] in known for at in places)]
    shown = shown or [kinds for kinds in of_kinds if kinds == named]
    if not shown:
        worth = {kinds: _worth(tried, places) for kinds, places in of_kinds.items()}
        most = max(worth.values(), default=0)
        good = [kinds for kinds, value in worth.items() if value >= ENOUGH * most]
        shown = ([kinds for kinds in good if len(of_kinds[kinds]) >= FEWEST] or good)[:1]
    whole = {tuple(kind.replace("float", "int") for kind in kinds) for kinds in shown}  # numbers as well
    alike = {_plain(kinds) for kinds in shown}
    return [
        at
        for at in inside
        for kinds in [kinds_of(tried.calls[at][1])]
        if kinds in shown
        or kinds in whole
        or (at in tried.natural and any(_plain(kinds) == a[: len(kinds)] for a in alike))
    ]


def _plain(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Kinds without those of items, all numbers being one."""
    return tuple("number" if kind in ("int", "float") else kind.split("[")[0] for kind in kinds)


def _worth(tried: Tried, places: Sequence[int]) -> float:
    """How many mutants calls tell; where there are none, how many results differ."""
    ended = {_text(tried, at) for at in places if not tried.results[at]["error"]}
    told = sum(bool(told & set(places)) for told in tried.told)
    return (told or len(ended) / 100) if ended else 0


def _telling(tried: Tried, fitting: Sequence[int]) -> list[int]:
    """The calls that catch the most mutants between them, then one per distinct result, then the others."""
    plain = [at for at in fitting if at not in tried.edges]
    chosen = _covering(plain, tried.told, MAX_CALLS)
    missed = [places for places in tried.told if not places & set(chosen)]
    chosen += _covering(fitting, missed, MAX_CALLS - len(chosen))
    chosen += _covering(plain, [p for p in tried.hints if not p & set(chosen)], MAX_CALLS - len(chosen))
    fitting = plain or fitting
    shown = {_text(tried, at) for at in chosen}
    first: dict[str, int] = {}
    for at in fitting:
        first.setdefault(_text(tried, at), at)
    others = [at for text, at in first.items() if text not in shown]
    # The others from all over: those tried first are much alike.
    spread = sorted(range(len(fitting)), key=lambda n: (n % SPREAD, n))
    return list(dict.fromkeys([*chosen, *others, *(fitting[n] for n in spread)]))[:MAX_CALLS]


def _with_room(tried: Tried, chosen: Sequence[int]) -> list[int]:
    """The first of these calls whose results a record has room for; what a session gives is large."""
    sizes = [
        max(len(_text(tried, at)), STEP_BYTES * tried.calls[at][1][-1].count("), ("))
        if is_session_digest(tried.results[at]["value"])
        else 0
        for at in chosen
    ]
    return [
        at for at, size in zip(chosen, itertools.accumulate(sizes), strict=True) if size <= SESSIONS_BYTES
    ]


def is_session_digest(described: list[Any] | None) -> bool:
    """Whether this is what a session gave, or the digest of it."""
    return described is not None and "q" in described[:2]


def _covering(places: Sequence[int], told: Sequence[frozenset[int]], most: int) -> list[int]:
    """Of these calls the ones that catch the most mutants between them, the best first."""
    chosen: list[int] = []
    left = [by for by in told if by & set(places)]
    while left and len(chosen) < most:
        best = max(places, key=lambda at: sum(at in by for by in left))
        chosen.append(best)
        left = [by for by in left if best not in by]
    return chosen


def _text(tried: Tried, at: int) -> str:
    return json.dumps(tried.results[at])


def _is_always_empty(results: Sequence[ProbeRecord]) -> bool:
    """Whether a function only raises, or gives one empty value whatever it is given: any stub does that."""
    ended = [result for result in results if not result["error"]]
    first = ended[0]["value"] if ended else None
    silent = all(not result["stdout"].strip() and result["changed"] is None for result in ended)
    return silent and all(result["value"] == first for result in ended) and (not first or first[1:] in EMPTY)


def _returns_none(tree: ast.Module) -> bool:
    """Whether a function says `return None`: then this is a result like any other."""
    returns = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return any(isinstance(value, ast.Constant) and value.value is None for value in returns)


def _is_no_number(described: list[Any] | None) -> bool:
    """Whether a value holds what plain arithmetic gives outside of what it is for: a complex number, infinity."""
    return bool(re.search(r'\["c", |\["f", "-?(?:inf|nan)"', json.dumps(described)))


def _shows_behaviour(result: ProbeRecord, raised: set[str], nothing: bool) -> bool:
    if result["error"]:
        return result["error"] in raised
    return (
        (nothing and result["value"] == ["n"])
        or is_discriminating(result["value"])
        or bool(result["stdout"].strip() or result["changed"] is not None)
    )


def is_session(described: list[Any] | None) -> bool:
    """Whether this is what a session with a class gave."""
    return described is not None and described[0] == "q"


def is_discriminating(described: list[Any] | None) -> bool:
    """Whether this is a value that programs may differ in."""
    if is_session(described):
        return any(how != "raised" and is_discriminating(value) for how, value in described[1])  # type: ignore[index]
    return described is not None and described[0] not in "nu"
