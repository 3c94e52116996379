"""What one program did is held against what another did as a teacher would."""

import pytest

from src.evaluation.differential.equivalence.agreement import call_difference, script_difference
from src.evaluation.differential.equivalence.rules import Rules


def result(value=None, error="", stdout="", changed=None):
    return {"value": value or ["n"], "error": error, "stdout": stdout, "marked": "", "changed": changed}


def difference(expected, actual, arguments=("1",), **rules):
    return call_difference(Rules(**rules), [("f", arguments)], {"calls": [expected]}, {"calls": [actual]})


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


SORTED, TEXT = ["l", [FIVE, SIX]], ["s", "7 apples"]
PUT = frozenset({"put"})


@pytest.mark.parametrize(
    ("expected", "actual", "arguments"),
    [
        (result(SORTED), result(), ("[5, 6]",)),  # it was in order, so that sorting in place changes nothing
        (result(changed=[SORTED]), result(SORTED), ("[6, 5]",)),  # a copy in place of a change
        (result(["s", ""]), result(stdout="\n"), ("'a'",)),
        (result(["f", "98.6"]), result(stdout="37°C = 98.6°F\n"), ("37",)),
        (result(FIVE), result(stdout="The 3rd is 5\n"), ("3",)),
    ],
)
def test_what_a_call_was_given_is_seen(expected, actual, arguments):
    assert difference(expected, actual, arguments) == ""


@pytest.mark.parametrize(
    ("expected", "actual", "rules"),
    [
        (result(changed=[SORTED]), result(SORTED), {"in_place": True}),
        (result(changed=[SORTED]), result(["l", [SIX, FIVE]]), {}),
        (result(SORTED), result(), {"must_return": True}),
        (result(TEXT), result(stdout="8 apples\n"), {}),
        (result(["f", "0.0"]), result(error="ValueError"), {}),
        (result(["f", "3.0"]), result(error="ValueError"), {"raised": frozenset({"ValueError"})}),
        (result(["f", "2.4612"]), result(["f", "2.46"]), {}),
        (result(["f", "2.4612"]), result(["f", "2.5"]), {"rounds_to": 2}),
    ],
)
def test_a_teacher_would_not_accept_these_either(expected, actual, rules):
    assert difference(expected, actual, ("[5, 6]",), **rules)


def test_an_answer_may_round_and_refuse_what_gives_nothing():
    assert difference(result(["f", "2.4612"]), result(["f", "2.46"]), rounds_to=2) == ""
    refused = result(error="ValueError")
    assert difference(result(["f", "0.0"]), refused, raised=frozenset({"ValueError"})) == ""


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (["returned", FIVE], ["returned", FIVE], True),
        (["returned", FIVE], ["returned", SIX], False),
        (["returned", FIVE], ["printed", ["s", "Balance: 5\n"]], True),  # a label
        (["returned", FIVE], ["printed", ["s", "5\n"]], True),
        (["printed", ["s", "5\n"]], ["returned", FIVE], True),
        (["returned", ["n"]], ["returned", FIVE], True),  # what a step returns beside its work
        (["raised", ["n"]], ["printed", ["s", "no"]], True),
        (["returned", FIVE], ["raised", ["n"]], False),
        (
            ["printed", ["s", "put 5\n"]],
            ["returned", ["n"]],
            True,
        ),  # a remark of a method that changes something
        (["returned", ["o", [["x", FIVE]]]], ["returned", ["o", [["y", FIVE]]]], True),
    ],
)
def test_a_session_is_held_to_what_its_steps_give(expected, actual, same):
    steps = ("()", "[('put', (5,))]") if "put" in str(expected) else ("()", "[('show', ())]")
    found = difference(result(["q", [expected]]), result(["q", [actual]]), steps, quiet=PUT)
    assert (found == "") is same
    assert difference(result(["q", [expected]]), result(FIVE), steps)


@pytest.mark.parametrize(
    ("actual", "same"), [(["n"], True), (["s", "ok"], True), (["b", 1], True), (SIX, False)]
)
def test_what_a_method_reports_that_changes_its_object_is_a_remark(actual, same):
    steps = ("()", "[('put', (5,))]")
    pair = result(["q", [["returned", FIVE]]]), result(["q", [["returned", actual]]])
    assert (difference(*pair, steps, quiet=PUT, reports=PUT) == "") is same
    assert difference(*pair, steps, quiet=PUT)


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
