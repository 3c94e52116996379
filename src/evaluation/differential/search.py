"""Looks for calls of a reference that tell it from programs which differ in one place."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.counterparts.bindings import Binding, bindings
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.inputs.input_generation import Arguments, candidates
from src.evaluation.differential.inputs.input_selection import (
    EMPTY,
    Selection,
    Tried,
    raised_by,
    select_calls,
)
from src.evaluation.differential.inputs.mistakes import mistaken
from src.evaluation.differential.inputs.mutants import (
    mutants,
    search_mutants,
    tie_mutants,
    uncompared,
    without_remarks,
)
from src.evaluation.differential.inputs.preconditions.rounding import rounding_mutants
from src.evaluation.differential.inputs.preconditions.setting import Setting
from src.evaluation.differential.inputs.sessions.careless import careless
from src.evaluation.differential.inputs.sessions.faults import (
    faults,
    speaks_of_errors,
    without_steps,
)
from src.evaluation.differential.inputs.sessions.sessions import names_in_session, session_calls
from src.evaluation.differential.probe_runner import Call, Inputs, run_probe
from src.evaluation.differential.program_analysis import (
    definitions,
    entry_classes,
    entry_functions,
    flattened,
    script_functions,
)
from src.languages.syntax import literal
from src.sandbox.sandbox import Sandbox

MUTANTS = 40
SEARCH_SHARE = 0.2  # of the usual time: of slower calls the chosen ones together would take too long
LARGE = 10**9
FEW = 12  # calls, the smallest, where all together take too long
ENOUGH = 16  # calls, where all mutants are told
AT_ONCE = 24  # sessions whose steps are looked at: a record has room for these
TURNS = 3  # times that further inputs are tried


@dataclass(frozen=True)
class Search:
    """Looks for calls of a reference's entry functions that show what it does."""

    sandbox: Sandbox
    inputs: Inputs
    reference: str
    setting: Setting
    rules: Rules

    @property
    def tree(self) -> ast.Module:
        return self.setting.tree

    def names(self, calls: Sequence[Call]) -> Binding:
        """How the reference's own classes are used, and functions that return functions."""
        used = {node.name for node in entry_classes(self.tree)}
        used |= {function.name for function in entry_functions(self.tree) if flattened(function)}
        own = [call for call in calls if call[0] in used]
        return next(iter(bindings(self.tree, self.tree, own)), {})

    def telling_calls(self) -> Selection:
        """Calls that tell most mutants from the reference; further ones are tried while too few are told."""
        scope = self.setting.scope
        tried: list[Call] = []
        selection = Selection(())
        for turn in range(TURNS):
            further = self.calls(turn)
            tried = list(dict.fromkeys([*selection.calls, *selection.outside, *further]))
            tried.sort(key=lambda call: not scope.admits(call))  # what takes too long is mostly outside
            found = self.selected(tried) if tried else None
            if found is None and not selection.calls:  # large numbers may take too long
                found = self.selected(sorted(tried, key=size_of)[:FEW])
            if found is None:
                break
            selection = found
            if len(selection.calls) >= ENOUGH and not selection.survivors:
                break
        return selection

    def calls(self, turn: int) -> list[Call]:
        """Calls to try. turn: 0 for the first ones; 1 and more for others, varied at random."""
        setting = self.setting
        domain, instruction = setting.scope.domain, setting.instruction
        found = [
            (name, setting.scope.granted[name].fitted(arguments))
            for name, f in setting.functions.items()
            for arguments in candidates(f, setting.known[name], domain, turn, self.tree)
        ]
        for name, node in setting.classes.items():
            known = setting.known[name]
            sessions = session_calls(node, self.tree, known, turn, instruction, domain)
            found += self._without_faults([(name, session) for session in sessions], known, instruction)
        return found

    def _without_faults(
        self, sessions: Sequence[Call], known: Sequence[Arguments], instruction: str
    ) -> list[Call]:
        """The sessions without the steps that end in an error which the reference does not mean: an account is opened first."""
        if speaks_of_errors(instruction):
            return [*sessions]
        meant, kept = raised_by(self.tree), list[Call]()
        for start in range(0, len(sessions), AT_ONCE):
            some = sessions[start : start + AT_ONCE]
            _, found = run_probe(
                self.sandbox, self.inputs, self.reference, some, share=SEARCH_SHARE, names=self.names(some)
            )
            results = [result["value"] for result in found["calls"]] if found else [None] * len(some)
            kept += [
                (name, steps if steps in known else without_steps(steps, faults(value, meant)))
                for (name, steps), value in zip(some, results, strict=True)
            ]
        return kept

    def selected(self, tried: Sequence[Call]) -> Selection | None:
        """Of these calls those that the task is about and that tell; None where the reference leaves no record."""
        scope, functions = self.setting.scope, self.setting.functions
        domain = scope.domain
        plain = definitions(self.tree, script_functions(self.tree))
        if not self.rules.must_print:
            plain = without_remarks(plain)
        tied = tie_mutants(plain)
        searched = [] if domain.order or domain.ties else search_mutants(plain)
        # Where the task speaks of ties, what takes the other of equals is wrong like any other mutant.
        remarks = () if self.rules.must_print else self.rules.quiet
        unseen = {"__str__", "__repr__"} - {
            *names_in_session([steps[-1] for name, steps in tried if name not in scope.granted])
        }
        changed = mutants(plain, MUTANTS, kept=uncompared(plain, remarks, unseen))
        for at, program in enumerate(tied):
            if domain.ties:
                changed.setdefault(program, -at)
            else:
                changed.pop(program, None)
        hints = [*mistaken(plain, functions), *careless(plain)]
        rounded = [] if domain.ties else rounding_mutants(plain)
        variants = [ast.unparse(plain), *changed, *tied, *searched, *hints, *rounded]
        _, found = run_probe(
            self.sandbox,
            self.inputs,
            self.reference,
            tried,
            share=SEARCH_SHARE,
            ordered=self.rules.ordered,
            variants=variants,
            prints=self.rules.must_print,
            names=self.names(tried),
        )
        if found is None:
            return None
        told = found["told"]
        alone = (told[0] if told else None) or frozenset()  # without the script around its functions
        groups = (changed, tied, searched, hints, rounded)
        ends = [*itertools.accumulate(map(len, groups), initial=1)]
        own, ties, searches, mistakes, halves = (
            [(at, places - alone) for at, places in enumerate(told[start:end]) if places is not None]
            for start, end in itertools.pairwise(ends)
        )
        outside = {at for at, call in enumerate(tried) if not scope.admits(call)}
        regular = {at for at, r in enumerate(found["calls"]) if not r["error"] and not _is_blank(r["value"])}
        natural = scope.natural(tried, outside, [places for _, places in own]) & regular
        outside -= natural
        if not domain.ties:
            # What differs on most calls that find something does not differ where several can be found.
            ended = {at for at, result in enumerate(found["calls"]) if _finds(result["value"])} - outside
            ties += [(at, places) for at, places in searches if 2 * len(places & ended) < len(ended)]
            ties += halves
            outside |= {at for _, places in ties for at in places if tried[at][1] not in scope.known}
        natural -= outside
        edges = frozenset(at for at, call in enumerate(tried) if scope.is_edge(call)) - natural
        places = [*changed.values()]
        every = Tried(
            tried, found["calls"], [calls for _, calls in own], [places[at] for at, _ in own],
            [*scope.spoken(tried), *(calls for _, calls in mistakes)], frozenset(outside), natural, edges,
        )  # fmt: skip
        return select_calls(self.tree, every, domain.kinds, scope.known)


def size_of(call: Call) -> int:
    """How large the numbers and how long the texts and lists of a call are: the least take the least time."""
    return sum(_size_of(literal(source)) for source in call[1])


def _size_of(value: object) -> int:
    if isinstance(value, int | float):
        return min(abs(int(value)), LARGE) if abs(value) < float("inf") else LARGE
    if isinstance(value, list | tuple | set):
        return len(value) + sum(map(_size_of, value))
    return len(value) if isinstance(value, str | dict) else 0


def _is_blank(described: list[Any] | None) -> bool:
    """Whether a value is a text of nothing but spaces."""
    return described is not None and described[0] == "s" and described[1].isspace()


def _finds(described: list[Any] | None) -> bool:
    """Whether a value is more than "nothing is there": None, an empty value, -1 or False."""
    return (
        described is not None
        and described not in (["n"], ["i", "-0x1"], ["b", 0])
        and described[1:] not in EMPTY
    )
