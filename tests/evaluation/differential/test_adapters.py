"""The arguments of a function are put where another one wants them."""

import ast

import pytest

from src.evaluation.differential.bindings import bindings


@pytest.mark.parametrize(
    ("reference", "answer", "call"),
    [
        ("def f(keys, values): pass", "def f(k, v): pass", ("['a']", "[1]")),  # two lists
        ("def f(text, width): pass", "def f(text, n): pass", ("'a'", "1")),  # the names say which is which
        ("def f(text, width): pass", "def f(s, width): pass", ("'a'", "1")),
    ],
)
def test_arguments_do_not_change_places_where_names_or_kinds_tell_them_apart(reference, answer, call):
    assert bindings(ast.parse(reference), ast.parse(answer), [("f", call)]) == [{"f": "f"}]
