"""Of a text of alike parts others are drawn that have such parts, and texts of other parts are none of the task's."""

import ast
import random

import pytest

from src.evaluation.differential.inputs.forms.repeated_form import repeated_shape

DIGITS = "def f(text):\n    return [c for c in text if c.isdigit()]"
LINES = "def f(text):\n    return [line.split({!r}) for line in text.splitlines()]"


def shape(function, *texts, instruction=""):
    return repeated_shape(ast.parse(function).body[0], instruction, texts)


@pytest.mark.parametrize(
    ("function", "shown", "inside", "outside"),
    [
        (DIGITS, "a3b12c1", "x7", "12x"),
        (DIGITS, "3a12b", "2x10y", "ab3"),
        (LINES.format(","), "name,age\nAda,36\nLinus,28", "city,size\nOslo,7", "city,size\nOslo,7,8"),
        (LINES.format(","), "name,age\nAda,36\nLinus,28", "a,b,c\nx,y,z", "a,b\nx,y"),
        (LINES.format("="), "host=a\nport=80", "user=bob", "user=bob=2"),
        (LINES.format(":"), "Ann:3\nBob:4", "Eve:5\nJim:1", "Eve:5\nEve:6"),
    ],
)
def test_a_text_gives_the_form_of_others(function, shown, inside, outside):
    found = shape(function, shown)
    assert found
    assert found.admits(shown)
    assert found.admits(inside)
    assert not found.admits(outside)
    drawn = {found.draw(random.Random(seed)) for seed in range(50)}
    assert sum(map(found.admits, drawn)) > 25


def test_names_of_columns_that_the_reference_knows_stay():
    function = (
        "def f(text):\n    rows = csv.DictReader(text.splitlines())\n    return [row['age'] for row in rows]"
    )
    found = shape(function, "name,age\nAda,36\nLinus,28")
    assert found
    assert {found.draw(random.Random(seed)).split("\n")[0] for seed in range(20)} == {"name,age"}
    assert not found.admits("a,b\nAda,36")


def test_of_csv_that_is_not_shown_a_usual_one_is_drawn():
    found = shape(LINES.format(","), instruction="Parse a CSV text.")
    assert found
    assert found.admits("a,b,c\nx,1,y")


@pytest.mark.parametrize("function", ["def f(text):\n    return text[::-1]", LINES.format(";")])
def test_what_a_function_does_not_take_apart_has_no_form(function):
    assert shape(function, "a3b12c1") is None
    assert shape(function, "name,age\nAda,36") is None
