"""Every kind of argument has examples of its type."""

import ast

import pytest

from src.evaluation.differential.inputs.forms.pools import POOLS


def test_every_example_is_a_literal_and_none_occurs_twice():
    assert len(POOLS) > 10
    for kind, sources in POOLS.items():
        assert len(sources) >= 2, kind
        assert len({repr(ast.literal_eval(source)) for source in sources}) == len(sources), kind


@pytest.mark.parametrize(
    ("kind", "of"),
    [("int", int), ("float", float), ("str", str), ("list[int]", list), ("dict", dict), ("set", set)],
)
def test_the_examples_of_a_kind_are_of_its_type(kind, of):
    assert {type(ast.literal_eval(source)) for source in POOLS[kind]} == {of}
