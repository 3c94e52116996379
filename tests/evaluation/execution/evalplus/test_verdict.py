"""A program is right where it returns what the reference returns on every input; what it does besides is no matter."""

import json

import pytest

from src.evaluation.benchmarks.calls import HUMANEVAL, calls_text
from src.evaluation.benchmarks.rows import to_example
from src.evaluation.execution.evalplus.verdict import judge_calls
from src.evaluation.execution.judge import judge
from src.evaluation.predictions import reference_sample
from src.sandbox.sandbox import Limits, Sandbox
from tests.evaluation.benchmarks.files import HUMANEVALPLUS, MBPPPLUS

REFERENCE = "def f(n):\n    return [n, n * 2]\n"
PLUS = [[5], [6], [7]]


def calls_of(base=((1,), (2,)), plus=PLUS, atol=0, name="f"):
    row = {"task_id": "HumanEval/900", "entry_point": name, "atol": atol}
    return calls_text(HUMANEVAL, row | {"base_input": list(map(list, base)), "plus_input": plus})


@pytest.fixture
def verdict(sandbox):
    def found(program, reference=REFERENCE, tests=None):
        execution = judge_calls(sandbox, tests or calls_of(), reference, program)
        return execution.base, execution.outcome

    return found


@pytest.mark.parametrize(
    ("program", "base", "outcome"),
    [
        (REFERENCE, "passed", "passed"),
        ("f = lambda n: [n, n + n]", "passed", "passed"),
        ("def f(n):\n    print('x' * 200_000)\n    return [n, n * 2]", "passed", "passed"),
        ("def f(n):\n    return [n, n * 2.0]", "passed", "passed"),  # 2.0 == 2
        ("def f(n):\n    return (n, n * 2)", "failed", "failed"),
        ("def f(n):\n    return [n, n * 2] if n < 6 else None", "passed", "failed"),
        ("def f(n):\n    return None", "failed", "failed"),
        ("def f(n):\n    return 1 / 0", "error", "error"),
        ("def f(n):\n    return [n, n * 2] if n < 6 else 1 / 0", "passed", "error"),
        ("def g(n):\n    return [n, n * 2]", "error", "error"),
        ("def f(n)\n    return [n, n * 2]", "error", "error"),
        ("def f(n):\n    while True: pass", "timeout", "timeout"),
        ("def f(n):\n    raise SystemExit(0)", "error", "error"),
        ("import os\nos._exit(0)", "failed", "failed"),
        ("def f(n):\n    import os\n    os._exit(0)", "failed", "failed"),
        # nothing that is said of a result makes it equal
        ("class Same:\n    __eq__ = lambda *_: True\ndef f(n):\n    return Same()", "failed", "failed"),
        ("class Same(list):\n    __eq__ = lambda *_: True\ndef f(n):\n    return Same()", "failed", "failed"),
        ("if __name__ == '__main__':\n    raise ValueError\n" + REFERENCE, "passed", "passed"),
    ],
)  # fmt: skip
def test_the_base_inputs_are_judged_first_and_the_others_only_where_these_pass(
    verdict, program, base, outcome
):
    assert verdict(program) == (base, outcome)


FORGED = """
import os, __main__
record = {"error": "", "results": [[1, 2], [2, 4]], "slowest_s": 0, "total_s": 0}
import json
os.write(1, ("\\n" + __main__.PLAN["marker"] + json.dumps(record) + "\\n").encode())
os._exit(0)
"""


def test_what_is_expected_is_not_in_the_process_of_the_answer(sandbox, verdict):
    """A program that writes a record of its own has to know the results, as one that returns them has."""
    assert verdict(FORGED)[0] == "passed"  # it knows the two base results, and no others
    assert verdict(FORGED)[1] == "failed"
    search = "import gc\nSECRET = [o for o in gc.get_objects() if isinstance(o, list) and o[:2] == [5, 10]]\ndef f(n):\n    return SECRET and [n, n * 2]"
    assert verdict(search) == ("failed", "failed")


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        '{"error": ""}',
        '{"error": "", "results": [1, 2, 3], "slowest_s": 0, "total_s": 0}',
        "[" * 100_000,
    ],
)
def test_a_broken_record_is_a_failure(verdict, broken):
    program = f"import os, __main__\nos.write(1, ('\\n' + __main__.PLAN['marker'] + {broken!r} + '\\n').encode())\nos._exit(0)"
    assert verdict(program) == ("failed", "failed")


LARGE = "def f(n):\n    return [x * {by} for x in range(n)]\n"


@pytest.mark.parametrize(
    ("by", "outcome"), [("2", "passed"), ("2.0", "passed"), ("2 if x < 9999 else -1", "failed")]
)
def test_a_large_result_is_compared_whole_where_its_digest_does_not_decide(verdict, by, outcome):
    tests = calls_of(base=[(10_000,)], plus=[[20_000]])
    assert verdict(LARGE.format(by=by), LARGE.format(by=2), tests)[1] == outcome
    sets = "def f(n):\n    return set({order}(range(n)))\n"
    assert verdict(sets.format(order="reversed"), sets.format(order=""), tests)[1] == "passed"


def test_large_floats_are_near_as_small_ones_are(verdict):
    tests = calls_of(base=[(3_000,)], plus=[])
    program = "def f(n):\n    return [x / 7 + {off} for x in range(n)]\n"
    assert verdict(program.format(off="1e-9"), program.format(off="0"), tests)[1] == "passed"
    assert verdict(program.format(off="1e-3"), program.format(off="0"), tests)[1] == "failed"


def test_a_reference_that_does_not_run_gives_no_verdict(verdict):
    assert verdict(REFERENCE, "def f(n):\n    return 1 / 0")[1] == "not_run"
    assert verdict(REFERENCE, "def g(n):\n    return 1")[1] == "not_run"


def test_a_package_that_is_missing_is_named(sandbox):
    sample = reference_sample(to_example("humanevalplus", HUMANEVALPLUS))
    found = judge(sandbox, sample, "import numpy\ndef twice(n):\n    return 2 * n\n")
    assert (found.outcome, found.lacks) == ("error", "numpy")


@pytest.mark.parametrize("name", ["humanevalplus", "mbppplus"])
def test_the_solution_of_a_task_passes_as_an_answer(sandbox, name):
    sample = reference_sample(to_example(name, HUMANEVALPLUS if name == "humanevalplus" else MBPPPLUS))
    found = judge(sandbox, sample, sample.reference)
    assert (found.base, found.outcome) == ("passed", "passed")
    wrong = judge(sandbox, sample, sample.reference.replace("2", "3"))
    assert (wrong.base, wrong.outcome) == ("failed", "failed")
    assert judge(sandbox, sample, "").outcome == "failed"


def test_without_a_sandbox_nothing_is_run(monkeypatch):
    monkeypatch.setattr("src.sandbox.sandbox.find_recipe", lambda: (None, "no bwrap here"))
    with Sandbox(Limits()) as closed:
        assert judge_calls(closed, calls_of(), REFERENCE, REFERENCE).outcome == "not_run"


def test_the_plan_that_is_sent_in_holds_no_result(monkeypatch, sandbox):
    sent = []
    original = type(sandbox).python
    monkeypatch.setattr(
        type(sandbox),
        "python",
        lambda self, source, **given: sent.append(source) or original(self, source, **given),
    )
    secret = "def f(n):\n    return [n, n * 123456]\n"
    judge_calls(sandbox, calls_of(), secret, REFERENCE)
    plans = [json.loads(eval(source.split("\n", 1)[0].removeprefix("PLAN_JSON = "))) for source in sent]  # noqa: S307
    assert [plan["program"] for plan in plans] == [secret, REFERENCE]
    assert "123456" not in json.dumps(plans[1])
