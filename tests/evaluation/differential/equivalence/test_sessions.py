"""What the steps of a session give is held against what those of another gave."""

import pytest

from src.evaluation.differential.equivalence.rules import Rules
from src.evaluation.differential.equivalence.sessions import session_difference

FIVE, NOTHING = ["i", "0x5"], ["n"]
GET, LEND = frozenset({"get"}), frozenset({"lend"})


def difference(name, expected, actual, given=("tea",), **rules):
    return session_difference(
        Rules(**rules), (), [(name, given)], [expected], ["q", [actual]], {"tea", "ale"}
    )


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (["returned", FIVE], False),
        (["returned", ["s", "ale"]], False),  # from another object
        (["returned", ["s", "No such key"]], True),
        (["returned", ["i", "-0x1"]], True),
        (["returned", ["b", 0]], True),
        (["raised", NOTHING], True),
    ],
)
def test_where_nothing_is_found_nothing_is_given(other, same):
    assert (difference("get", ["returned", NOTHING], other, finds=GET) == "") is same
    assert difference("put", ["returned", NOTHING], other, finds=GET) == ""


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (["printed", ["s", "Lent."]], True),
        (["returned", NOTHING], True),
        (["returned", ["b", 0]], False),
    ],
)
def test_what_confirms_may_say_so_in_words(other, same):
    assert (difference("lend", ["returned", ["b", 1]], other, confirms=LEND) == "") is same


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("tea -> 5", "tea\n5", True),
        ("tea -> 5", "5 -> tea", False),
        ("tea -> 5", "tea", False),
        ("\n", "None", True),
        ("\n", "tea", False),
    ],
)
def test_what_shows_the_object_has_its_data_in_order(expected, actual, same):
    steps = (["printed", ["s", expected]], ["printed", ["s", actual]])
    assert (difference("display", *steps) == "") is same


def test_of_no_items_nothing_is_printed():
    assert difference("items", ["returned", ["l", []]], ["returned", NOTHING]) == ""
    assert difference("items", ["returned", ["l", []]], ["returned", NOTHING], must_return=True)


@pytest.mark.parametrize(
    ("other", "same"),
    [(["returned", NOTHING], False), (["returned", ["u"]], True), (["raised", NOTHING], True)],
)
def test_a_session_ends_where_the_answer_has_no_attribute_to_set(other, same):
    expected = [["returned", NOTHING], ["returned", FIVE]]
    actual = ["q", [other, ["returned", ["i", "0x6"]]]]
    found = session_difference(Rules(), (), [("?=a", (1,)), ("area", ())], expected, actual, ())
    assert (found == "") is same


def test_what_was_refused_is_not_known():
    steps = [("vote", ("tea",)), ("votes", ("tea",))]
    for taken, same in ((0, True), (1, False)):
        expected = [["returned", ["b", taken]], ["returned", ["i", "0x0"]]]
        actual = ["q", [expected[0], ["raised", ["s", "KeyError"]]]]
        assert (session_difference(Rules(), (), steps, expected, actual, set()) == "") is same
