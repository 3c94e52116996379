"""Finds out what a reference does: runs it on inputs that tell it from programs that differ in one place."""

from __future__ import annotations

import ast
import dataclasses
import functools
import itertools
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from src.evaluation.differential.agreement import Rules, call_difference, rules_of, script_difference
from src.evaluation.differential.bindings import Binding, bindings
from src.evaluation.differential.equality import same_numbers
from src.evaluation.differential.inputs.domain import shown_domain
from src.evaluation.differential.inputs.file_fixtures import files_for
from src.evaluation.differential.inputs.input_generation import candidates, known_arguments
from src.evaluation.differential.inputs.input_selection import (
    EMPTY,
    Selection,
    Tried,
    is_discriminating,
    select_calls,
)
from src.evaluation.differential.inputs.mutants import (
    mistaken,
    mutants,
    search_mutants,
    tie_mutants,
    without_remarks,
)
from src.evaluation.differential.inputs.relations import granted_by
from src.evaluation.differential.inputs.scope import (
    Scope,
    ends_at_zero,
    grows_fast,
    has_sign,
    is_smooth,
    looks_for_best,
    only_passes_on,
    seeks_in_numbers,
    speaks_of_whole,
    speaks_of_words,
)
from src.evaluation.differential.inputs.sessions.sessions import known_sessions, session_calls, values_of
from src.evaluation.differential.probe_runner import Call, Inputs, ProbeRecord, run_probe
from src.evaluation.differential.program_analysis import (
    definitions,
    entry_classes,
    entry_functions,
    flattened,
    opens_window,
    reads_input,
    script_functions,
    shows_addresses,
    without_reading,
)
from src.evaluation.differential.wording import quoted_in
from src.evaluation.extraction.extract import extract
from src.languages.python import setup_program
from src.languages.syntax import parse_python
from src.sandbox.sandbox import Sandbox, SandboxKey
from src.schema import Sample

CACHED_REFERENCES = 2048  # so that a second model's answers do not run them again; some kB each
NOT_RUN = "not run: "  # prefix of the reason where there is no sandbox
MUTANTS = 40
SEARCH_SHARE = 0.2  # of the usual time: of slower calls the chosen ones together would take too long
FEW = 12  # calls, the plainest, where all together take too long
TURNS = 3  # times that further inputs are tried


@dataclass(frozen=True)
class Behaviour:
    """What a reference does on inputs that were found for it, or why that decides nothing."""

    reason: str  # "": comparable; otherwise why there is no verdict
    program: str = ""  # the reference as it is compared
    inputs: Inputs = field(default_factory=lambda: Inputs("", {}))
    calls: tuple[Call, ...] = ()
    record: ProbeRecord = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    outside: tuple[Call, ...] = ()  # calls that tell a mutant, and that the task is not about
    by_last_value: bool = False  # it prints and defines nothing: its last statement's value is its result


def reference_behaviour(sandbox: Sandbox, sample: Sample) -> Behaviour:
    """What the sample's reference does; computed once for each reference and input."""
    try:
        return _behaviour(
            SandboxKey(sandbox.limits, sandbox),
            reference_program(sample.reference),
            sample.input,
            sample.instruction,
        )
    except _NotCachedError as stopped:
        return stopped.behaviour


def reference_program(reference: str) -> str:
    """The code of a reference: some data sets keep the Markdown fences of a chat."""
    return reference if parse_python(reference) is not None else extract(reference, "python").code


class _NotCachedError(Exception):
    """There is no sandbox, or a busy machine may have had a part in what is known of the reference."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour


@functools.lru_cache(CACHED_REFERENCES)
def _behaviour(key: SandboxKey, reference: str, input: str, instruction: str) -> Behaviour:
    before = key.sandbox.starved
    behaviour = _found_behaviour(key.sandbox, reference, input, instruction)
    if key.sandbox.starved > before or behaviour.reason.startswith(NOT_RUN):
        raise _NotCachedError(behaviour)
    return behaviour


def _found_behaviour(sandbox: Sandbox, reference: str, input: str, instruction: str) -> Behaviour:
    tree = parse_python(reference)
    if tree is None or not tree.body:
        return Behaviour("reference does not parse")
    if opens_window(tree):
        return Behaviour("reference is interactive")
    if reads_input(tree):
        tree = without_reading(tree)
        reference = ast.unparse(tree)
        if not entry_functions(tree) and not entry_classes(tree):
            return Behaviour("reference is interactive")
    quoted = quoted_in(f"{instruction}\n{input}")
    inputs = Inputs(setup_program(input), files_for(reference, input), f"{input}\n", quoted)
    rules = rules_of(instruction, tree, input)
    # Half the time that an answer gets, so that what the reference does in time, equal programs do too.
    execution, first = run_probe(sandbox, inputs, reference, share=0.5, record_calls=True)
    if execution.outcome == "not_run":
        return Behaviour(f"{NOT_RUN}{execution.detail}")
    if first is None or first["module"]["error"]:
        return Behaviour("reference does not run")
    search = _Search(sandbox, inputs, reference, tree, rules)
    selection = search.telling_calls(first["seen"], input, instruction)
    if not selection.tells_enough and not entry_functions(tree) and first["module"]["stdout"].strip():
        selection = Selection(())  # of a class whose sessions tell too little: what the script shows
    if not selection.tells_enough:
        return Behaviour("no inputs distinguish the reference from programs that differ in one place")
    return dataclasses.replace(_behaviour_on(selection.calls, search), outside=selection.outside)


def _behaviour_on(calls: tuple[Call, ...], search: _Search) -> Behaviour:
    """What the reference does on these calls, where it does the same when it is run again."""
    tree, rules = search.tree, search.rules
    run = functools.partial(
        run_probe, search.sandbox, search.inputs, search.reference, calls,
        ordered=rules.ordered, names=search.names(calls),
    )  # fmt: skip
    (_, record), (_, again) = run(), run(seed=2)
    if record is None or again is None:
        return Behaviour("reference does not end")
    if record["module"]["error"]:  # it did run the first time
        return Behaviour("reference is not deterministic")
    behaviour = Behaviour("", search.reference, search.inputs, calls, record, rules)
    if shows_addresses(tree) or _differs(behaviour, again) or not _same_numbers(record, again):
        return Behaviour("reference is not deterministic")
    if calls or record["module"]["stdout"].strip() or record["files"]:
        return behaviour
    if not entry_functions(tree) and is_discriminating(record["module"]["last"]):
        return dataclasses.replace(behaviour, by_last_value=True)
    return Behaviour("reference shows no behaviour")


@dataclass(frozen=True)
class _Search:
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
            any(has_sign(f) or seeks_in_numbers(f) for f in functions.values()),
        )
        granted = {name: granted_by(f, instruction, known[name]) for name, f in functions.items()}
        if len(granted) == 1 and not domain.shape:
            domain = dataclasses.replace(domain, shape=next(iter(granted.values())).example)
        if any(map(ends_at_zero, functions.values())):
            domain = dataclasses.replace(domain, zero=True)
        if functions and all(map(only_passes_on, functions.values())):
            domain = dataclasses.replace(domain, zero_items=True)
        scope = Scope(
            domain,
            granted,
            frozenset(call for calls in known.values() for call in calls),
            speaks_of_words(instruction),
            grows_fast(instruction),
            frozenset(n for n, f in functions.items() if is_smooth(f) and not speaks_of_whole(instruction)),
            frozenset(name for name, f in functions.items() if looks_for_best(f)),
        )
        tried: list[Call] = []
        selection = Selection(())
        for turn in range(TURNS):
            further = [
                (name, scope.granted[name].fitted(arguments))
                for name, f in functions.items()
                for arguments in candidates(f, known[name], domain, turn, self.tree)
            ] + [
                (name, arguments)
                for name, node in classes.items()
                for arguments in session_calls(node, self.tree, known[name], turn, instruction)
            ]
            tried = list(dict.fromkeys([*selection.calls, *selection.outside, *further]))
            tried.sort(key=lambda call: not scope.admits(call))  # what takes too long is mostly outside
            found = self._selected(tried, scope, functions) if tried else None
            if found is None and not selection.calls:  # large numbers may take too long
                found = self._selected(tried[:FEW], scope, functions)
            if found is None:
                break
            selection = found
            if selection.calls and not selection.survivors:
                break
        return selection

    def _selected(self, tried: Sequence[Call], scope: Scope, functions: Collection[str]) -> Selection | None:
        domain = scope.domain
        plain = definitions(self.tree, script_functions(self.tree))
        if not self.rules.must_print:
            plain = without_remarks(plain)
        tied = tie_mutants(plain)
        searched = [] if domain.order or domain.ties else search_mutants(plain)
        # Where the task speaks of ties, what takes the other of equals is wrong like any other mutant.
        changed = mutants(plain, MUTANTS)
        for at, program in enumerate(tied):
            if domain.ties:
                changed.setdefault(program, -at)
            else:
                changed.pop(program, None)
        hints = mistaken(plain, functions)
        variants = [ast.unparse(plain), *changed, *tied, *searched, *hints]
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
        ends = [*itertools.accumulate(map(len, (changed, tied, searched, hints)), initial=1)]
        own, ties, searches, mistakes = (
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
            outside |= {at for _, places in ties for at in places if tried[at][1] not in scope.known}
        natural -= outside
        edges = frozenset(at for at, call in enumerate(tried) if scope.is_edge(call)) - natural
        places = [*changed.values()]
        every = Tried(
            tried, found["calls"], [calls for _, calls in own], [places[at] for at, _ in own],
            [*scope.spoken(tried), *(calls for _, calls in mistakes)], frozenset(outside), natural, edges,
        )  # fmt: skip
        return select_calls(self.tree, every, domain.kinds, scope.known)


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


def _differs(behaviour: Behaviour, again: ProbeRecord) -> bool:
    """Whether a second run of the reference shows something else."""
    return bool(
        again["module"]["error"]
        or script_difference(behaviour.rules, False, behaviour.record, again)
        or call_difference(behaviour.rules, behaviour.calls, behaviour.record, again)
    )


def _same_numbers(record: ProbeRecord, again: ProbeRecord) -> bool:
    """Whether two runs of one program show exactly the same numbers: the tolerance is for other programs."""
    shown = [json.dumps({key: run[key] for key in ("module", "calls", "files")}) for run in (record, again)]
    return same_numbers(*shown)
