"""Texts of the parts that a function finds with a pattern."""

import ast
import random

import pytest

from src.evaluation.differential.inputs.known.patterns import matched_shape

ATOMS = r"""
def count(formula):
    return re.findall(r"([A-Z][a-z]?)(\d*)", formula)
"""


def shape(source, *shown):
    return matched_shape(ast.parse(source).body[0], shown)


def test_texts_are_made_of_the_parts_that_are_found():
    found = shape(ATOMS, "C2H5OH")
    assert found is not None
    draw = random.Random(0)
    texts = [found.draw(draw) for _ in range(40)]
    assert all(map(found.admits, texts))
    assert any(text[1:2].islower() for text in texts)
    assert not found.admits("plum")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (ATOMS, ()),
        (ATOMS, ("2 eggs",)),  # made of other things too
        (r'def f(t): return re.findall(r"\b\w+\b", t)', ("a1",)),  # looks beside what it finds
    ],
)
def test_else_there_is_no_form(source, shown):
    assert shape(source, *shown) is None
