"""Texts of a form are told from malformed ones, and others of the form are drawn."""

import random

import pytest

from src.evaluation.differential.inputs.forms.shapes import SHAPES, named_shape, shape_of


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.form.pattern[:30])
def test_what_is_drawn_has_the_form(shape):
    draw = random.Random(3)
    drawn = {shape.draw(draw) for _ in range(200)}
    assert len(drawn) > 50
    assert all(map(shape.admits, drawn))


@pytest.mark.parametrize(
    "text",
    [
        "2023-04-15",
        "1999/12/01",
        "12/31/2001",
        "31/12/2001",
        "07:45",
        "23:59:10",
        "07:45 AM",
        "7:45PM",
        "192.168.0.1",
        "jo.doe@mail.example.org",
        "https://www.example.com/a/b?q=1",
    ],
)
def test_a_form_is_seen(text):
    is_day_past_28 = text.startswith("31") or "/31/" in text
    assert (shape_of(text) is None) == is_day_past_28


@pytest.mark.parametrize(
    "text",
    [
        "MIX",
        "1011",
        "2023-13-01",
        "25:00",
        "1.2.3",
        "1.2.3.4.5",
        "300.1.1.1",
        "word",
        "",
        "@a@b.org",
        "a@b",
        "a b@c.org",
        "www.example.com",
        "http://localhost",
        "see https://example.com",
    ],
)
def test_other_texts_have_none(text):
    assert shape_of(text) is None


@pytest.mark.parametrize(
    ("instruction", "right", "wrong"),
    [
        ("Convert a Roman numeral to an integer.", ["XIV", "MCMXCIV"], ["IIX", "VV", "xiv", "", "ABC"]),
        ("Convert a binary string to decimal.", ["1011"], ["102", "12"]),
    ],
)
def test_a_form_that_the_task_names(instruction, right, wrong):
    shape = named_shape(instruction)
    assert [shape.admits(text) for text in right + wrong] == [True] * len(right) + [False] * len(wrong)


def test_most_tasks_name_none():
    assert named_shape("Implement binary search over a list of words.") is None


def test_postfix_notation_leaves_one_value():
    postfix = named_shape("Evaluate an expression in reverse Polish notation.")
    assert postfix
    assert all(map(postfix.admits, ("2 3 +", "5 1 2 + 4 * + 3 -")))
    assert not any(map(postfix.admits, ("2 3 5 +", "2 +", "+", "", "2 3 & +")))
