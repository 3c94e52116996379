"""Finds out what a reference does: runs it on inputs that tell it from programs that differ in one place."""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
from dataclasses import dataclass, field

from src.evaluation.differential.equivalence.agreement import call_difference, script_difference
from src.evaluation.differential.equivalence.equality import same_numbers
from src.evaluation.differential.equivalence.rules import Rules, rules_of
from src.evaluation.differential.equivalence.wording import quoted_in
from src.evaluation.differential.inputs.file_fixtures import files_for
from src.evaluation.differential.inputs.input_selection import Selection, is_discriminating
from src.evaluation.differential.inputs.preconditions.setting import setting_of
from src.evaluation.differential.probe_runner import Call, Inputs, ProbeRecord, run_probe
from src.evaluation.differential.program_analysis import (
    entry_classes,
    entry_functions,
    opens_window,
    reads_input,
    shows_addresses,
    without_reading,
)
from src.evaluation.differential.search import Search
from src.evaluation.extraction.extract import extract
from src.languages.python import setup_for
from src.languages.syntax import parse_python
from src.sandbox.sandbox import Sandbox, SandboxKey
from src.schema import Sample

CACHED_REFERENCES = 2048  # so that a second model's answers do not run them again; some kB each
NOT_RUN = "not run: "  # prefix of the reason where there is no sandbox


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
    search: Search | None = None  # that found the calls, and finds others
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
    inputs = Inputs(setup_for(reference, input), files_for(reference, input), f"{input}\n", quoted)
    rules = rules_of(instruction, tree, input)
    # Half the time that an answer gets, so that what the reference does in time, equal programs do too.
    execution, first = run_probe(sandbox, inputs, reference, share=0.5, record_calls=True)
    if execution.outcome == "not_run":
        return Behaviour(f"{NOT_RUN}{execution.detail}")
    if first is None or first["module"]["error"]:
        return Behaviour("reference does not run")
    setting = setting_of(tree, reference, first["seen"], input, instruction)
    search = Search(sandbox, inputs, reference, setting, rules)
    selection = search.telling_calls()
    if not selection.tells_enough and not entry_functions(tree) and first["module"]["stdout"].strip():
        selection = Selection(())  # of a class whose sessions tell too little: what the script shows
    if not selection.tells_enough and first["files"] and not selection.caught:
        selection = Selection(())  # of functions that only write files: what the script writes
    if not selection.tells_enough:
        return Behaviour("no inputs distinguish the reference from programs that differ in one place")
    found = _behaviour_on(selection.calls, search)
    return dataclasses.replace(found, outside=selection.outside, search=search)


def _behaviour_on(calls: tuple[Call, ...], search: Search) -> Behaviour:
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
