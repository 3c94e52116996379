"""A script is right where it shows the reference's results on all calls that it is typed, in one way of typing."""

import ast
import contextlib
import io

import pytest

from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.inside.description import describe
from src.evaluation.differential.scripts.typed_calls import on_typed_calls
from src.schema import Execution

LISTS = [[3, 1, 2], [5, 5], [-4, 10, 1, 0], [20, 7], [9]]


def typed(script, function, given, rules=None):
    """None where the script takes nothing, else the call on which it shows something else."""

    def run(text):
        lines = iter(text.splitlines())
        output, error = io.StringIO(), ""

        def read(prompt=""):
            line = next(lines, None)
            if line is None:
                raise EOFError
            return line

        try:
            with contextlib.redirect_stdout(output):
                exec(script, {"input": read})
        except Exception as raised:
            error = type(raised).__name__
        shown = {"error": error, "message": "", "stdout": output.getvalue(), "marked": "", "last": ["n"]}
        return Execution("passed"), {"module": shown}

    calls = [("f", tuple(map(repr, arguments))) for arguments in given]
    results = [
        {"value": describe(function(*arguments)), "error": "", "stdout": "", "marked": "", "changed": None}
        for arguments in given
    ]
    found = on_typed_calls(rules or Rules(), ast.parse(script), calls, results, run)
    return None if found is None else found.difference


@pytest.mark.parametrize(
    "reading",
    [
        "x = [int(s) for s in input('Numbers: ').split()]",
        "x = list(map(int, input().split(',')))",
        "x = [int(input()) for _ in range(int(input('How many? ')))]",
        "n = int(input())\nx = list(map(int, input().split()))[:n]",
        "x = []\nwhile (s := input('Next: ')) != 'done':\n    x.append(int(s))",
        "x = []\nwhile s := input():\n    x.append(int(s))",
        "x = []\ntry:\n    while True:\n        x.append(int(input()))\nexcept EOFError:\n    pass",
        "x = eval(input())",
    ],
)
def test_however_a_list_is_read_the_formula_decides(reading):
    given = [(numbers,) for numbers in LISTS]
    assert typed(f"{reading}\nprint('Sum:', sum(x))", sum, given) == ""
    for wrong in ("sum(x) + 1", "sum(set(x))", "sum(x[1:])", "sum(map(abs, x))", "max(x)"):
        assert typed(f"{reading}\nprint('Sum:', {wrong})", sum, given) != ""


def test_a_script_that_shows_some_results_is_wrong_and_one_that_reads_nothing_is_not_judged():
    given = [(n,) for n in (4, 9, 10, -3, 0)]
    assert typed("n = int(input())\nprint(n * 2 if n > 0 else n)", lambda n: 2 * n, given).startswith(
        "typed in f(-3)"
    )
    assert typed("n = int(input())\nprint(2 * n // (n + 3))", lambda n: 2 * n, given) is None
    assert typed("d = input().split('/')\nprint(int(d[2]))", lambda n: 2 * n, given) is None


def test_results_that_nothing_prints_are_not_asked_for():
    given = [(2, 3), (10, 20_000), (3, 2), (5, 5)]
    assert typed("b, e = map(int, input().split())\nprint(b ** e)", pow, given) == ""
    assert typed("b, e = map(int, input().split())\nprint(e ** b)", pow, given) != ""


def test_a_yes_or_no_may_be_typed_out_in_words_that_mean_it():
    given = [(text,) for text in ("abc", "a1", "Oslo", "42", "tree!")]
    code = "w = input()\nprint('Only letters' if w.isalpha() else 'Something else than letters')"
    assert typed(code, str.isalpha, given) == ""
    assert typed(code.replace("w.isalpha()", "not w.isalpha()"), str.isalpha, given) != ""
    assert typed(code.replace("isalpha", "isalnum"), str.isalpha, given) != ""


def test_a_way_that_fits_few_calls_decides_nothing():
    given = [
        (numbers,)
        for numbers in ([1, 2], [10, 20], [30, 41], [50, 6], [70, 80], [3, 4], [55, 5], [61, 7], [88, 9])
    ]
    assert typed("print(sum(int(sign) for sign in input()))", sum, given) != ""


def test_what_a_script_repeats_of_its_input_and_rounds_is_free():
    given = [(n,) for n in (75, -36, 7, 100)]
    code = "f = float(input())\nprint(f'{f} F = {(f - 32) * 5 / 9:.2f} C')"
    assert typed(code, lambda f: (f - 32) * 5 / 9, given) == ""
    assert typed(code.replace("- 32", "- 31.9"), lambda f: (f - 32) * 5 / 9, given) != ""
