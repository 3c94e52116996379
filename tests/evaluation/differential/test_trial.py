"""An answer is run beside its reference, with what the sample gives, or with other files and input."""

import pytest

from src.evaluation.differential.reference import reference_behaviour
from src.evaluation.differential.trial import Trial
from src.languages.syntax import parse_python
from src.sandbox.sandbox import unavailable_reason
from src.schema import Sample

pytestmark = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))

REFERENCE = "def lines(name):\n    return len(open(name).readlines())"


def trial(sandbox, code, reference=REFERENCE, input=""):
    sample = Sample("1", "Count the lines of a file.", input, reference, "", "python")
    return Trial(sandbox, sample, code, parse_python(code), reference_behaviour(sandbox, sample))


def test_a_program_finds_the_files_of_the_reference_or_those_that_are_given(sandbox):
    made = trial(sandbox, REFERENCE)
    calls = [("lines", ("'first.txt'",))]
    _, first = made.run(made.code, calls)
    _, other = made.run(made.code, calls, files={"first.txt": "a\n"})
    assert first["calls"][0]["value"] == ["i", hex(made.behaviour.inputs.files["first.txt"].count("\n"))]
    assert other["calls"][0]["value"] == ["i", "0x1"]


def test_functions_are_called_by_the_names_that_they_have_in_the_answer(sandbox):
    made = trial(sandbox, "def count(path):\n    return len(open(path).readlines())")
    _, record = made.run(made.code, [("lines", ("'first.txt'",))], {"lines": "count"})
    assert record["calls"][0]["error"] == ""
    assert made.reference_tree.body[0].name == "lines"


def test_the_input_is_typed_in_and_may_be_another(sandbox):
    made = trial(sandbox, "print(int(input()) + 1)", "def more(n):\n    return n + 1", "41")
    assert made.run(made.code)[1]["module"]["stdout"] == "42\n"
    assert made.run(made.code, stdin="7\n")[1]["module"]["stdout"] == "8\n"
