"""A function is run on a script's own inputs, where these can be found."""

import ast

import pytest

from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.scripts.cross_form import first_shown, script_inputs


@pytest.mark.parametrize(
    ("script", "names", "input", "inputs"),
    [
        ("seconds = 100\nh = seconds // 60", ["seconds"], "", [("100",)]),
        ("b = 2\na = 3\nprint(a - b)", ["a", "b"], "", [("3", "2"), ("2", "3")]),
        ("total = 0\nnums = [1, 2]", ["items"], "", [("[1, 2]",)]),
        ("for t in ['a', 'b']:\n    print(t)", ["times"], "", [("['a', 'b']",)]),
        ("print(1)", ["x"], "[3, 4]", [("[3, 4]",)]),
        ("print(1)", [], "", [()]),
        ("print(1)", ["x"], "", []),
    ],
)
def test_inputs_are_a_scripts_literals_by_name_or_in_order(script, names, input, inputs):
    assert script_inputs(ast.parse(script), names, input) == inputs


def called(value=None, stdout="", error=""):
    return {"value": value or ["n"], "error": error, "stdout": stdout, "marked": "", "changed": None}


def script(stdout="", last=None):
    return {"module": {"stdout": stdout, "marked": "", "last": last or ["n"]}}


@pytest.mark.parametrize(
    ("results", "ran", "shown"),
    [
        ([called(["i", "0x5"])], script("5\n"), True),
        ([called(["i", "0x6"]), called(["i", "0x5"])], script("5\n"), True),
        ([called(["i", "0x5"])], script(last=["i", "0x5"]), True),
        ([called(stdout="5\n")], script("5\n"), True),
        ([called() | {"changed": [["l", [["i", "0x1"], ["i", "0x2"]]]]}], script("[1, 2]\n"), True),
        ([called() | {"changed": [["l", [["i", "0x1"], ["i", "0x2"]]]]}], script("[2, 1]\n"), False),
        ([called(["i", "0x6"])], script("5\n"), False),
        ([called(error="TypeError")], script(""), False),
        ([called()], script(""), False),
        ([], script("5\n"), False),
    ],
)
def test_a_script_shows_what_a_call_gave_or_printed(results, ran, shown):
    assert first_shown(Rules(), [("6",)] * len(results), results, ran) is shown
