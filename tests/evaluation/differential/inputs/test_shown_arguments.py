"""Calls that a sample writes out, and values of its input, are read as arguments."""

import ast

import pytest

from src.evaluation.differential.inputs.shown_arguments import known_arguments


def function(source):
    return ast.parse(source).body[0]


ADD = "def add(a, b):\n    return a + b"


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("[1, 2], 3", ("[1, 2]", "3")),
        ("n = 4, k = 2", ("4", "2")),
        ("First: 7\nSecond: 'x'", ("7", "'x'")),
        ("{1} and {2}", ("{1}", "{2}")),
        ("a = {'x', 'y', 'w'}, b = [{2, 1}]", ("{'w', 'x', 'y'}", "[{1, 2}]")),
    ],
)
def test_values_of_an_input_are_read_as_arguments(text, arguments):
    assert known_arguments(function(ADD), (), text, ()) == [arguments]


def test_an_input_that_is_no_literal_is_a_text_where_a_text_is_wanted():
    words = function("def f(sentence):\n    return sentence.split()")
    assert known_arguments(words, (), "open the door", ()) == [("'open the door'",)]
    assert known_arguments(function("def f(n):\n    return n % 2"), (), "open the door", ()) == []
