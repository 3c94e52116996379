"""Sessions with a class call its methods with values that meet again."""

import ast

from src.evaluation.differential.inputs.sessions import (
    attributes_of,
    known_sessions,
    methods_of,
    names_in_session,
    repeats,
    session_calls,
    values_of,
)

SOURCE = """
class Base:
    def inherited(self):
        return 1

class Cart(Base):
    def __init__(self, owner, limit=10):
        self.owner, self.items = owner, {}
    def add(self, item, price):
        self.items[item] = price
    def remove(self, item):
        del self.items[item]
    def total(self):
        return sum(self.items.values())
    def _hidden(self):
        pass

cart = Cart('Ann')
cart.add('tea', 3)
print(cart.total())
print(cart.items)
for name in cart.items:
    cart.remove(name)
"""
TREE = ast.parse(SOURCE)
CART = TREE.body[1]


def sessions(turn=0, known=(), instruction=""):
    found = session_calls(CART, TREE, known, turn, instruction)
    return [(ast.literal_eval(made), ast.literal_eval(steps)) for made, steps in found]


def test_methods_are_the_public_ones_with_those_of_base_classes():
    assert list(methods_of(CART, TREE)) == ["inherited", "__init__", "add", "remove", "total"]


def test_a_dataclass_takes_its_fields():
    tree = ast.parse("@dataclass\nclass P:\n    x: int\n    y: int = 0\n    def f(self): return 1")
    maker = methods_of(tree.body[0], tree)["__init__"]
    assert [argument.arg for argument in maker.args.args] == ["self", "x", "y"]
    assert len(maker.args.defaults) == 1


def test_what_the_script_does_itself_is_a_session():
    known = known_sessions(CART, TREE)
    assert known == [("('Ann', )", "[('add', ('tea', 3, )), ('total', ())]")]
    assert values_of(known[0]) == ("'Ann'", "'tea'", "3")


def test_sessions_begin_with_the_known_one_and_draw_from_its_values():
    known = known_sessions(CART, TREE)
    every = sessions(known=known)
    assert every[0] == (("Ann",), [("add", ("tea", 3)), ("total", ())])
    assert len(every) > 20
    added = {values[0] for _, steps in every for name, values in steps if name == "add"}
    removed = {values[0] for _, steps in every for name, values in steps if name == "remove"}
    assert "tea" in added
    assert len(added & removed) > 3


def test_every_session_ends_with_a_look_at_the_object():
    assert all(steps[-1][0] in ("inherited", "total") for _, steps in sessions()[1:])
    named = sessions(instruction="The attribute `owner` is its owner.")
    assert all((".owner", ()) in steps for _, steps in named)


def test_sessions_are_the_same_each_time_and_others_each_turn():
    assert sessions(turn=1) == sessions(turn=1) != sessions(turn=2)


def test_attributes_are_those_that_the_task_names_or_the_script_looks_at():
    assert attributes_of(CART, TREE, "") == ["items"]
    assert attributes_of(CART, TREE, "with an attribute owner, given on creation") == ["owner", "items"]


def test_the_methods_of_sessions_are_listed_once():
    assert names_in_session(["[('a', ()), ('b', (1,))]", "[('a', ())]"]) == ["a", "b"]


def test_a_value_that_a_method_gets_twice_is_a_repetition():
    assert repeats(("()", "[('add', ('x', 1)), ('add', ('x', 2))]"))
    assert not repeats(("()", "[('add', ('x', 1)), ('remove', ('x',)), ('total', ()), ('total', ())]"))
