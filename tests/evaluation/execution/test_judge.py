"""Tests decide what is right, whatever the shape of the answer; errors fall into kinds."""

import dataclasses
import json
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from src.evaluation.benchmarks.catalog import load_benchmark
from src.evaluation.execution.judge import classify, execute, judge, pass_at_k, whole_program
from src.evaluation.extraction.extract import extract
from src.metrics.table import passed
from src.sandbox.sandbox import Limits, Sandbox, unavailable_reason
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


def task(**changes):
    fields = {"reference": BODY, "language": "python", "tests": CHECK, "prefix": PROMPT}
    return Sample("1", PROMPT, "", prediction="", **{**fields, **changes})


@pytest.mark.parametrize("shape", ANSWERS)
def test_every_shape_of_a_right_answer_passes(sandbox, shape):
    code = extract(ANSWERS[shape], "python").code
    assert judge(sandbox, task(), code).outcome == "passed"


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


def test_stop_sequences_cut_continuations_and_never_programs():
    program = "def f():\n    return 1\n\nclass A:\n    pass\n\nif f():\n    print(A)\n"
    assert whole_program(task(prefix=""), program) == program
    assert whole_program(task(), BODY + "\nif True:\n    pass\n") == PROMPT + BODY


def test_asserts_alone_decide_a_sample_with_no_prefix(sandbox):
    sample = task(prefix="", tests="assert total([1]) == 1\n")
    assert judge(sandbox, sample, "def total(numbers):\n    return sum(numbers)").outcome == "passed"
    assert judge(sandbox, sample, "def total(numbers):\n    return 0").outcome == "failed"


def test_nothing_is_said_of_other_languages(sandbox):
    assert judge(sandbox, task(language="java", tests="", prefix=""), "int x = 1;") is None
    assert judge(sandbox, task(language="", tests="", prefix=""), "words") is None


def test_names_from_the_input_are_defined_where_the_program_needs_them(sandbox):
    sample = Sample("1", "Print the sum", "nums = [1, 2]", "print(sum(nums))", "", "python")
    assert execute(sandbox, sample, "print(sum(nums))").outcome == "passed"
    assert execute(sandbox, sample, "print(sum(values))").outcome == "error"


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
    sandbox = SimpleNamespace(not_run=None)
    assert execute(sandbox, task(language="csharp"), "x").outcome == "not_run"
    assert execute(sandbox, task(language=""), "x").outcome == "not_run"


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
        (Execution("not_run", "fragment: cannot find symbol", lacks="fragment"), None, "fragment"),
        (
            Execution("not_run", "no numpy", lacks="numpy"),
            Execution("not_run", "no numpy", lacks="numpy"),
            "missing",
        ),
        (Execution("passed"), Execution("error", "ModuleNotFoundError", lacks="numpy"), "missing"),
    ],
)
def test_errors_fall_into_kinds(execution, functional, kind):
    assert classify(execution, functional, (), "code") == kind


REFERENCE = "def first(values):\n    return values[0]\n\nprint(first([4, 2]))\n"
ERRORS = {  # what an answer to REFERENCE gets wrong -> the answer
    "": REFERENCE,
    "syntax": "def first(values)\n    return values[0]",
    "name": REFERENCE + "print(undefined)",
    "type": REFERENCE + "len(3)",
    "index": REFERENCE + "first([])",
    "import": "import no_such_package_at_all\n" + REFERENCE,
    "assertion": REFERENCE + "assert first([1]) == 2",
    "wrong_output": REFERENCE.replace("[0]", "[-1]"),
    "timeout": REFERENCE + "while True:\n    pass",
    "memory": REFERENCE + "x = bytearray(1 << 40)",
    "output_limit": REFERENCE + "print('x' * 10_000_000)",
    "runtime": REFERENCE + "raise ValueError('no')",
    "no_code": "",
}


@pytest.fixture(scope="module")
def hasty():
    """A sandbox that soon ends what does not end by itself."""
    with Sandbox(Limits(cpu_s=1, wall_s=6), workers=1) as started:
        yield started


@needs_sandbox
@pytest.mark.parametrize("kind", ERRORS)
def test_each_error_of_an_answer_is_named(hasty, kind):
    sample, code = Sample("1", "Give the first value", "", REFERENCE, "", "python"), ERRORS[kind]
    execution, verdict = execute(hasty, sample, code), judge(hasty, sample, code)
    assert classify(execution, verdict, (), code) == kind
    assert (verdict.outcome == "passed") is (
        kind in ("", "output_limit")
    )  # what is printed beside decides nothing


MBPP_FULL = {
    "task_id": 11,
    "text": "Write a function that doubles a number.",
    "code": "def twice(n):\r\n    return 2 * n\r\n",
    "test_list": ["assert twice(2) == 4", "assert twice(half) == 1"],
    "test_setup_code": "half = 0.5",
}
MBPP_SANITIZED = {
    "task_id": 12,
    "prompt": "Write a function that takes the square root of a number.",
    "code": "import math\ndef root(n):\n    return math.sqrt(n)",
    "test_list": ["assert math.isclose(root(4), 2)"],
    "test_imports": ["import math"],
}


@pytest.mark.parametrize("row", [MBPP_FULL, MBPP_SANITIZED])
def test_mbpp_is_judged_by_its_asserts_whatever_the_shape_of_the_answer(sandbox, tmp_path, row):
    path = tmp_path / "mbpp.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (example,) = load_benchmark("mbpp", str(path))
    sample = task(reference=example.output, tests=example.tests, prefix="")
    for answer in (example.output, f"Here:\n```python\n{example.output}```\nThat is all."):
        assert judge(sandbox, sample, extract(answer, "python").code).outcome == "passed"
    wrong = example.output.replace("return ", "return 1 + ")
    verdict = judge(sandbox, sample, wrong)
    assert (verdict.outcome, classify(Execution("passed"), verdict, (), wrong)) == ("failed", "assertion")


def test_what_is_not_code_is_called_so():
    assert classify(Execution("error", "no code"), None, ("no_code",), "") == "no_code"


def test_pass_at_k_is_the_formula_of_the_paper():
    for n in (1, 5, 20, 200):
        for c in {0, 1, n // 3, n - 1, n}:
            for k in {1, n // 2 or 1, n}:
                product = 1.0 if n - c < k else 1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1))
                assert pass_at_k(n, c, k) == pytest.approx(float(product), abs=1e-12)


def test_pass_at_k_is_the_share_of_subsets_with_a_correct_completion():
    for n in range(1, 9):
        for c in range(n + 1):
            for k in range(1, n + 1):
                subsets = list(combinations(range(n), k))  # completions 0 to c - 1 are correct
                share = sum(min(subset) < c for subset in subsets) / len(subsets)
                assert pass_at_k(n, c, k) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(("n", "c", "k"), [(1, 0, 2), (0, 0, 1), (3, 4, 1), (3, 1, 0), (3, -1, 1)])
def test_pass_at_k_refuses_what_has_no_meaning(n, c, k):
    with pytest.raises(ValueError, match="pass@"):
        pass_at_k(n, c, k)


@pytest.mark.parametrize(
    ("language", "code", "outcome", "detail"),
    [
        ("python", "def f(x):\n    return x\n", "passed", "defines only"),
        ("python", "def f(x):\n    return x\nf(1)\n", "passed", ""),
        ("python", "def f(x):\n    return x\nf()\n", "error", "TypeError"),
        ("javascript", "const f = x => x;\nfunction g() {}\n", "passed", "defines only"),
        ("javascript", "console.log(1)\n", "passed", ""),
        ("c", "int f(int a) { return a; }", "passed", "defines only"),
    ],
)
def test_programs_that_only_define_are_counted_apart(sandbox, language, code, outcome, detail):
    execution = execute(sandbox, Sample("1", "", "", "", "", language), code)
    assert execution.outcome == outcome
    assert execution.detail.startswith(detail) if detail else execution.detail == ""


def test_a_package_that_this_machine_lacks_is_missing_and_a_made_up_one_is_an_error(sandbox):
    sample = Sample("1", "", "", "print(1)", "", "python")
    known, made_up = "import tensorflow\nprint(1)", "import no_such_package_at_all\nprint(1)"
    assert execute(sandbox, sample, known).detail == "no tensorflow"
    assert judge(sandbox, sample, known).outcome == "not_run"
    assert judge(sandbox, sample, known).lacks == execute(sandbox, sample, known).lacks == "tensorflow"
    assert classify(execute(sandbox, sample, known), judge(sandbox, sample, known), (), known) == "missing"
    assert execute(sandbox, sample, made_up).outcome == "error"
    assert judge(sandbox, sample, made_up).outcome == "error"


def test_with_tests_an_answer_that_needs_a_package_that_is_not_there_has_failed(sandbox):
    for code in (f"import tensorflow\n{PROMPT}{BODY}", f"{PROMPT}    import tensorflow\n{BODY}"):
        verdict = judge(sandbox, task(), code)
        assert (verdict.outcome, verdict.lacks) == ("error", "tensorflow")


@pytest.mark.parametrize(
    "guard",
    [
        "if __name__ == '__main__':",
        'if "__main__" == __name__:',
        "if (__name__ == '__main__'):",
        "if __name__ in ('__main__',):",
        "if __name__ == '__main__' and True:",
        "if not __name__ != '__main__':",
        "if __name__.strip('_') == 'main' and '_' in __name__:",
        "main = '__main__'\nif __name__ == main:",
        "if globals()['__name__'] == '__main__':",
    ],
)
def test_tests_do_not_start_the_main_part_of_an_answer(sandbox, guard):
    code = f"{PROMPT}{BODY}\n\n{guard}\n    print(total([int(input())]))\n"
    assert judge(sandbox, task(), code).outcome == "passed"
    assert execute(sandbox, task(), code).detail == "EOFError"  # alone, it does start


def test_a_main_guard_in_a_string_stays_as_it_is(sandbox):
    code = 'TEXT = """\nif __name__ == "__main__":\n    main()\n"""\n\ndef total(numbers):\n    return TEXT\n'
    sample = task(prefix="", tests="assert 'if __name__ ==' in total([])\n")
    assert judge(sandbox, sample, code).outcome == "passed"


def test_beside_tests_a_program_is_a_module_that_can_be_looked_up(sandbox):
    code = (
        "import dataclasses, pickle, sys, typing\n\n@dataclasses.dataclass\nclass Pair:\n    a: 'int'\n\n"
        "def total(numbers):\n    assert typing.get_type_hints(Pair) == {'a': int}\n"
        "    assert sys.modules[__name__].Pair is Pair\n"
        "    return sum(pickle.loads(pickle.dumps(Pair(n))).a for n in numbers)\n"
    )
    assert judge(sandbox, task(prefix=""), code).outcome == "passed"


@pytest.mark.parametrize("code", [PROMPT + BODY, "x = 1\n" + PROMPT + BODY])
def test_imports_from_the_future_may_follow_a_prompt(sandbox, code):
    future = "from __future__ import annotations\n"
    assert judge(sandbox, task(), future + code).outcome == "passed"
    assert judge(sandbox, task(prefix=future + PROMPT), future + code).outcome == "passed"
    assert (
        execute(sandbox, dataclasses.replace(task(prefix=""), input="y = 2"), f"{future}print(y)").outcome
        == "passed"
    )


READING = "n = int(input('How many? '))\nprint(n * 2)"


@pytest.mark.parametrize(
    ("input", "code", "outcome", "detail"),
    [
        ("21", READING, "passed", ""),
        ("21", "print(int(input()) + undefined)", "error", "NameError"),
        ("21", "input()\ninput()", "error", "EOFError"),
        ("", READING, "not_run", "reads input, and the sample has none"),
        ("", "print(1)", "not_run", "reads input, and the sample has none"),
        ("Any number will do.", READING, "not_run", "its reference does not run on the sample's input"),
    ],
)
def test_a_task_that_reads_input_gets_the_samples_or_no_verdict(sandbox, input, code, outcome, detail):
    sample = Sample("1", "Double a number.", input, READING, code, "python")
    found = execute(sandbox, sample, code)
    assert (found.outcome, found.detail, found.lacks) == (outcome, detail, "")


def test_an_answer_cannot_take_itself_out_of_the_count_by_reading(sandbox):
    sample = Sample("1", "Print 4.", "", "print(4)", "", "python")
    assert execute(sandbox, sample, "print(input())").outcome == "error"


def test_where_nothing_can_be_run_no_answer_is_judged():
    refused = Execution("not_run", "needs Linux (WSL2, Docker)")
    sandbox = SimpleNamespace(not_run=refused)
    for code in ("", "print(1)"):
        assert execute(sandbox, task(tests="assert True"), code) == refused
        assert judge(sandbox, task(tests="assert True"), code) == refused


@needs_sandbox
@pytest.mark.parametrize("code", ["pass", "x = 1", "add = None", "lambda a, b: a + b", "import os"])
def test_no_form_of_an_answer_leaves_the_count_where_the_reference_decides(sandbox, code):
    sample = Sample("1", "Sum two.", "", "def add(a, b):\n    return a + b", code, "python")
    verdict = judge(sandbox, sample, code)
    assert passed(verdict.outcome, verdict.lacks) == 0
    undecided = dataclasses.replace(sample, reference="import random\nprint(random.random())")
    assert judge(sandbox, undecided, code) is None
