"""Data of a script is varied within its build."""

import pytest

from src.evaluation.differential.inputs.forms.alike import Alike


@pytest.mark.parametrize(
    ("shown", "value", "fitted"),
    [
        ([[1, 2], [3, 4]], [[5, 6, 7], [8, 9, 1], [2, 2, 2]], [[5, 6], [8, 9]]),
        ([[1, 2], [3, 4]], [[5]], [[5, 5], [5, 5]]),
        ({"a": 1, "b": 2}, {"x": 7}, {"a": 7, "b": 7}),
        ([{"a": 1}], [{"x": 2}, {"y": 3}], [{"a": 2}, {"a": 3}]),
        ([("x", 1)], [(5, "y")], [("x", 1)]),
        ("a text", "  of  words ", "of words"),
        ("NESW", "12321", "NESW"),
        ("NESW", "SS", "SS"),
        ("a, b", "a. b", "a, b"),
        ([1, 2], [], [1, 2]),
        ([1, 2], "abc", [1, 2]),
        (1, 2.5, 2.5),
        (8, 1, 2),
        (8, 5, 6),
        (["17:05"], ["90:20", "07:30"], ["17:05", "07:30"]),
        ({"Rome": "$129", "Oslo": "$89"}, {"a": "$$7", "b": "4$51"}, {"Rome": "$7", "Oslo": "$4"}),
        ([("tea", "A-1"), ("pie", "C-2")], [("go", "9x")], [("go", "X-9")]),
        ([1, "a", 2.5], ["b", 7, 1.5], ["b", 7, 1.5]),
        (["a", "b"], ["", "x"], ["", "x"]),
        ("A dog runs.", "dog. A", "dog A."),
        ("Go! Run!", "Run! Go", "Run! Go!"),
    ],
)
def test_a_value_becomes_one_of_the_build_that_is_shown(shown, value, fitted):
    alike = Alike([shown])
    assert alike.fit_call([value]) == [fitted]
    assert alike([fitted])
    assert alike([value]) == (value == fitted)


def test_numbers_and_texts_of_any_kind_are_alike_where_the_task_asks_of_which_kind_they_are():
    assert Alike(["Python3"], any_signs=True).fit_call(["Hello, you!"]) == ["Hello, you!"]
    assert Alike([7], any_size=True).fit_call([4]) == [4]
    assert Alike([7]).fit_call([4]) == [5]


def test_signs_that_the_reference_takes_off_stay_in_a_text():
    shown = ["one two. Two three."]
    assert Alike(shown)(["a tree! b."]) is False
    assert Alike(shown, signs="!,").fit_call(["a tree! b"]) == ["a tree! b."]
    assert Alike(shown, signs="!,").fit_call(["a tree,b"]) == shown  # not at the end of a word
