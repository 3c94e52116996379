"""Of a text that a task shows others of its form are drawn, and texts of other forms are none of the task's."""

import ast
import random

import pytest

from src.evaluation.differential.inputs.forms.example_form import example_shape

SPLITS = "def f(text):\n    return text.split(',')"


def shape(instruction, known=(), function=SPLITS):
    return example_shape(ast.parse(function).body[0], instruction, known)


@pytest.mark.parametrize(
    ("instruction", "inside", "outside"),
    [
        ('Turn a ratio like "3:4" into a float.', "12:5", "3-4"),
        ("Add the numbers of a text such as '1,2,3'.", "7,10", "7;10"),
        ("Parse a text like 'a=1&b=2'.", "f=30", "f=x"),
        ("Parse a serial number, e.g. 'AB-1204'.", "XY-9931", "XY-99"),
        ("The tile of a map such as 'c5'.", "h8", "h88"),
        ("Count the days of a span like '3-17'.", "4-14", "19-14"),
        ("Read a note such as '2020-03-01 meet Ann'.", "1999-12-24 call Bob", "1999-13-24 call Bob"),
        ("An angle such as '12 30 N'; it is negative for S.", "45 11 S", "45 11 B"),
        ("Read a price like '$1,250.50'.", "$20,999.50", "$20.5"),
    ],
)
def test_an_example_gives_the_form_of_others(instruction, inside, outside):
    found = shape(instruction)
    assert found
    assert found.admits(inside)
    assert not found.admits(outside)
    drawn = {found.draw(random.Random(seed)) for seed in range(50)}
    assert sum(map(found.admits, drawn)) > 15


def test_words_that_the_reference_knows_are_drawn_for_one_of_them():
    function = "def f(text):\n    way, n = text.split()\n    return -int(n) if way == 'up' else int(n)"
    found = shape("A command such as 'up 3' or 'down 10'.", function=function)
    assert found
    assert {found.draw(random.Random(seed)).split()[0] for seed in range(20)} == {"up", "down"}


def test_operators_that_the_task_names_are_drawn():
    found = shape("Evaluate a sum like '3 + 4'. The operators are + - and *.")
    assert found
    assert {found.draw(random.Random(seed)).split()[1] for seed in range(40)} == {"+", "-", "*"}


def test_a_value_that_is_taken_apart_shows_a_form_too():
    assert shape("Read a line.", [["Ann,30,Oslo"]])
    assert not shape("Read a line.", [["Ann,30,Oslo"]], "def f(text):\n    return text[::-1]")


@pytest.mark.parametrize(
    ("instruction", "function"),
    [
        ("Format cents as a price such as '$12.50'.", SPLITS),
        ("Return a text like '3,4'.", SPLITS),
        ("Reverse a text such as 'hello there'.", SPLITS),
        ("Double a number such as '3.5'.", "def f(n):\n    return n * 2"),
        ("Cut a text such as '3,4' after n parts.", "def f(text, n):\n    return text.split(',')[:n]"),
    ],
)
def test_results_words_and_several_arguments_show_none(instruction, function):
    assert shape(instruction, function=function) is None
