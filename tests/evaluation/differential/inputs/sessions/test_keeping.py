"""Sessions put in what is looked up by its value once, and take out what is there."""

import ast

import pytest

from src.evaluation.differential.inputs.sessions.keeping import (
    Keeping,
    is_list_of_names,
    keeping_of,
    without_doubles,
)
from src.evaluation.differential.inputs.sessions.members import methods_of

LISTED = """
class Garage:
    def __init__(self):
        self.cars = []
    def enter(self, plate):
        self.cars.append(plate)
    def leave(self, plate):
        self.cars.remove(plate)
    def size(self):
        return len(self.cars)
"""
MARKED = """
class Tools:
    def __init__(self):
        self.tools = {}
    def add(self, name):
        self.tools[name] = 'here'
    def lend(self, name):
        self.tools[name] = 'out'
    def return_tool(self, name):
        self.tools[name] = 'here'
"""
COUNTED = LISTED.replace("self.cars.append(plate)", "if plate not in self.cars: self.cars.append(plate)")
STACKED = LISTED.replace("def leave(self, plate)", "def leave(self)").replace("remove(plate)", "pop()")


def keeping(source, instruction=""):
    tree = ast.parse(source)
    return keeping_of(methods_of(tree.body[0], tree), instruction)


def tidied(source, steps, instruction="", made=()):
    return keeping(source, instruction).tidied(made, [(n, tuple(v)) for n, *v in map(str.split, steps)])


@pytest.mark.parametrize(
    ("source", "steps", "kept"),
    [
        (LISTED, ["enter A", "enter A", "size"], ["enter A", "size"]),
        (LISTED, ["leave A", "enter A", "leave B", "enter A"], ["enter A", "leave A", "enter A"]),
        (MARKED, ["add A", "lend A", "lend A", "return_tool A", "lend A"], ["add A", "lend A", "return_tool A", "lend A"]),
        (MARKED, ["add A", "return_tool A", "lend A", "add A"], ["add A", "lend A"]),
        (COUNTED, ["enter A", "enter A"], ["enter A", "enter A"]),
        (STACKED, ["leave", "enter A", "enter A", "leave"], ["leave", "enter A", "enter A", "leave"]),
    ],
)  # fmt: skip
def test_what_a_task_takes_for_granted_of_steps(source, steps, kept):
    found = tidied(source, steps)
    assert [" ".join((name, *values)) for name, values in found] == kept
    assert keeping(source).tidied((), found) == found


def test_what_the_task_speaks_of_is_done():
    assert len(tidied(LISTED, ["enter A", "enter A"], "A car that is there already is listed again.")) == 2
    assert len(tidied(MARKED.replace("add", "put"), ["put A", "put A"])) == 2
    assert len(tidied(LISTED, ["leave A"], "A car that is not there cannot leave.")) == 1
    returned = "A tool that was not lent cannot be returned."
    assert len(tidied(MARKED, ["add A", "return_tool A"], returned)) == 2


def test_what_an_object_is_made_with_is_there():
    assert len(tidied(LISTED, ["leave A"], made=(["A"],))) == 1


def test_a_class_that_nothing_is_put_into_keeps_nothing():
    calculator = """
class Calculator:
    def add(self, x):
        self.value += x
    def divide(self, x):
        if x == 0:
            return
        self.value /= x
"""
    assert tidied(calculator, ["divide 4", "add 2"]) == [("divide", ("4",)), ("add", ("2",))]
    assert keeping("class Light:\n    def set(self, on):\n        self.on = on") == Keeping()


def test_a_list_that_names_are_looked_up_in_has_no_doubles():
    node = ast.parse(
        "class Vote:\n    def __init__(self, names):\n        self.names = list(names)\n"
        "    def vote(self, name):\n        return name in self.names"
    ).body[0]
    assert is_list_of_names(node, "A class Vote is made with a list of names.")
    assert not is_list_of_names(node, "A name that is given twice counts once.")
    assert without_doubles((["a", "b", "a"], 3)) == (["a", "b"], 3)
