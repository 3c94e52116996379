"""Looks for calls of a reference that tell it from programs which differ in one place."""

from __future__ import annotations

import ast
import dataclasses
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.bindings import Binding, bindings
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.inputs.input_generation import Arguments, candidates
from src.evaluation.differential.inputs.input_selection import (
    EMPTY,
    Selection,
    Tried,
    raised_by,
    select_calls,
)
from src.evaluation.differential.inputs.known.constants import constants_of, stripped_signs
from src.evaluation.differential.inputs.mistakes import mistaken
from src.evaluation.differential.inputs.mutants import (
    mutants,
    search_mutants,
    tie_mutants,
    uncompared,
    without_remarks,
)
from src.evaluation.differential.inputs.preconditions.assumptions import reads_signs
from src.evaluation.differential.inputs.preconditions.domain import shown_domain, speaks_of_whole
from src.evaluation.differential.inputs.preconditions.ordinary_numbers import (
    adds_any_numbers,
    answers_zero,
    calculates,
    counts_from_one,
    ends_at_zero,
    expects_zero,
    has_sign,
    is_bounded_by_value,
    is_smooth,
    looks_at_no_item,
    moves_disks,
    only_passes_on,
    seeks_in_numbers,
)
from src.evaluation.differential.inputs.preconditions.relations import granted_by
from src.evaluation.differential.inputs.preconditions.rounding import rounding_mutants
from src.evaluation.differential.inputs.preconditions.scope import (
    Scope,
    grows_fast,
    speaks_of_words,
)
from src.evaluation.differential.inputs.sessions.careless import careless
from src.evaluation.differential.inputs.sessions.faults import (
    faults,
    speaks_of_errors,
    without_steps,
)
from src.evaluation.differential.inputs.sessions.sessions import names_in_session, session_calls, values_of
from src.evaluation.differential.inputs.sessions.shown_sessions import known_sessions
from src.evaluation.differential.inputs.shown_arguments import known_arguments
from src.evaluation.differential.probe_runner import Call, Inputs, ProbeRecord, run_probe
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
    tree: ast.Module
    rules: Rules

    def names(self, calls: Sequence[Call]) -> Binding:
        """How the reference's own classes are used, and functions that return functions."""
        used = {node.name for node in entry_classes(self.tree)}
        used |= {function.name for function in entry_functions(self.tree) if flattened(function)}
        own = [call for call in calls if call[0] in used]
        return next(iter(bindings(self.tree, self.tree, own)), {})

    def telling_calls(self, seen: ProbeRecord, input: str, instruction: str) -> Selection:
        """Calls that tell most mutants from the reference; further ones are tried while too few are told."""
        functions = {
            function.name: (flattened(function) or (function,))[0] for function in entry_functions(self.tree)
        }
        classes = {node.name: node for node in entry_classes(self.tree)}
        known = {
            name: known_arguments(f, seen.get(name, ()), input, (instruction, self.reference))
            for name, f in functions.items()
        } | {name: known_sessions(node, self.tree) for name, node in classes.items()}
        shown_calls = [call for name in functions for call in known[name]]
        shown_calls += [values_of(session) for name in classes for session in known[name]]
        domain = shown_domain(
            instruction,
            input,
            shown_calls,
            any(has_sign(f) or seeks_in_numbers(f) or adds_any_numbers(f) for f in functions.values()),
        )
        granted = {name: granted_by(f, instruction, known[name]) for name, f in functions.items()}
        if len(granted) == 1 and not domain.shape:
            domain = dataclasses.replace(domain, shape=next(iter(granted.values())).example)
        if not moves_disks(instruction) and any(
            ends_at_zero(f) or answers_zero(f) or expects_zero(f) for f in functions.values()
        ):
            domain = dataclasses.replace(domain, zero=True)
        if functions and all(only_passes_on(f) or adds_any_numbers(f) for f in functions.values()):
            domain = dataclasses.replace(domain, zero_items=True)
        if functions and all(map(looks_at_no_item, functions.values())):
            domain = dataclasses.replace(domain, blank_items=True)
        if functions and not any(map(calculates, functions.values())):
            domain = dataclasses.replace(domain, zero_values=domain.zero_items)
        if functions and not speaks_of_words(instruction) and all(map(reads_signs, functions.values())):
            domain = dataclasses.replace(domain, double_spaces=True)
        scope = Scope(
            domain,
            granted,
            frozenset(call for calls in known.values() for call in calls),
            speaks_of_words(instruction) and not any(map(stripped_signs, functions.values())),
            grows_fast(instruction) and not any(map(is_bounded_by_value, functions.values())),
            frozenset(n for n, f in functions.items() if is_smooth(f) and not speaks_of_whole(instruction)),
            frozenset(name for name, f in functions.items() if counts_from_one(f)),
            frozenset(
                sign
                for f in functions.values()
                for text in constants_of(f)
                if isinstance(text, str)
                for sign in text
            ),
        )
        tried: list[Call] = []
        selection = Selection(())
        for turn in range(TURNS):
            further = [
                (name, scope.granted[name].fitted(arguments))
                for name, f in functions.items()
                for arguments in candidates(f, known[name], domain, turn, self.tree)
            ] + [
                call
                for name, node in classes.items()
                for call in self._without_faults(
                    [
                        (name, s)
                        for s in session_calls(node, self.tree, known[name], turn, instruction, domain)
                    ],
                    known[name],
                    instruction,
                )
            ]
            tried = list(dict.fromkeys([*selection.calls, *selection.outside, *further]))
            tried.sort(key=lambda call: not scope.admits(call))  # what takes too long is mostly outside
            found = self._selected(tried, scope, functions) if tried else None
            if found is None and not selection.calls:  # large numbers may take too long
                found = self._selected(sorted(tried, key=_size)[:FEW], scope, functions)
            if found is None:
                break
            selection = found
            if len(selection.calls) >= ENOUGH and not selection.survivors:
                break
        return selection

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

    def _selected(self, tried: Sequence[Call], scope: Scope, functions: Collection[str]) -> Selection | None:
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


def _size(call: Call) -> int:
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
