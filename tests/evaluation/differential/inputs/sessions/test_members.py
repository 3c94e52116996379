"""Methods and attributes of a class are read from its source."""

import ast

from src.evaluation.differential.inputs.sessions.members import methods_of
from tests.evaluation.differential.inputs.sessions.cart import CART, TREE


def test_methods_are_the_public_ones_with_those_of_base_classes():
    assert list(methods_of(CART, TREE)) == ["inherited", "__init__", "add", "remove", "total"]


def test_a_dataclass_takes_its_fields():
    tree = ast.parse("@dataclass\nclass P:\n    x: int\n    y: int = 0\n    def f(self): return 1")
    maker = methods_of(tree.body[0], tree)["__init__"]
    assert [argument.arg for argument in maker.args.args] == ["self", "x", "y"]
    assert len(maker.args.defaults) == 1
