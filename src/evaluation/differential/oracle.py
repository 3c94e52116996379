"""Decides whether a Python program behaves as its reference does, by running both on the same inputs."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from src.evaluation.differential.counterparts.bindings import (
    Binding,
    bindings,
    classes_take,
    named_alike,
)
from src.evaluation.differential.counterparts.targets import entry_targets
from src.evaluation.differential.equivalence.agreement import (
    SHOWS_OTHERWISE,
    call_difference,
    same_output,
    script_difference,
)
from src.evaluation.differential.equivalence.printed import shown
from src.evaluation.differential.further.further_calls import on_further_calls
from src.evaluation.differential.further.further_files import on_further_files
from src.evaluation.differential.inputs.file_fixtures import other_files
from src.evaluation.differential.inputs.input_generation import parameters
from src.evaluation.differential.probe_runner import ProbeRecord
from src.evaluation.differential.program_analysis import (
    asks_for_output,
    classes_of,
    functions_of,
    gives_data,
    reads_input,
    without_reading,
)
from src.evaluation.differential.reference import NOT_RUN, reference_behaviour
from src.evaluation.differential.scripts.cross_form import first_shown, script_inputs
from src.evaluation.differential.scripts.other_data import as_functions
from src.evaluation.differential.scripts.typed_calls import on_typed_calls
from src.evaluation.differential.trial import Trial
from src.evaluation.differential.verdicts import (
    NOT_STARTED,
    ON_ITS_INPUTS,
    ON_ITS_SCRIPT,
    ON_TYPED_CALLS,
    OTHER_OUTPUT,
    Comparison,
    failure_of,
    with_outcome,
)
from src.languages.python import with_input
from src.languages.syntax import parse_python
from src.schema import Execution, Sample

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox

FEWEST_SESSIONS = 4  # of those with a class, that decide
_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEFINITIONS = _DEFINED | ast.Import | ast.ImportFrom


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


class _Trial(Trial):
    """Compares the answer with the reference."""

    def comparison(self) -> Comparison:
        """By calls where the reference has some and the answer counterparts, else by what the whole scripts show."""
        ways = bindings(self.reference_tree, self.tree, self.behaviour.calls)
        if ways:
            return self._by_calls(ways)
        otherwise = self._by_other_sessions()
        return otherwise or self._by_output()

    def _by_other_sessions(self) -> Comparison | None:
        """Passed, where the answer's class, made with more values than the reference's or with fewer, does the same."""
        calls = self.behaviour.calls
        ways = bindings(self.reference_tree, self.tree, calls, filled=True)
        trial = self
        if not ways:
            fewer = classes_take(self.reference_tree, self.tree, calls)
            places = [calls.index(call) for call in fewer]
            if len(fewer) < FEWEST_SESSIONS:
                return None
            record = self.behaviour.record
            record = record | {"calls": [record["calls"][at] for at in places]}
            trial = dataclasses.replace(
                self, behaviour=dataclasses.replace(self.behaviour, calls=tuple(fewer), record=record)
            )
            ways = bindings(self.reference_tree, self.tree, fewer)
        found = trial._by_calls(ways) if ways else None
        return found.that("passed") if found else None

    def _by_calls(self, ways: Sequence[Binding]) -> Comparison:
        """The first way to call the answer's functions on which it agrees; else the likeliest one."""
        tried = []
        for way in ways:
            execution, record = self.run(self.code, self.behaviour.calls, way)
            if reads_input(self.tree) and (record is None or record["module"]["error"]):
                functions = ast.unparse(without_reading(self.tree))
                execution, record = self.run(functions, self.behaviour.calls, way)
            failure = failure_of(execution, record)
            verdict = failure if failure or record is None else self._functions(execution, record)
            tried.append(Comparison(verdict, self.behaviour, record))
            if failure or (verdict and verdict.outcome == "passed"):
                break
        if tried[-1].that("passed"):
            way = ways[len(tried) - 1]
            further = on_further_calls(self, tried[-1], way) or on_further_files(self, tried[-1], way)
            return further or tried[-1]
        if reads_input(self.tree) and not named_alike(ways[0]):  # that function may be a part of its script
            typed_in = self._on_typed_calls()
            if typed_in and typed_in.verdict and typed_in.verdict.outcome == "passed":
                return typed_in
        record = tried[0].record
        all_fail = (
            record is not None and record["calls"] and all(result["error"] for result in record["calls"])
        )
        takes_nothing = not any(arguments for _, arguments in self.behaviour.calls)
        return self._by_output() if all_fail and (takes_nothing or not named_alike(ways[0])) else tried[0]

    def _by_output(self) -> Comparison:
        """What the script shows, on the first input that it can be typed in and on which it agrees."""
        if self.behaviour.calls and reads_input(self.tree):
            typed_in = self._on_typed_calls()
            if typed_in:
                return typed_in
        tried = []
        judge = self._without_counterpart if self.behaviour.calls else self._script
        for stdin in self.stdins():
            execution, record = self.run(self.code, stdin=stdin)
            failure = failure_of(execution, record)
            verdict = failure if failure or record is None else judge(execution, record)
            if failure and reads_input(self.tree) and failure.detail.startswith("EOFError"):
                verdict = None
            tried.append(Comparison(verdict, self.behaviour, record))
            if verdict and verdict.outcome == "passed":
                return (None if verdict.detail else self._on_other_data()) or tried[-1]
        # In other words it may say the same on all data: "a palindrome" for "Yes".
        differs = tried[0].verdict and tried[0].verdict.detail in SHOWS_OTHERWISE
        found = self._as_functions() if differs else None
        return (found.that("passed") if found else None) or tried[0]

    def _on_other_data(self) -> Comparison | None:
        """Failed, where a script that shows the same on the task's data does not on other data of that kind."""
        if reads_input(self.tree):
            return None
        for files in other_files(self.behaviour.program, self.behaviour.inputs.files):
            found = self._on_files(files)
            if found is not None:
                return found
        found = self._as_functions()
        return found.that("failed") if found else None

    def _as_functions(self) -> Comparison | None:
        """Both scripts as functions of the data that the task shows, on other data too; None where they are none."""
        if reads_input(self.tree):
            return None
        task = f"{self.sample.instruction}\n{self.sample.input}"
        reference, code = (with_input(self.sample.input, p) for p in (self.behaviour.program, self.code))
        both = as_functions(reference, code, task, self.behaviour.inputs.files)
        if both is None:
            return None
        sample = dataclasses.replace(self.sample, reference=both[0])
        return compare_with_reference(self.sandbox, sample, both[1])

    def _on_files(self, files: dict[str, str]) -> Comparison | None:
        """Failed, where the reference does something with these files and the answer something else."""
        _, expected = self.run(self.behaviour.program, files=files)
        execution, record = self.run(self.code, files=files)
        if expected is None or expected["module"]["error"] or record is None:
            return None
        difference = script_difference(self.rules, self.behaviour.by_last_value, expected, record)
        if not difference or record["module"]["error"]:  # that may be due to what no file of the task has
            return None
        inputs = dataclasses.replace(self.behaviour.inputs, files=files)
        behaviour = dataclasses.replace(self.behaviour, inputs=inputs, record=expected)
        return Comparison(
            with_outcome(execution, "failed", f"with other files: {difference}"), behaviour, record
        )

    def _on_typed_calls(self) -> Comparison | None:
        """Whether a script that reads input shows what the reference gives for the same values; None where it takes none of them."""
        calls, results = self.behaviour.calls, self.behaviour.record["calls"]
        typed = on_typed_calls(
            self.rules, self.tree, calls, results, lambda text: self.run(self.code, stdin=text)
        )
        if typed is None:
            return None
        outcome = "failed" if typed.difference else "passed"
        verdict = with_outcome(typed.execution, outcome, typed.difference or ON_TYPED_CALLS)
        return Comparison(verdict, self.behaviour, typed.record)

    def _functions(self, execution: Execution, record: ProbeRecord) -> Execution:
        difference = call_difference(self.rules, self.behaviour.calls, self.behaviour.record, record)
        if difference:
            return with_outcome(execution, "failed", difference)
        same = same_output(self.rules, self.behaviour.record, record)
        takes_nothing = not any(arguments for _, arguments in self.behaviour.calls)
        shows = [bool(shown(run["module"]).strip()) for run in (self.behaviour.record, record)]
        if takes_nothing and shows == [True, False]:
            return with_outcome(execution, "failed", NOT_STARTED)
        if not same and all(shows) and asks_for_output(self.reference_tree, self.sample.instruction):
            return with_outcome(execution, "failed", "prints something else")
        return with_outcome(execution, "passed", "" if same else OTHER_OUTPUT)

    def _script(self, execution: Execution, record: ProbeRecord) -> Execution | None:
        """The run of the answer; or, where it defines functions, one of them on the reference's own inputs.

        Classes, and functions with no inputs to call them with, are not wrong for what their scripts show.
        """
        behaviour = self.behaviour
        difference = script_difference(self.rules, behaviour.by_last_value, behaviour.record, record)
        if not difference:
            return with_outcome(execution, "passed", "")
        classes = classes_of(self.reference_tree)
        if classes and self.rules.must_print and not gives_data(self.reference_tree):
            return with_outcome(execution, "failed", difference)
        in_its_place = self._in_its_script()
        if in_its_place is not None:
            return in_its_place
        undecided = bool(classes or classes_of(self.tree))
        entries = entry_targets(self.tree)
        if len(entries) != 1 or functions_of(self.reference_tree):
            return None if undecided else with_outcome(execution, "failed", difference)
        entry = entries[0]
        parameters_ = entry.names[: entry.required or 1]
        inputs = script_inputs(self.reference_tree, parameters_, self.sample.input)
        arguments = [f"a[{at}]" for at in range(len(parameters_))]
        names = {entry.name: f"lambda *a: {entry.called_with(arguments)}"}
        _, called = self.run(self.code, [(entry.name, arguments) for arguments in inputs], names)
        if called and first_shown(self.rules, inputs, called["calls"], behaviour.record):
            return with_outcome(execution, "passed", ON_ITS_INPUTS)
        prints = bool(shown(record["module"]).strip())
        undecided = undecided or not inputs or (not prints and len(inputs) != 1)
        return None if undecided else with_outcome(execution, "failed", difference)

    def _in_its_script(self) -> Execution | None:
        """The reference's script with the answer's classes of the same names; None where it shows nothing or does not fit them."""
        classes = classes_of(self.reference_tree).keys()
        if not classes or not classes <= classes_of(self.tree).keys():
            return None
        if not shown(self.behaviour.record["module"]).strip():
            return None
        own = [node for node in self.tree.body if isinstance(node, _DEFINITIONS)]
        script = [node for node in self.reference_tree.body if not isinstance(node, _DEFINED)]
        execution, record = self.run(ast.unparse(ast.Module([*own, *script], [])))
        if record is None or record["module"]["error"]:
            return None
        difference = script_difference(self.rules, False, self.behaviour.record, record)
        outcome = "failed" if difference else "passed"
        return with_outcome(execution, outcome, difference or ON_ITS_SCRIPT)

    def _without_counterpart(self, execution: Execution, record: ProbeRecord) -> Execution | None:
        """An answer of another form: its output where both print, else the reference on the answer's own inputs.

        What differs may be its inputs, so nothing else decides.
        """
        behaviour, functions = self.behaviour, functions_of(self.reference_tree)
        printed = shown(behaviour.record["module"]).strip()
        if printed and not script_difference(self.rules, False, behaviour.record, record):
            return with_outcome(execution, "passed", "")
        if len(functions) != 1:
            return None
        name, function = next(iter(functions.items()))
        every, required = parameters(function)
        inputs = script_inputs(self.tree, [p.arg for p in every[: required or 1]], self.sample.input)
        _, called = self.run(behaviour.program, [(name, arguments) for arguments in inputs])
        same = called and first_shown(self.rules, inputs, called["calls"], record)
        return with_outcome(execution, "passed", ON_ITS_INPUTS) if same else None
