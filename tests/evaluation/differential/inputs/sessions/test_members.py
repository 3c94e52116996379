"""Methods and attributes of a class are read from its source."""

import ast

from src.evaluation.differential.inputs.sessions.members import changed_in, helpers, methods_of, settable_in
from tests.evaluation.differential.inputs.sessions.cart import CART, TREE


def test_methods_are_the_public_ones_with_those_of_base_classes():
    assert list(methods_of(CART, TREE)) == ["inherited", "__init__", "add", "remove", "total"]


def test_a_dataclass_takes_its_fields():
    tree = ast.parse("@dataclass\nclass P:\n    x: int\n    y: int = 0\n    def f(self): return 1")
    maker = methods_of(tree.body[0], tree)["__init__"]
    assert [argument.arg for argument in maker.args.args] == ["self", "x", "y"]
    assert len(maker.args.defaults) == 1


def test_an_attribute_that_methods_calculate_with_and_never_change_can_be_set():
    source = """
class Tank:
    def __init__(self, width, height, level):
        self.width, self._height, self.level = width, height, level
    def fill(self, more):
        self.level = self.level + more
    def size(self):
        return self.width * self._height
"""
    tree = ast.parse(source)
    assert settable_in(tree.body[0], tree) == ["width"]


def test_what_other_methods_call_is_a_helper_where_the_task_names_others():
    source = "class A:\n    def find(self, x):\n        return x\n    def has(self, x):\n        return self.find(x) is not None"
    tree = ast.parse(source)
    methods = methods_of(tree.body[0], tree)
    assert helpers(methods, "A class with the method has(x)") == ["find"]
    assert helpers(methods, "A class with the methods has(x) and find(x)") == []
    assert helpers(methods, "A class") == []


def test_what_is_stored_in_or_added_to_is_changed():
    tree = ast.parse(
        "class A:\n    def __init__(self):\n        self.a = 1\n        self.b = []\n        self.c = 2\n"
        "    def f(self, x):\n        self.a += x\n        self.b.append(x)\n        return self.c"
    )
    assert changed_in(tree.body[0], tree) == {"a", "b"}
