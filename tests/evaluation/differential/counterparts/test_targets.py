"""What of an answer can be called."""

import ast

from src.evaluation.differential.counterparts.targets import entry_targets, targets_of

SOURCE = """
class Shape:
    kind = "shape"
    def __init__(self, side, unit="cm"):
        self.side = side
    def area(self, times):
        return self.side * times
    @property
    def name(self):
        return "square"
    @staticmethod
    def twice(x):
        return 2 * x

def total(values, *, start):
    return sum(values, start)
"""


def test_functions_and_methods_are_called_with_what_they_take():
    targets = {target.name: target for target in targets_of(ast.parse(SOURCE))}
    assert targets["total"].called_with(["v", "s"]) == "total(v, start=s)"
    assert targets["area"].called_with(["s", "t"]) == "Shape(s).area(t)"
    assert targets["name"].called_with(["s"]) == "Shape(s).name"
    assert targets["Shape.twice"].called_with(["x"]) == "Shape.twice(x)"
    assert [targets["area"].takes(count) for count in (1, 2, 3)] == [False, True, False]


def test_what_a_user_calls_are_functions_or_else_methods():
    with_function = f"{SOURCE}\ndef double(x):\n    return 2 * x"
    assert [target.name for target in entry_targets(ast.parse(with_function))] == ["double"]
    assert "area" in [target.name for target in entry_targets(ast.parse(SOURCE))]
