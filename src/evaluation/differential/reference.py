"""Finds out what a reference does: runs it on inputs that tell it from programs that differ in one place."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from src.evaluation.differential.agreement import Rules, call_difference, rules_of, script_difference
from src.evaluation.differential.equality import same_numbers
from src.evaluation.differential.inputs.domain import Domain, shown_domain
from src.evaluation.differential.inputs.file_fixtures import files_for
from src.evaluation.differential.inputs.input_generation import Arguments, candidates, known_arguments
from src.evaluation.differential.inputs.input_selection import (
    Selection,
    Tried,
    is_discriminating,
    select_calls,
)
from src.evaluation.differential.inputs.mutants import definitions, mutants, tie_mutants
from src.evaluation.differential.probe_runner import Call, Inputs, ProbeRecord, run_probe
from src.evaluation.differential.program_analysis import entry_functions, is_interactive, shows_addresses
from src.evaluation.extraction.extract import extract
from src.languages.python import setup_program
from src.languages.syntax import parse_python
from src.schema import Sample

if TYPE_CHECKING:
    from src.sandbox.sandbox import Limits, Sandbox

CACHED_REFERENCES = 2048  # so that a second model's answers do not run them again; some kB each
NOT_RUN = "not run: "  # prefix of the reason where there is no sandbox
MUTANTS = 40
CAUGHT = 0.8  # of the mutants, below which the calls tell too little
SEARCH_SHARE = 0.2  # of the usual time: of slower calls the chosen ones together would take too long
TURNS = 3  # times that further inputs are tried


@dataclass(frozen=True)
class Behaviour:
    """What a reference does on inputs that were found for it, or why that decides nothing."""

    reason: str  # "": comparable; otherwise why there is no verdict
    files: dict[str, str] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    record: ProbeRecord = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    by_last_value: bool = False  # it prints and defines nothing: its last statement's value is its result


def reference_behaviour(sandbox: Sandbox, sample: Sample) -> Behaviour:
    """What the sample's reference does; computed once for each reference and input."""
    try:
        return _behaviour(
            _Key(sandbox.limits, sandbox),
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
    """There is no sandbox, or the wall clock had a part in what is known of the reference."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour


@dataclass(frozen=True)
class _Key:
    """Passes the sandbox to the cached function; only its limits are part of the cache key."""

    limits: Limits
    sandbox: Sandbox = field(compare=False)


@functools.lru_cache(CACHED_REFERENCES)
def _behaviour(key: _Key, reference: str, input: str, instruction: str) -> Behaviour:
    before = key.sandbox.waited
    behaviour = _found_behaviour(key.sandbox, reference, input, instruction)
    if key.sandbox.waited > before or behaviour.reason.startswith(NOT_RUN):
        raise _NotCachedError(behaviour)
    return behaviour


def _found_behaviour(sandbox: Sandbox, reference: str, input: str, instruction: str) -> Behaviour:
    tree = parse_python(reference)
    if tree is None or not tree.body:
        return Behaviour("reference does not parse")
    if is_interactive(tree):
        return Behaviour("reference is interactive")
    inputs = Inputs(setup_program(input), files_for(reference, input))
    rules = rules_of(instruction, tree)
    # Half the time that an answer gets, so that what the reference does in time, equal programs do too.
    execution, first = run_probe(sandbox, inputs, reference, share=0.5, record_calls=True)
    if execution.outcome == "not_run":
        return Behaviour(f"{NOT_RUN}{execution.detail}")
    if first is None or first["module"]["error"]:
        return Behaviour("reference does not run")
    search = _Search(sandbox, inputs, reference, tree, rules)
    selection = search.telling_calls(first["seen"], input, instruction)
    if min(CAUGHT * selection.mutants, selection.mutants - 1) > selection.caught:
        return Behaviour("no inputs distinguish the reference from programs that differ in one place")
    calls = selection.calls
    _, record = run_probe(sandbox, inputs, reference, calls, ordered=rules.ordered)
    _, again = run_probe(sandbox, inputs, reference, calls, seed=2, ordered=rules.ordered)
    if record is None or again is None:
        return Behaviour("reference does not end")
    if record["module"]["error"]:  # it did run the first time
        return Behaviour("reference is not deterministic")
    behaviour = Behaviour("", inputs.files, calls, record, rules)
    if shows_addresses(tree) or _differs(behaviour, again) or not _same_numbers(record, again):
        return Behaviour("reference is not deterministic")
    if calls or record["module"]["stdout"].strip() or record["files"]:
        return behaviour
    if not entry_functions(tree) and is_discriminating(record["module"]["last"]):
        return Behaviour("", inputs.files, calls, record, rules, by_last_value=True)
    return Behaviour("reference shows no behaviour")


@dataclass(frozen=True)
class _Search:
    """Looks for calls of a reference's entry functions that show what it does."""

    sandbox: Sandbox
    inputs: Inputs
    reference: str
    tree: ast.Module
    rules: Rules

    def telling_calls(self, seen: ProbeRecord, input: str, instruction: str) -> Selection:
        """Calls that tell most mutants from the reference; further ones are tried while too few are told."""
        functions = entry_functions(self.tree)
        known = {
            f.name: known_arguments(f, seen.get(f.name, ()), input, (instruction, self.reference))
            for f in functions
        }
        domain = shown_domain(instruction, input, [call for calls in known.values() for call in calls])
        shown = frozenset(call for calls in known.values() for call in calls)
        tried: list[Call] = []
        selection = Selection(())
        for turn in range(TURNS):
            further = [
                (f.name, arguments)
                for f in functions
                for arguments in candidates(f, known[f.name], domain, turn)
            ]
            tried = list(dict.fromkeys([*selection.calls, *selection.outside, *further]))
            found = self._selected(tried, domain, shown) if tried else None
            if found is None:
                break
            selection = found
            if selection.calls and selection.caught == selection.mutants:
                break
        return selection

    def _selected(
        self, tried: Sequence[Call], domain: Domain, known: frozenset[Arguments]
    ) -> Selection | None:
        plain = definitions(self.tree)
        tied = tie_mutants(plain)
        # Where the task speaks of ties, what takes the other of equals is wrong like any other mutant.
        changed = [program for program in mutants(plain, MUTANTS) if domain.ties or program not in tied]
        changed += [program for program in tied if domain.ties and program not in changed]
        variants = [ast.unparse(plain), *changed, *tied]
        _, found = run_probe(
            self.sandbox,
            self.inputs,
            self.reference,
            tried,
            share=SEARCH_SHARE,
            ordered=self.rules.ordered,
            variants=variants,
        )
        if found is None:
            return None
        told = found["told"]
        alone = (told[0] if told else None) or frozenset()  # without the script around its functions
        ends = 1 + len(changed)
        return select_calls(
            self.tree,
            Tried(
                tried,
                found["calls"],
                [places - alone for places in told[1:ends] if places is not None],
                frozenset().union(*(places for places in told[ends:] if places)) - alone,
            ),
            domain,
            known,
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
