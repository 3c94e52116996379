"""Tests see a program through stand-ins as they would see it itself; the program sees nothing of the tests."""

import json
from dataclasses import replace
from functools import partial

import pytest

from src.sandbox.sandbox import Limits, Sandbox
from tests.sandbox.environment import ROOT, needs_sandbox
from tests.sandbox.live_objects import LIVE

pytestmark = needs_sandbox
PATIENT = Limits(wall_s=20, cpu_s=10)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(PATIENT, workers=2) as started:
        yield started


@pytest.fixture(scope="module")
def verdicts(sandbox):
    """Of the right and of the wrong program of each."""
    sources = [
        (live, source)
        for live in LIVE
        for source in (live.source, live.source.replace(live.right, live.wrong))
    ]
    executions = list(
        sandbox.map([partial(Sandbox.python, source=s, tests=live.tests) for live, s in sources])
    )
    return {live.name: pair for live, *pair in zip(LIVE, executions[::2], executions[1::2], strict=True)}


@pytest.mark.parametrize("live", LIVE, ids=lambda live: live.name)
def test_what_needs_live_objects_is_judged_on_its_merits(verdicts, live):
    right, wrong = verdicts[live.name]
    assert live.right in live.source
    assert right.outcome == "passed", right
    assert wrong.outcome in ("failed", "error"), wrong


def test_the_line_of_an_assert_is_that_of_the_tests_or_of_the_program(sandbox):
    program = "def f(x):\n    assert x > 0, 'positive'\n    return x\n"
    of_tests = sandbox.python(program, "y = f(1)\nassert y == 2\n")
    of_program = sandbox.python(program, "f(-1)\n")
    assert (of_tests.outcome, of_tests.detail) == ("failed", "assert y == 2")
    assert (of_program.outcome, of_program.detail) == ("failed", "assert x > 0, 'positive'")
    assert 'File "main.py", line 2, in f' in of_program.stderr
    assert 'File "<tests>", line 1' in of_program.stderr


def test_what_program_and_tests_print_is_kept(sandbox):
    execution = sandbox.python("print('loaded')\ndef f():\n    print('called')\n", "f()\nprint('tested')\n")
    assert execution.stdout.split() == ["loaded", "called", "tested"]


def test_a_builtin_is_the_programs_only_where_the_tests_mean_it(sandbox):
    program = "def sum(a, b):\n    return 42\ndef one():\n    return 1\n"
    assert sandbox.python(program, "assert sum(1, 2) == 42\n", shadowing=["sum"]).outcome == "passed"
    assert sandbox.python(program, "assert sum([one(), 2]) == 3\n").outcome == "passed"


def test_operators_are_given_data_only_where_the_class_is_part_of_the_task(sandbox):
    program = (
        "class V:\n    def __init__(self, x): self.x = x\n    def __mul__(self, n): return V(self.x * n)\n"
    )
    assert sandbox.python(program, "assert (V(2) * 3).x == 6\n", operators=["V.__mul__"]).outcome == "passed"
    assert sandbox.python(program, "assert (V(2) * 3).x == 6\n").detail == "TypeError"


def test_names_that_tests_and_program_share_are_two(sandbox):
    program = "import datetime\ndef f():\n    return datetime.date(2024, 1, 1)\n"
    tests = "from datetime import datetime, date\nassert f() == date(2024, 1, 1)\n"
    assert sandbox.python(program, tests).outcome == "passed"


def test_an_answer_of_many_values_is_quick(sandbox):
    program = "def f(n):\n    return [list(range(n)), {str(i): i for i in range(n)}]\n"
    execution = sandbox.python(
        program, "a, b = f(200_000)\nassert sum(a) == sum(b.values()) == 19999900000\n"
    )
    assert execution.outcome == "passed"
    assert execution.cpu_s < 5


def test_many_calls_are_quick(sandbox):
    execution = sandbox.python(
        "def f(x):\n    return x + 1\n", "for i in range(5_000):\n    assert f(i) == i + 1\n"
    )
    assert execution.outcome == "passed"
    assert execution.cpu_s < 5


def test_the_memory_of_both_counts(sandbox):
    limits = replace(PATIENT, memory_mib=300)
    program = "def f():\n    return bytearray(200 << 20)\nkept = f()\n"
    execution = sandbox.python(
        program, "mine = bytearray(b'x') * (200 << 20)\nimport time\ntime.sleep(5)\n", limits=limits
    )
    assert execution.outcome == "out_of_memory"


def test_the_document_says_what_was_measured_beside_tests_in_the_programs_process():
    found = json.loads((ROOT / "benchmarks/results/tests_apart.json").read_text())
    text = " ".join((ROOT / "docs/sandbox.md").read_text().split())
    assert f"On {found['completions']:,} completions made from HumanEval" in text
    assert f"None of the {found['kinds']['solution']} solutions is judged otherwise" in text
    assert [one["kind"] for one in found["differences"]] == ["mutant"] * 3
    assert "but for three, all of them mutants" in text
    speeds = found["programs_per_s"]
    assert f"it judged {speeds['apart']} programs per second instead of {speeds['before']}" in text
    assert f"the median batch took {found['median_ratio_of_times']} times as long" in text
