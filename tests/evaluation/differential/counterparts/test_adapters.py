"""The arguments of a function are put where another one wants them."""

import ast

import pytest

from src.evaluation.differential.counterparts.bindings import bindings


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


POINT = "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n"


@pytest.mark.parametrize(
    "answer",
    [
        POINT + "    def distance_to(self, other):\n        return abs(self.x - other.x)",
        POINT + "def distance(p, q):\n    return abs(p.x - q.x)",
    ],
)
@pytest.mark.parametrize(
    ("reference", "call"),
    [
        ("def distance(a, b): pass", ("(1, 2)", "(5, 9)")),
        ("def distance(x, y, z, u): pass", ("1", "2", "5", "9")),
    ],
)
def test_pairs_and_coordinates_are_made_objects_of_the_answers_class(reference, call, answer):
    ways = bindings(ast.parse(reference), ast.parse(answer), [("distance", call)])
    namespace = {}
    exec(answer, namespace)
    assert eval(ways[-1]["distance"], namespace)(*map(ast.literal_eval, call)) == 4  # noqa: S307
