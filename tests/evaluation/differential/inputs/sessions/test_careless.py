"""Usual mistakes of classes: a change that is made although it is refused, a condition that is forgotten."""

import ast

from src.evaluation.differential.inputs.sessions.careless import careless

GATE = """
class Gate:
    def __init__(self):
        self.inside = []

    def enter(self, name):
        if name in self.inside or len(self.inside) == 3:
            return False
        self.inside.append(name)
        return True
"""


def test_a_change_is_made_where_it_is_refused_and_a_condition_is_left_out():
    found = careless(ast.parse(GATE))
    assert len(found) == 3
    assert found[0].count("self.inside.append(name)") == 2
    assert "if len(self.inside) == 3:" in found[1]
    assert "if name in self.inside:" in found[2]


def test_a_change_within_a_branch_is_made_behind_it_too():
    program = "class A:\n    def f(self, x):\n        if x:\n            self.n += x\n            return True\n        return False"
    assert careless(ast.parse(program))[0].count("self.n += x") == 2


def test_functions_have_no_such_mistakes():
    assert careless(ast.parse("def f(x):\n    return x and 1")) == []
