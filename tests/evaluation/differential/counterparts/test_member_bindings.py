"""Methods are found by what their names mean, and used in the way that the answer's class needs."""

import ast

import pytest

from src.evaluation.differential.counterparts.member_bindings import alike, same_meaning, ways_to_use


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("check_balance", "get_balance", True),
        ("area", "calculateArea", True),
        ("add", "addition", True),
        ("divide", "division", True),
        ("distance", "distance_to", True),
        ("area", "perimeter", False),
        ("push", "pop", False),
        ("is_empty", "is_full", False),
    ],
)
def test_names_mean_the_same_where_the_words_of_one_are_in_the_other(name, other, same):
    assert same_meaning(name, other) is same


def test_a_name_that_two_could_mean_is_not_taken():
    fits = {"price": ["old_price", "new_price"]}
    assert alike(["price"], fits["price"], fits) == {}


BOX = """
class Box:
    def __init__(self, a, b):
        self.a, self.b = a, b
    def area(self):
        return self.a * self.b
    def rim(self):
        return self.a + self.b
    def get_a(self):
        return self.a
    def larger(self, other):
        return self.a > other.a
    def __add__(self, other):
        return self.a + other.a
    def __str__(self):
        return f"{self.a} {self.b}"
"""
NAMES = ["area", "rim", "get_a", "larger", "__add__", "__str__"]


def used(answer, guessed=False):
    reference, tree = ast.parse(BOX), ast.parse(answer)
    ways = list(ways_to_use(reference, tree, reference.body[0], tree.body[0], NAMES, guessed))
    if not ways:
        return None
    namespace = {}
    exec(answer, namespace)
    one, other = namespace["Box"](2, 3), namespace["Box"](1, 1)
    given = {"larger": (other,), "__add__": (other,)}
    return [
        [eval(way[name], namespace)(one, *given.get(name, ())) for name in NAMES]  # noqa: S307
        for way in ways
    ]


@pytest.mark.parametrize(
    "answer",
    [
        BOX,
        BOX.replace("def area", "def calculate_area").replace("def rim", "def get_rim"),
        BOX.replace("    def get_a(self):\n        return self.a\n", ""),
        BOX.replace("def larger(self, other)", "@staticmethod\n    def larger(self, other)"),
        BOX.replace("__add__", "add").replace("__str__", "display"),
    ],
)
def test_members_have_their_counterparts(answer):
    assert used(answer) == [[6, 5, 2, True, 3, "2 3"]]


def test_methods_whose_names_say_nothing_are_tried_in_every_order_where_guessed():
    answer = BOX.replace("def area", "def surface").replace("def rim", "def outline")
    assert used(answer) is None
    assert [found[:2] for found in used(answer, guessed=True)] == [[6, 5], [5, 6]]
