"""Calls are like others where their values are of the same kinds, between the others, and put together in the same way."""

import pytest

from src.evaluation.differential.further.likeness import Likeness


@pytest.mark.parametrize(
    ("given", "like", "unlike"),
    [
        ([("3",), ("40",)], ("17",), ("41",)),
        ([("3",), ("40",)], ("3",), ("'3'",)),
        ([("[1, 9]", "2")], ("[5]", "2"), ("[5, 10]", "2")),
        ([("[1, 9]", "2")], ("[5]", "2"), ("2", "[5]")),
        ([("'2024-05-01'",), ("'1970-01-01'",)], ("'1999-12-31'",), ("'1999-1231'",)),
        ([("'2024-05-01'",), ("'1970-01-01'",)], ("'1999-12-31'",), ("'02-002-2'",)),
        ([("'2024-05-01'",), ("'1970-01-01'",)], ("'1999-12-31'",), ("'-99-12'",)),
        ([("'5:07'",), ("'12:30'",)], ("'1:5'",), ("'1:5:0'",)),
        ([("'Bach, Johann'",), ("'Orff, Carl'",)], ("'Abc, Def'",), ("'Abc Def'",)),
        ([("'one two'",)], ("'a b c'",), ("'a  b'",)),
        ([("'one two'",)], ("'a b c'",), ("' a b'",)),
        ([("'one two'",)], ("'abc'",), ("'Abc'",)),
        ([("'one Two'",)], ("'aBc'",), ("'a1c'",)),
        ([("{'a': 3}",), ("{'b': 9}",)], ("{'c': 5}",), ("{'c': 1}",)),
        ([("True", "5")], ("False", "5"), ("5", "5")),
        ([("'\u0192lambda x: x + 1'",)], ("'\u0192lambda x: x * 2'",), ("'x'",)),
    ],
)
def test_calls_are_like_those_given(given, like, unlike):
    likeness = Likeness(given, is_class=False)
    assert all(map(likeness.admits, given))
    assert likeness.admits(like)
    assert not likeness.admits(unlike)


def test_kinds_that_never_came_together_are_not_like_any():
    likeness = Likeness([("1", "2"), ("'a'", "'b'")], is_class=False)
    assert not likeness.admits(("2", "2"))  # 2 was never the first number
    assert not likeness.admits(("1", "'b'"))
    assert likeness.admits(("'z'", "'y'"))


@pytest.mark.parametrize(
    ("session", "fits"),
    [
        (("(20,)", "[('deposit', (30,)), ('balance', ())]"), True),
        (("(10,)", "[('balance', ()), ('deposit', (50,)), ('deposit', (5,))]"), True),
        (("(10,)", "[('deposit', (51,))]"), False),
        (("(10,)", "[('deposit', ('a',))]"), False),
        (("('a',)", "[('balance', ())]"), False),
        (("(10,)", "[('withdraw', (5,))]"), False),
    ],
)
def test_a_session_is_like_others_where_each_method_gets_values_like_theirs(session, fits):
    given = [
        ("(10,)", "[('deposit', (5,)), ('balance', ())]"),
        ("(20,)", "[('deposit', (50,)), ('balance', ())]"),
    ]
    assert Likeness(given, is_class=True).admits(session) is fits


def test_numbers_of_no_kind_in_particular_may_be_of_any_size():
    assert Likeness([("[1, 9]",)], is_class=False, any_size=True).admits(("[500, -3]",))
    assert not Likeness([("'a'",)], is_class=False, any_size=True).admits(("5",))
