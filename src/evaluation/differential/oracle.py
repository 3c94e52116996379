"""Decides whether a Python program behaves as its reference does, by running both on the same inputs."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from src.evaluation.differential.agreement import (
    Rules,
    call_difference,
    same_output,
    script_difference,
    shown,
)
from src.evaluation.differential.cross_form import first_shown, script_inputs
from src.evaluation.differential.probe_runner import WAITED, Call, Inputs, ProbeRecord, run_probe
from src.evaluation.differential.program_analysis import (
    argument_order,
    entry_functions,
    functions_of,
    matched_functions,
)
from src.evaluation.differential.reference import (
    NOT_RUN,
    Behaviour,
    reference_behaviour,
    reference_program,
)
from src.languages.python import setup_program
from src.languages.syntax import parse_python
from src.sandbox.outcome import one_line
from src.schema import Execution, Sample

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox

OTHER_OUTPUT = "functions agree, output differs"  # detail of an answer that passed all the same
ON_ITS_INPUTS = "agrees on the inputs of the script"


@dataclass(frozen=True)
class Comparison:
    """An answer beside its reference."""

    verdict: Execution | None  # None: nothing decides
    behaviour: Behaviour
    calls: tuple[Call, ...] = ()  # those of the answer, in the order of the behaviour's
    record: ProbeRecord | None = None  # None: the answer left none


def compare_with_reference(sandbox: Sandbox, sample: Sample, code: str) -> Comparison:
    """Run `code` on the inputs that were found for the sample's reference, and hold what it does against that."""
    behaviour = reference_behaviour(sandbox, sample)
    if behaviour.reason.startswith(NOT_RUN):
        return Comparison(Execution("not_run", behaviour.reason.removeprefix(NOT_RUN)), behaviour)
    if behaviour.reason:
        return Comparison(None, behaviour)
    tree = parse_python(code)
    if tree is None:
        return Comparison(Execution("error", "SyntaxError"), behaviour)
    return _Trial(sandbox, sample, code, tree, behaviour).comparison()


@dataclass(frozen=True)
class _Trial:
    """One answer that parses, and a reference that settles something."""

    sandbox: Sandbox
    sample: Sample
    code: str
    tree: ast.Module
    behaviour: Behaviour

    @property
    def rules(self) -> Rules:
        return self.behaviour.rules.for_answer(self.tree, self.sample.instruction)

    @property
    def reference(self) -> str:
        return reference_program(self.sample.reference)

    @property
    def reference_tree(self) -> ast.Module:
        tree = parse_python(self.reference)
        assert tree is not None
        return tree

    def comparison(self) -> Comparison:
        """By the functions where the reference has some, by the run of the whole script where it has none."""
        wanted = dict.fromkeys(name for name, _ in self.behaviour.calls)
        names = matched_functions(self.reference_tree, self.tree, set(wanted))
        missing = [name for name in wanted if name not in names]
        calls = () if missing else tuple(self._own_call(names, call) for call in self.behaviour.calls)
        execution, record = self._run(self.code, calls)
        failure = _failure(execution, record)
        if failure or record is None:
            return Comparison(failure, self.behaviour, calls, record)
        if missing:
            verdict = self._script_for_function(execution, record, missing)
        elif calls:
            verdict = self._functions(execution, record)
        else:
            verdict = self._script(execution, record)
        return Comparison(verdict, self.behaviour, calls, record)

    def _run(self, program: str, calls: tuple[Call, ...]) -> tuple[Execution, ProbeRecord | None]:
        inputs = Inputs(setup_program(self.sample.input), self.behaviour.files)
        return run_probe(self.sandbox, inputs, program, calls, ordered=self.rules.ordered)

    def _own_call(self, names: dict[str, str], call: Call) -> Call:
        """The answer's call for one of the reference: under its name, in the order of its parameters."""
        name, arguments = call
        functions, theirs = functions_of(self.reference_tree), functions_of(self.tree)
        order = (
            argument_order(functions[name], theirs[names[name]], len(arguments))
            if name in functions
            else None
        )
        return names[name], tuple(arguments[at] for at in order) if order else arguments

    def _functions(self, execution: Execution, record: ProbeRecord) -> Execution:
        difference = call_difference(self.rules, self.behaviour.calls, self.behaviour.record, record)
        if difference:
            return _with_outcome(execution, "failed", difference)
        same = same_output(self.rules, self.behaviour.record, record)
        return _with_outcome(execution, "passed", "" if same else OTHER_OUTPUT)

    def _script(self, execution: Execution, record: ProbeRecord) -> Execution | None:
        """The run of the answer; or, where it only defines functions, one of them on the reference's own inputs."""
        behaviour = self.behaviour
        difference = script_difference(self.rules, behaviour.by_last_value, behaviour.record, record)
        if not difference:
            return _with_outcome(execution, "passed", "")
        entries = entry_functions(self.tree)
        if len(entries) != 1 or functions_of(self.reference_tree):
            return _with_outcome(execution, "failed", difference)
        inputs = script_inputs(self.reference_tree, entries[0], self.sample.input)
        _, called = self._run(self.code, tuple((entries[0].name, arguments) for arguments in inputs))
        if called and first_shown(self.rules, called["calls"], behaviour.record):
            return _with_outcome(execution, "passed", ON_ITS_INPUTS)
        undecided = not shown(record["module"]).strip() and len(inputs) != 1
        return None if undecided else _with_outcome(execution, "failed", difference)

    def _script_for_function(
        self, execution: Execution, record: ProbeRecord, missing: list[str]
    ) -> Execution | None:
        """An answer without the function: its output where both print, else the reference on the answer's own inputs.

        Where it shows no inputs nothing decides, unless the task names the function or the answer has others.
        """
        behaviour, functions = self.behaviour, functions_of(self.reference_tree)
        printed = shown(behaviour.record["module"]).strip()
        if printed and not script_difference(self.rules, False, behaviour.record, record):
            return _with_outcome(execution, "passed", "")
        function = functions.get(missing[0])
        if function is not None and len(functions) == 1 and not functions_of(self.tree):
            inputs = script_inputs(self.tree, function, self.sample.input)
            _, called = self._run(self.reference, tuple((missing[0], arguments) for arguments in inputs))
            if called and first_shown(self.rules, called["calls"], record):
                return _with_outcome(execution, "passed", ON_ITS_INPUTS)
        named = any(name in self.sample.instruction for name in missing) or bool(functions_of(self.tree))
        return _with_outcome(execution, "failed", f"no function {missing[0]}") if named else None


def _failure(execution: Execution, record: ProbeRecord | None) -> Execution | None:
    """The verdict on an answer that did not come to its end."""
    if record is None:
        if execution.outcome == "passed":
            return _with_outcome(execution, "failed", "ended before its results were read")
        return execution
    error, message = record["module"]["error"], record["module"]["message"]
    if not error:
        return None
    outcome = "timeout" if error in ("timeout", WAITED) else "error"
    return _with_outcome(execution, outcome, f"{error}: {message}" if message else error)


def _with_outcome(execution: Execution, outcome: str, detail: str) -> Execution:
    return dataclasses.replace(execution, outcome=outcome, detail=one_line(detail), stdout="")
