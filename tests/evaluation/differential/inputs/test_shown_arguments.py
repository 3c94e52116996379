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


@pytest.mark.parametrize(
    ("source", "instruction", "calls"),
    [
        ("def f(rows):\n    return rows[0][0]", "Sum it up. For [[1, 2], [3, 4]] the result is 10.", [("[[1, 2], [3, 4]]",)]),
        ("def f(text):\n    return text.upper()", 'For "WD" it returns 4, and for \'L\' the answer is 0.', [("'WD'",), ("'L'",)]),
        ("def f(items, n):\n    return items[:n]", "For [1, 2, 3] and 2 it returns [1, 2].", [("[1, 2, 3]", "2")]),
        ("def f(items, n):\n    return items[:n]", "For [1, 2, 3] it returns [1, 2].", []),
        ("def f(text):\n    return text.upper()", "Print 'Fizz' for multiples of three; for 'x' nothing is done.", []),
        ("def f(n):\n    return n % 2", "For 'x' it returns [].", []),
        ("def f(items):\n    return items[:2]", "For [1, 2 it returns [].", []),
    ],
)  # fmt: skip
def test_values_of_which_the_instruction_tells_the_result_are_a_call(source, instruction, calls):
    assert known_arguments(function(source), (), "", (instruction, source)) == calls


def test_an_input_that_explains_is_no_text_but_its_example_is():
    shout = function("def f(text):\n    return text.upper()")
    text = 'Example: "12-34" becomes "**-34". There are two digits at least.'
    assert known_arguments(shout, (), text, ("Mask it.", "")) == [("'12-34'",)]


def test_an_address_at_example_org_is_a_text():
    domain = function("def f(address):\n    return address.split('@')[1]")
    assert known_arguments(domain, (), "maria@example.org", ("Return the domain.", "")) == [
        ("'maria@example.org'",)
    ]
