"""Tests decide what is right, whatever the shape of the answer; errors fall into kinds."""

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from src.evaluation.benchmarks import load_benchmark
from src.evaluation.extraction import extract
from src.evaluation.functional import classify, defines_only, execute, judge, pass_at_k, whole_program
from src.evaluation.sandbox import Sandbox, unavailable_reason
from src.schema import Execution, Sample

needs_sandbox = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))

PROMPT = 'from typing import List\n\n\ndef total(numbers: List[int]) -> int:\n    """Add them up."""\n'
BODY = "    result = 0\n    for n in numbers:\n        result += n\n    return result\n"
CHECK = "def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert candidate([]) == 0\n\ncheck(total)\n"
ANSWERS = {
    "the body": BODY,
    "the body, then more": BODY + "\n\ndef other():\n    broken(\n\nprint(total)",
    "the whole function": PROMPT + BODY,
    "the whole function without its import": (PROMPT + BODY).split("\n\n\n")[1],
    "a fence around the whole": f"Sure:\n```python\n{PROMPT}{BODY}```\nDone.",
    "a fence around the body": f"```python\n{BODY}```",
    "a body at the left edge": "result = 0\nfor n in numbers:\n    result += n\nreturn result",
    "another turn after it": BODY + "\n### Instruction:\nWrite more",
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2) as started:
        yield started


def task(**changes):
    fields = {"reference": BODY, "language": "python", "tests": CHECK, "prefix": PROMPT}
    return Sample("1", PROMPT, "", prediction="", **{**fields, **changes})


@needs_sandbox
@pytest.mark.parametrize("shape", ANSWERS)
def test_every_shape_of_a_right_answer_passes(sandbox, shape):
    code = extract(ANSWERS[shape], "python").code
    assert judge(sandbox, task(), code).outcome == "passed"


@needs_sandbox
@pytest.mark.parametrize(
    "answer",
    [
        "    return 0\n",
        "    return None\n",
        "",
        "I do not know.",
        "    return undefined\n",
        "    return (\n",
        PROMPT,
    ],
)
def test_wrong_answers_do_not_pass(sandbox, answer):
    code = extract(answer, "python").code
    assert judge(sandbox, task(), code).outcome in ("failed", "error")


@needs_sandbox
def test_canonical_solutions_of_humaneval_score_1_and_broken_ones_0(sandbox, tmp_path):
    path = os.environ.get("HUMANEVAL_PATH")
    if path is None:
        row = {
            "task_id": "HumanEval/900",
            "prompt": PROMPT,
            "entry_point": "total",
            "canonical_solution": BODY,
        }
        path = str(tmp_path / "mini.jsonl")
        test = CHECK.replace("check(total)\n", "")
        Path(path).write_text(json.dumps({**row, "test": test}) + "\n")
    examples = load_benchmark("humaneval", path)
    samples = [task(reference=e.output, tests=e.tests, prefix=e.prefix) for e in examples]
    assert samples
    for code, expected in (("", 1.0), ("    return None\n", 0.0), ("    raise SystemExit(1)\n", 0.0)):
        jobs = [partial(judge, sample=sample, code=code or sample.reference) for sample in samples]
        outcomes = [execution.outcome for execution in sandbox.map(jobs)]
        assert outcomes.count("passed") / len(outcomes) == expected


def test_stop_words_cut_continuations_and_never_programs():
    program = "def f():\n    return 1\n\nclass A:\n    pass\n\nif f():\n    print(A)\n"
    assert whole_program(task(prefix=""), program) == program
    assert whole_program(task(), BODY + "\nif True:\n    pass\n") == PROMPT + BODY.rstrip("\n") + "\n"[:0]


@needs_sandbox
def test_asserts_alone_decide_a_sample_with_no_prefix(sandbox):
    sample = task(prefix="", tests="assert total([1]) == 1\n")
    assert judge(sandbox, sample, "def total(numbers):\n    return sum(numbers)").outcome == "passed"
    assert judge(sandbox, sample, "def total(numbers):\n    return 0").outcome == "failed"


@needs_sandbox
def test_nothing_is_said_of_other_languages(sandbox):
    assert judge(sandbox, task(language="java", tests="", prefix=""), "int x = 1;") is None
    assert judge(sandbox, task(language="", tests="", prefix=""), "words") is None


@needs_sandbox
def test_names_from_the_input_are_defined_where_the_program_needs_them(sandbox):
    sample = Sample("1", "Print the sum", "nums = [1, 2]", "print(sum(nums))", "", "python")
    assert execute(sandbox, sample, "print(sum(nums))").outcome == "passed"
    assert execute(sandbox, sample, "print(sum(values))").outcome == "error"


@needs_sandbox
@pytest.mark.parametrize(
    "code",
    ["", "\0\1\2", "x = " + "[" * 10_000, "x = 1\n" * 1_700_000, "The answer is that it depends.", "\ud800"],
    ids=["empty", "binary", "deep", "huge", "prose", "surrogate"],
)
def test_bad_predictions_get_an_outcome_each(sandbox, code):
    sample = Sample("1", "Print one", "", "print(1)", "", "python")
    for answer in (extract(code, "python").code, code):
        execution, verdict = execute(sandbox, sample, answer), judge(sandbox, sample, answer)
        assert execution.outcome != "not_run"
        assert verdict.outcome != "passed"
        assert classify(execution, verdict, (), answer)


def test_a_language_that_cannot_be_run_is_not_failed():
    assert execute(None, task(language="csharp"), "x").outcome == "not_run"
    assert execute(None, task(language=""), "x").outcome == "not_run"


@pytest.mark.parametrize(
    ("execution", "functional", "kind"),
    [
        (Execution("passed"), Execution("passed"), ""),
        (Execution("passed"), None, ""),
        (Execution("not_run", "no javac"), None, ""),
        (Execution("error", "SyntaxError"), None, "syntax"),
        (Execution("error", "IndentationError: x"), None, "syntax"),
        (Execution("error", "NameError: name 'x' is not defined"), None, "name"),
        (Execution("error", "AttributeError"), None, "type"),
        (Execution("error", "IndexError"), None, "index"),
        (Execution("error", "KeyError"), None, "index"),
        (Execution("error", "ModuleNotFoundError"), None, "import"),
        (Execution("error", "ValueError"), None, "runtime"),
        (Execution("failed", "AssertionError"), None, "assertion"),
        (Execution("timeout"), None, "timeout"),
        (Execution("out_of_memory"), None, "memory"),
        (Execution("output_limit"), None, "output_limit"),
        (Execution("passed"), Execution("failed", "assert f(1) == 2"), "assertion"),
        (Execution("passed"), Execution("failed", "prints something else"), "wrong_output"),
        (Execution("passed"), Execution("error", "TypeError"), "type"),
        (Execution("error", "exit 1", stderr="ReferenceError: y is not defined"), None, "name"),
        (Execution("error", "compile: 1", stderr="a.c:1: error: 'y' undeclared"), None, "name"),
        (Execution("error", "compile: 1", stderr="Main.java:3: error: ';' expected"), None, "syntax"),
        (Execution("error", "exit 127", stderr="main.sh: line 1: foo: command not found"), None, "name"),
        (Execution("not_run", "fragment: cannot find symbol"), None, "fragment"),
    ],
)
def test_errors_fall_into_kinds(execution, functional, kind):
    assert classify(execution, functional, (), "code") == kind


def test_what_is_not_code_is_called_so():
    assert classify(Execution("error", "no code"), None, ("no_code",), "") == "no_code"


def test_pass_at_k_is_the_formula_of_the_paper():
    for n in (1, 5, 20, 200):
        for c in {0, 1, n // 3, n - 1, n}:
            for k in {1, n // 2 or 1, n}:
                product = 1.0 if n - c < k else 1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1))
                assert pass_at_k(n, c, k) == pytest.approx(float(product), abs=1e-12)


@pytest.mark.parametrize(("n", "c", "k"), [(1, 0, 2), (0, 0, 1), (3, 4, 1), (3, 1, 0), (3, -1, 1)])
def test_pass_at_k_refuses_what_has_no_meaning(n, c, k):
    with pytest.raises(ValueError, match="pass@"):
        pass_at_k(n, c, k)


def test_programs_that_only_define_are_known():
    assert defines_only("python", 'import os\n"""Text."""\ndef f():\n    pass\nclass A:\n    pass\n')
    assert not defines_only("python", "def f():\n    pass\nf()\n")
    assert not defines_only("python", "")
    assert not defines_only("java", "class A {}")
