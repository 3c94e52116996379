"""Which calls a task is about, and which of those are at the edge of it."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of
from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.preconditions.relations import SPOKEN, Granted
from src.evaluation.differential.inputs.sessions.sessions import given_sizes, values_of
from src.evaluation.differential.probe_runner import Call
from src.languages.syntax import literal

DEALT = 5  # groups of sessions of a kind, of each of which one is kept
LONG = 10  # steps that give something
LARGEST = 22  # number for a recursion that takes exponential time
LARGER = 60  # and where that may take too long; beyond, a formula with floats is no longer exact
_RECURSIVE = re.compile(
    r"(?i)\b(?:fibonacci|tribonacci|lucas|hanoi|catalan|ackermann|subsets?|power set|permutations?|combinations?|partitions?|stair\w*|recurs\w*)\b"
)


@dataclass(frozen=True)
class Scope:
    """Which calls a task is about."""

    domain: Domain
    granted: Mapping[str, Granted]  # of each function; none of a class, with which there are sessions
    known: frozenset[Arguments]  # in calls that the sample itself shows
    of_words: bool = False  # the task speaks of words and of no other signs in a text
    grows: bool = False  # a plain way to do the task takes exponential time
    smooth: frozenset[str] = frozenset()  # functions that only calculate
    from_one: frozenset[str] = frozenset()  # functions for which 1 is a number like any other
    named: frozenset[str] = frozenset()  # signs that functions know: "+" of a calculator, brackets
    shown: frozenset[str] = (
        frozenset()
    )  # signs of texts in calls that the sample shows: the full stop of a sentence
    largest: int = LARGEST  # number where a plain way takes exponential time

    def admits(self, call: Call) -> bool:
        name, arguments = call
        if arguments in self.known:
            return True
        if name not in self.granted:
            return self.domain.admits(values_of(arguments))
        is_shown = arguments in self.domain.examples or self.domain.admits(arguments)
        return is_shown and self.granted[name].admits(arguments)

    def natural(
        self, calls: Sequence[Call], outside: Collection[int], told: Sequence[frozenset[int]]
    ) -> frozenset[int]:
        """Places of calls with a half or without a default, which a reference treats as it does all others.

        It has no branch for them: each mutant that one tells is told by a call of the domain too. told: of each mutant.
        """
        inside = set(range(len(calls))) - set(outside)
        special = {at for places in told if not places & inside for at in places}
        most = _longest(calls)
        return frozenset(
            at
            for at, (name, arguments) in enumerate(calls)
            if name in self.granted
            and at not in special
            and self.admits((name, arguments))
            and (len(arguments) < most[name] or (name in self.smooth and "float" in kinds_of(arguments)))
        )

    def is_edge(self, call: Call) -> bool:
        """Whether a call is at the edge: 0 or 1, at most one item, a text of signs alone, one step of a session twice."""
        name, arguments = call
        if arguments in self.known:
            return False
        if name not in self.granted:
            return False
        values = [literal(source) for source in arguments]
        too_large = self.grows and any(isinstance(value, int) and value > self.largest for value in values)
        if name in self.from_one:
            values = [value for value in values if value != 1]
        values = [value for value in values if not isinstance(value, str) or not {*value} <= self.named]
        return too_large or any(self._is_at_edge(value) for value in values)

    def _is_at_edge(self, value: object) -> bool:
        if isinstance(value, bool):
            return False
        if isinstance(value, int):
            return value == 1 or (value == 0 and not self.domain.zero)
        if isinstance(value, str):
            signs = set(re.findall(r"[^\w\s]", value))
            return not re.search(r"\w", value) or (self.of_words and not signs <= self.shown)
        return isinstance(value, list | tuple | set | dict) and len(value) == (
            1 if self.domain.empty else min(len(value), 1)
        )

    def spoken(self, calls: Sequence[Call]) -> list[frozenset[int]]:
        """Groups of calls of which one each is to be kept: where an argument is the 0, the nothing, the minus that the task speaks of."""
        groups: dict[tuple[str, int, str], set[int]] = {}
        most = _longest(calls)
        for place, (name, arguments) in enumerate(calls):
            for at, source in enumerate(arguments if name in self.granted else ()):
                value = literal(source)
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                kinds = {
                    "zero": self.domain.zero and is_number and value == 0,
                    "negative": self.domain.negative and is_number and value < 0,
                    "empty": isinstance(value, str | list | dict) and not value,
                    "half": isinstance(value, float) and value % 1 == 0.5,
                    "spaces": isinstance(value, str) and value.strip(" ") != value,
                    "several spaces": isinstance(value, str) and "  " in value.strip(),
                    "again": source in arguments[:at],
                    "left out": at + 1 == len(arguments) < most[name],
                }
                signs = {*value} & {*string.punctuation} & self.named if isinstance(value, str) else set()
                kinds |= dict.fromkeys(sorted(signs), True)
                for kind in (kind for kind, holds in kinds.items() if holds):
                    groups.setdefault((name, at, kind), set()).add(place)
            for kind in _rare_steps(arguments) if name not in self.granted else ():
                groups.setdefault((name, 0, kind), set()).add(place)
        many = [at for at, call in enumerate(calls) if call[0] not in self.granted and _is_long(call[1])]
        return [*map(frozenset, groups.values()), *self._made_with_less(calls), *_dealt(many)]

    def _made_with_less(self, calls: Sequence[Call]) -> list[frozenset[int]]:
        """Some groups of the sessions in which the class and its methods get no more values than they need."""
        sizes = {at: given_sizes(c[1]) for at, c in enumerate(calls) if c[0] not in self.granted}
        fewest: dict[str, int] = {}
        for name, size in itertools.chain(*sizes.values()):
            fewest[name] = min(size, fewest.get(name, size))
        less = [at for at, own in sizes.items() if all(size == fewest[name] for name, size in own)]
        return _dealt(less if len(less) < len(sizes) else [])


def _dealt(places: Sequence[int]) -> list[frozenset[int]]:
    """The places in DEALT groups, of which none is empty."""
    groups = [frozenset(places[start::DEALT]) for start in range(DEALT)]
    return [group for group in groups if group]


def _is_long(session: Arguments) -> bool:
    """Whether a session has many steps, with several values: what was used longest ago shows only then."""
    steps = literal(session[1])
    given = [(name, values) for name, values in steps if values] if isinstance(steps, list) else []
    return len(given) >= LONG and 2 * len(set(map(repr, given))) <= len(given)


def _rare_steps(session: Arguments) -> set[str]:
    """Steps of a session that give a method a half, or set an attribute."""
    made, steps = map(literal, session)
    given = [("__init__", made), *steps]
    halves = {name for name, values in given if any(isinstance(v, float) and v % 1 == 0.5 for v in values)}
    return {f"half for {name}" for name in halves} | {name for name, _ in steps if name[:2] == "?="}


def _longest(calls: Sequence[Call]) -> dict[str, int]:
    """How many arguments the calls of each function have at most."""
    most: dict[str, int] = {}
    for name, arguments in calls:
        most[name] = max(len(arguments), most.get(name, 0))
    return most


def grows_fast(instruction: str) -> bool:
    """Whether the task is one that beginners do by a recursion which takes exponential time; that of a factorial does not."""
    return bool(_RECURSIVE.search(instruction)) and not re.search(r"(?i)\bfactorials?\b", instruction)


def speaks_of_words(instruction: str) -> bool:
    return bool(re.search(r"(?i)\bwords?\b", instruction)) and not re.search(SPOKEN["signs"], instruction)
