"""Selects, of the calls tried on a reference, those that discriminate between it and other programs."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.domain import Domain
from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of
from src.evaluation.differential.probe_runner import Call, ProbeRecord
from src.evaluation.differential.program_analysis import names_in

MAX_CALLS = 24  # per function
ENOUGH = 0.8  # of the mutants that the best kinds tell: likelier kinds that tell so many are taken
# What the probe writes of None, [], "", False and 0.
EMPTY: tuple[list[Any], ...] = ([], [[]], [""], [0], ["0x0"])


@dataclass(frozen=True)
class Tried:
    """Calls tried on a reference and on programs that differ from it in one place."""

    calls: Sequence[Call]
    results: Sequence[ProbeRecord]  # of each call
    told: Sequence[frozenset[int]] = ()  # of each mutant: places of the calls that tell it from the reference
    ties: frozenset[int] = frozenset()  # places of the calls on which something ties


@dataclass(frozen=True)
class Selection:
    """The calls that are kept, and how well they tell mutants from the reference."""

    calls: tuple[Call, ...]
    mutants: int = 0  # those that inputs outside the task's domain alone tell do not count
    caught: int = 0
    outside: tuple[Call, ...] = ()  # calls outside the domain that tell them


def select_calls(
    tree: ast.Module, tried: Tried, domain: Domain, known: frozenset[Arguments] = frozenset()
) -> Selection:
    """Of the calls tried on the reference, those that show what it does, at most MAX_CALLS per function.

    Calls of one combination of kinds only, as far as those suffice: `add(a, b)` also joins lists, but
    that is not its task. An error counts only where the reference raises it itself. A call outside the domain is
    none of the task's, but for those that the sample itself shows (`known`).
    """
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    raised = {name for node in statements for name in names_in(node.exc)} - {"Exception", "TypeError"}
    nothing = _returns_none(tree)
    chosen: list[int] = []
    fitting: set[int] = set()
    for function in dict.fromkeys(name for name, _ in tried.calls):
        informative = [
            at
            for at, (call, result) in enumerate(zip(tried.calls, tried.results, strict=False))
            if call[0] == function and _shows_behaviour(result, raised, nothing)
        ]
        if not _is_always_empty([tried.results[at] for at in informative]):
            inside = [at for at in informative if _is_inside(tried, at, domain, known)]
            own = _of_first_kinds(tried, inside, domain, known)
            fitting |= set(own)
            chosen += _telling(tried, own)
    inside_told = [places & fitting for places in tried.told]
    caught = sum(bool(places & set(chosen)) for places in inside_told)
    outside = [
        min(places) for places, inside in zip(tried.told, inside_told, strict=True) if places and not inside
    ]
    return Selection(
        tuple(tried.calls[at] for at in chosen),
        len(tried.told) - len(outside),
        caught,
        tuple(tried.calls[at] for at in dict.fromkeys(outside)),
    )


def _is_inside(tried: Tried, at: int, domain: Domain, known: frozenset[Arguments]) -> bool:
    arguments = tried.calls[at][1]
    return arguments in known or (domain.admits(arguments) and (domain.ties or at not in tried.ties))


def _of_first_kinds(
    tried: Tried, inside: Sequence[int], domain: Domain, known: frozenset[Arguments]
) -> list[int]:
    """Calls of the kinds that the sample shows or names; else of the first kinds that tell about as much as any."""
    of_kinds: dict[tuple[str, ...], list[int]] = {}
    for at in inside:
        of_kinds.setdefault(kinds_of(tried.calls[at][1]), []).append(at)
    shown = [kinds for kinds, places in of_kinds.items() if any(tried.calls[at][1] in known for at in places)]
    shown = shown or [kinds for kinds in of_kinds if kinds == domain.kinds]
    if not shown:
        worth = {kinds: _worth(tried, places) for kinds, places in of_kinds.items()}
        most = max(worth.values(), default=0)
        shown = [kinds for kinds, value in worth.items() if value >= ENOUGH * most][:1]
    return [at for at in inside if kinds_of(tried.calls[at][1]) in shown]


def _worth(tried: Tried, places: Sequence[int]) -> float:
    """How many mutants calls tell; where there are none, how many results differ."""
    ended = {_text(tried, at) for at in places if not tried.results[at]["error"]}
    told = sum(bool(told & set(places)) for told in tried.told)
    return (told or len(ended) / 100) if ended else 0


def _telling(tried: Tried, fitting: Sequence[int]) -> list[int]:
    """The calls that catch the most mutants between them, then one per distinct result, then the others."""
    chosen: list[int] = []
    left = [places for places in tried.told if places & set(fitting)]
    while left and len(chosen) < MAX_CALLS:
        best = max(fitting, key=lambda at: sum(at in places for places in left))
        chosen.append(best)
        left = [places for places in left if best not in places]
    shown = {_text(tried, at) for at in chosen}
    first: dict[str, int] = {}
    for at in fitting:
        first.setdefault(_text(tried, at), at)
    others = [at for text, at in first.items() if text not in shown]
    return list(dict.fromkeys([*chosen, *others, *fitting]))[:MAX_CALLS]


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


def _shows_behaviour(result: ProbeRecord, raised: set[str], nothing: bool) -> bool:
    if result["error"]:
        return result["error"] in raised
    return (
        (nothing and result["value"] == ["n"])
        or is_discriminating(result["value"])
        or bool(result["stdout"].strip() or result["changed"] is not None)
    )


def is_discriminating(described: list[Any] | None) -> bool:
    return described is not None and described[0] not in "nu"
