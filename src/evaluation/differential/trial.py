"""One answer beside its reference, and how its programs are run."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from src.evaluation.differential.counterparts.bindings import Binding
from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.probe_runner import Call, ProbeRecord, run_probe
from src.evaluation.differential.program_analysis import reads_input
from src.evaluation.differential.reference import Behaviour
from src.evaluation.differential.scripts.cross_form import typed_inputs
from src.languages.python import setup_for
from src.languages.syntax import parse_python
from src.schema import Execution, Sample

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox


@dataclass(frozen=True)
class Trial:
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
    def reference_tree(self) -> ast.Module:
        tree = parse_python(self.behaviour.program)
        assert tree is not None
        return tree

    def stdins(self) -> list[str]:
        if not reads_input(self.tree):
            return [f"{self.sample.input}\n"]
        task = f"{self.sample.instruction}\n{self.sample.input}"
        return typed_inputs(self.reference_tree, self.tree, self.sample.input, task) or [
            f"{self.sample.input}\n"
        ]

    def run(
        self,
        program: str,
        calls: Sequence[Call] = (),
        names: Binding | None = None,
        stdin: str = "",
        files: dict[str, str] | None = None,
        share: float = 1.0,
    ) -> tuple[Execution, ProbeRecord | None]:
        """Run a program, and calls of it; its record, or None where it left none.

        names: how functions are called there. files: in place of those of the task. share: of the processor time.
        """
        stdin = stdin or self.stdins()[0]
        setup = setup_for(program, self.sample.input)
        if files and any(name in setup for name in files):
            setup = ""  # it would write the task's own files over these
        inputs = dataclasses.replace(
            self.behaviour.inputs, stdin=stdin, setup=setup, files=files or self.behaviour.inputs.files
        )
        ordered = self.rules.ordered
        return run_probe(self.sandbox, inputs, program, calls, share=share, ordered=ordered, names=names)
