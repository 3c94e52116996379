"""Runs predictions and decides whether they are correct."""

from __future__ import annotations

import ast
import dataclasses
import functools
import math
import re
import textwrap

from src.evaluation.benchmarks.calls import parse_calls
from src.evaluation.differential import oracle
from src.evaluation.execution.definitions import own_tests
from src.evaluation.execution.evalplus.verdict import judge_calls
from src.evaluation.execution.missing_dependencies import marked_missing
from src.evaluation.execution.runners import FRAGMENT, refusal, run_program
from src.evaluation.extraction.wanted import stub_function
from src.languages.python import join
from src.languages.registry import LANGUAGES
from src.languages.syntax import parse_python
from src.sandbox.sandbox import Sandbox, SandboxKey
from src.schema import Execution, Sample
from src.system.exhaustion import OUT_OF_MEMORY

# Where OpenAI's Codex paper (arXiv:2107.03374, section 3.1) ends a completion of a function's body. They
# apply only to an answer that continues its prompt: a whole program may well hold another def.
STOP_SEQUENCES = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")

DEFINES_ONLY = "defines only"

_OUR_ERRORS = {
    "timeout": "^timeout", "memory": OUT_OF_MEMORY.pattern, "syntax": "not text|nested deeper|^longer than",
}  # fmt: skip
_ERRORS = (_OUR_ERRORS, *(language.errors for language in LANGUAGES.values()))
_ERROR_KINDS = tuple(
    (kind, "|".join(errors[kind] for errors in _ERRORS if kind in errors))
    for kind in "timeout memory import name syntax type index assertion".split()
)

# Of an answer, where the reference decides: its form is its own choice, and no way out of the count.
NOTHING_TO_COMPARE = Execution(
    "not_run", "fragment: nothing in it to compare with the reference", lacks=FRAGMENT
)


def execute(sandbox: Sandbox, sample: Sample, code: str) -> Execution:
    """Run the prediction's program, after what the sample's input defines.

    The detail of a program that ran but only defined things is DEFINES_ONLY.
    """
    if sandbox.not_run:  # nor are answers without a program judged: alone they would make a score
        return sandbox.not_run
    if not code.strip():
        return run_program(sample.language, sandbox, "")
    unfit = _unfit_input(sandbox, sample)
    if unfit:
        return Execution("not_run", unfit)
    program = whole_program(sample, code)
    execution = run_program(sample.language, sandbox, with_input(sample, program), _stdin(sample))
    if execution.outcome == "passed" and LANGUAGES[sample.language].defines_only(program):
        return dataclasses.replace(execution, detail=DEFINES_ONLY)
    return execution


def _stdin(sample: Sample) -> bytes:
    return f"{sample.input}\n".encode("utf-8", "replace") if sample.input.strip() else b""


def _unfit_input(sandbox: Sandbox, sample: Sample) -> str:
    """Why no program can be run for a task whose reference reads its standard input; "" where it can.

    The reference decides, so an answer cannot take itself out of the count.
    """
    language = LANGUAGES.get(sample.language)
    if language is None or language.reads_input is None:
        return ""
    if not language.reads_input.compiled.search(sample.reference):
        return ""
    if not sample.input.strip():
        return "reads input, and the sample has none"
    ran = _reference_runs(
        SandboxKey(sandbox.limits, sandbox), sample.language, sample.reference, _stdin(sample)
    )
    return "" if ran else "its reference does not run on the sample's input"


@functools.lru_cache(256)
def _reference_runs(key: SandboxKey, language: str, reference: str, stdin: bytes) -> bool:
    return run_program(language, key.sandbox, reference, stdin).outcome == "passed"


def judge(sandbox: Sandbox, sample: Sample, code: str) -> Execution | None:
    """Whether the prediction is correct: by tests, else against its reference; None where neither decides.

    Where there are tests, one that needs what the machine lacks has failed; else it is not_run.
    """
    if sample.language not in ("python", "") or (not sample.tests and not sample.language):
        return None
    if sandbox.not_run:
        return sandbox.not_run
    if not code.strip():
        decidable = bool(sample.tests) or not oracle.reference_behaviour(sandbox, sample).reason
        return Execution("failed", "no code") if decidable else None
    if sample.tests:
        refused = refusal(code)
        if refused:
            return refused
        program = whole_program(sample, code)
        if parse_calls(sample.tests):
            execution = judge_calls(sandbox, sample.tests, sample.prefix + sample.reference, program)
        else:
            tests = own_tests(sample)
            execution = sandbox.python(
                program, tests.text, shadowing=tests.shadowing, operators=tests.operators
            )
        return dataclasses.replace(execution, lacks=marked_missing("python", execution).lacks)
    compared = oracle.compare_with_reference(sandbox, sample, code)
    if compared.verdict is None and not compared.behaviour.reason:
        return NOTHING_TO_COMPARE
    return compared.verdict and marked_missing("python", compared.verdict)


def whole_program(sample: Sample, code: str) -> str:
    """The program of an answer and its prompt, which the answer continues or repeats."""
    prefix = sample.prefix
    if not prefix:
        return code
    answer = parse_python(code)
    if answer is not None and stub_function(prefix) in _function_names(answer):
        return join([f"{prefix}\n    pass", code])
    for body in _bodies(code):
        if parse_python(prefix + body) is not None or parse_python(f"{prefix}\n{body}") is not None:
            return prefix + body if prefix.endswith("\n") else f"{prefix}\n{body}"
    return prefix + _until_stop(code)


def with_input(sample: Sample, program: str) -> str:
    """`program`, after the sample's input where that is code that defines what the program uses."""
    language = LANGUAGES.get(sample.language)
    if sample.prefix or not sample.input.strip() or language is None or language.with_input is None:
        return program
    return language.with_input(sample.input, program)


def _bodies(code: str) -> tuple[str, ...]:
    """Ways to read an answer as a function's body.

    One that begins with white space continues the prompt and is read as the benchmark reads it. One without
    lost its indentation to a fence or to stripping, on every line or on the first.
    """
    if code[:1] in " \t\n":
        return (_until_stop(code),)
    return (textwrap.indent(code, "    "), f"    {_until_stop(code)}")


def _until_stop(code: str) -> str:
    ends = [at for at in (code.find(stop) for stop in STOP_SEQUENCES) if at >= 0]
    return code[: min(ends)] if ends else code


def _function_names(tree: ast.Module) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def classify(execution: Execution, functional: Execution | None, flags: tuple[str, ...], code: str) -> str:
    """What went wrong, in one word; "" where nothing did, or nothing could be run.

    no_code syntax name type index import assertion wrong_output timeout memory output_limit killed fragment
    missing runtime
    """
    if "no_code" in flags or not code.strip():
        return "no_code"
    lacks = execution.lacks or (functional.lacks if functional else "")
    if lacks:
        return "fragment" if lacks == FRAGMENT else "missing"
    decided = execution if execution.outcome not in ("passed", "not_run") else functional
    if decided is None or decided.outcome in ("passed", "not_run"):
        return ""
    if decided.outcome == "timeout":
        return "timeout"
    if decided.outcome == "out_of_memory":
        return "memory"
    if decided.outcome in ("output_limit", "killed"):
        return decided.outcome
    if decided.outcome == "failed" and decided is functional:
        return "assertion" if "assert" in decided.detail.lower() else "wrong_output"
    return _error_kind(decided)


def _error_kind(execution: Execution) -> str:
    """The kind of error by its type, or by the end of stderr where the type does not decide."""
    for text in (execution.detail[:500], execution.stderr[-4_000:]):
        for kind, pattern in _ERROR_KINDS:
            if re.search(pattern, text):
                return kind
    return "syntax" if "compile" in execution.detail else "runtime"


def pass_at_k(n: int, c: int, k: int) -> float:
    """Unbiased estimate of the chance that one of k samples passes, from n with c correct (arXiv:2107.03374, eq. 1)."""
    if not 0 < k <= n or not 0 <= c <= n:
        raise ValueError(f"pass@{k} needs at least {k} completions and at most {n} right; got n={n}, c={c}")
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)
