"""Tests take from an answer what it is asked for, and from the task all else that they use."""

import pytest

from src.evaluation.execution.definitions import own_tests
from src.evaluation.execution.judge import judge
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Sample
from tests.sandbox.environment import needs_sandbox

PROMPT = 'import math\n\ndef poly(xs, x):\n    return sum(c * math.pow(x, i) for i, c in enumerate(xs))\n\ndef root(xs):\n    """A zero of poly."""\n'


def sample(tests: str, reference: str = "    return 2\n", prefix: str = "") -> Sample:
    return Sample("a", "", "", reference, "", "python", tests, prefix)


def test_finished_functions_of_the_prompt_and_what_they_use_are_the_tests_own():
    found = own_tests(sample("assert abs(poly([-2, 1], root([-2, 1]))) < 1e-4\n", prefix=PROMPT))
    assert found.text.startswith("import math\ndef poly(xs, x):\n")
    assert found.text.endswith("\nassert abs(poly([-2, 1], root([-2, 1]))) < 1e-4\n")
    assert "def root" not in found.text


@pytest.mark.parametrize(
    ("reference", "added"),
    [
        ("import math\ndef f(): return 1\n", "import math\n"),
        ("from math import isclose as near\ndef near2(): pass\n", ""),  # not used
        ("import numpy as math\ndef f(): return 1\n", ""),  # not of the library
        ("from x import *\nimport os\ndef f(): return 1\n", ""),
        ("from math import *\ndef math(): return 1\n", ""),
        ("import math\ndef math(): return 1\n", ""),  # what is tested
        ("import math\nmath = math.floor\n", ""),
        ("def f(:", ""),
        ("from __future__ import annotations\ndef f(): return 1\n", ""),
    ],
)
def test_what_the_reference_imports_of_the_library_is_the_librarys(reference, added):
    tests = "assert math.isclose(f(), 1)\n"
    assert own_tests(sample(tests, reference)).text == added + tests


def test_classes_and_the_stub_stay_the_answers():
    prefix = "class Node:\n    pass\n\ndef helper():\n    return 1\n\ndef f(node):\n"
    tests = "assert f(Node()) == 1\n"
    assert own_tests(sample(tests, prefix=prefix)).text == tests


def test_builtins_and_operators_are_those_that_the_reference_defines():
    reference = "class V:\n    def __add__(self, o): return self\n    __radd__ = __add__\n    def plain(self): pass\ndef sum(x): return 1\ndef f(): pass\n"
    found = own_tests(sample("assert f()", reference))
    assert found.shadowing == ("sum",)
    assert found.operators == ("V.__add__", "V.__radd__")


def test_tests_that_do_not_parse_are_left_as_they_are():
    assert own_tests(sample("assert (", "import math\ndef f(): pass\n")).text == "assert ("


@needs_sandbox
def test_an_answer_does_not_decide_by_what_its_tests_take_from_the_task():
    by_prompt = sample("assert abs(poly([-2, 1], root([-2, 1]))) < 1e-4\n", prefix=PROMPT)
    by_import = sample("assert math.isclose(f(), 2)\n", "import math\ndef f(): return 2\n")
    liar = "class math:\n    isclose = staticmethod(lambda *a: True)\ndef f(): return 1\n"
    with Sandbox(Limits(wall_s=20, cpu_s=5), workers=1) as sandbox:
        verdicts = [
            judge(sandbox, *pair)
            for pair in (
                (by_prompt, "def poly(*a): return 0\ndef root(xs): return 1\n"),
                (by_prompt, "def root(xs): return -xs[0] / xs[1]\n"),
                (by_import, liar),
                (by_import, "def f(): return 2.0\n"),
            )
        ]
    assert [verdict and verdict.outcome for verdict in verdicts] == ["failed", "passed", "failed", "passed"]
