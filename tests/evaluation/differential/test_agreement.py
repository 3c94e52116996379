"""What a task holds an answer to is read from its instruction and its reference."""

import ast

import pytest

from src.evaluation.differential.agreement import Rules, call_difference, rules_of, script_difference


def result(value=None, error="", stdout="", changed=None):
    return {"value": value or ["n"], "error": error, "stdout": stdout, "marked": "", "changed": changed}


def difference(expected, actual, **rules):
    return call_difference(Rules(**rules), [("f", ("1",))], {"calls": [expected]}, {"calls": [actual]})


FIVE, SIX = ["i", "0x5"], ["i", "0x6"]


@pytest.mark.parametrize(
    ("expected", "actual", "rules"),
    [
        (result(FIVE), result(FIVE, stdout="noise"), {}),
        (result(FIVE, changed=[["l", []]]), result(FIVE), {}),
        (result(FIVE), result(FIVE, changed=[["l", []]]), {}),
        (result(FIVE), result(stdout="5\n"), {}),  # prints what it should return
        (result(stdout="5\n"), result(FIVE), {}),  # returns what it should print
        (result(["l", [FIVE]]), result(["t", [FIVE]]), {}),
        (result(["S", [FIVE]]), result(["l", [FIVE]]), {}),
        (result(["f", "2.5"]), result(["f", "2.4612"]), {"rounded": True}),
        (result(error="ValueError"), result(error="MyError"), {}),
        (result(error="timeout"), result(FIVE), {}),
        (
            result(["l", [FIVE]]),
            result(changed=[["l", [FIVE]]]),
            {},
        ),  # changes the list in place of returning one
    ],
)
def test_a_teacher_would_accept(expected, actual, rules):
    assert difference(expected, actual, **rules) == ""


@pytest.mark.parametrize(
    ("expected", "actual", "rules"),
    [
        (result(FIVE), result(SIX), {}),
        (result(FIVE), result(stdout="5\n"), {"must_return": True}),
        (result(stdout="5\n"), result(FIVE), {"must_print": True}),
        (result(FIVE), result(FIVE, changed=[["l", []]]), {"must_not_change": True}),
        (result(changed=[["l", []]]), result(), {}),
        (result(["f", "2.5"]), result(["f", "2.4612"]), {}),
        (result(["f", "2.5"]), result(["f", "2.62"]), {"rounded": True}),
        (result(error="ValueError"), result(error="MyError"), {"error_names": "raises ValueError"}),
        (result(error="ValueError"), result(error="timeout"), {}),
        (result(FIVE), result(error="TypeError"), {}),
        (result(error="ValueError"), result(FIVE), {}),
        (result(["u"]), result(["u"]), {}),
        (result(["l", [["u"]]]), result(["l", [["u"]]]), {}),
    ],
)
def test_a_teacher_would_not_accept(expected, actual, rules):
    assert difference(expected, actual, **rules).startswith("f(1): ")


@pytest.mark.parametrize(
    ("instruction", "source", "rules"),
    [
        ("Print the sum.", "", {"must_print": True}),
        ("It returns a new list.", "", {"must_return": True, "must_not_change": True}),
        ("The original must not change.", "", {"must_not_change": True}),
        ("Average", "def f(x):\n    return round(x, 2)", {"rounded": True}),
        ("Average, rounded to two decimals", "def f(x):\n    return round(x, 2)", {}),
        ("", "def f(x):\n    return list(set(x))", {"ordered": False}),
    ],
)
def test_rules_are_read_from_the_task(instruction, source, rules):
    assert rules_of(instruction, ast.parse(source)) == Rules(**rules)


def test_an_answer_that_makes_lists_from_sets_is_free_in_their_order_unless_the_task_speaks_of_order():
    answer = ast.parse("def f(a, b):\n    return list(set(a) - set(b))")
    assert not Rules().for_answer(answer, "What of a is not in b?").ordered
    assert Rules().for_answer(answer, "In the order of a, what is not in b?").ordered
    assert Rules().for_answer(ast.parse("def f(a):\n    return a"), "").ordered


def script(stdout="", last=None, files=None):
    module = {"error": "", "message": "", "stdout": stdout, "marked": "", "last": last or ["n"]}
    return {"module": module, "files": files or {}}


@pytest.mark.parametrize(
    ("by_last_value", "expected", "actual", "rules", "same"),
    [
        (True, script(last=FIVE), script(last=FIVE), {}, True),
        (True, script(last=FIVE), script(stdout="5\n"), {}, True),
        (True, script(last=FIVE), script(stdout="6\n"), {}, False),
        (True, script(last=FIVE), script(last=SIX), {}, False),
        (False, script(stdout="5\n"), script(last=FIVE), {}, True),
        (False, script(stdout="5\n"), script(last=FIVE), {"must_print": True}, False),
        (False, script(stdout="5\n"), script(last=SIX), {}, False),
        (False, script(files={"a": "1"}), script(files={"a": "2"}), {}, False),
    ],
)
def test_a_script_may_print_or_assign_its_result(by_last_value, expected, actual, rules, same):
    assert (script_difference(Rules(**rules), by_last_value, expected, actual) == "") is same
