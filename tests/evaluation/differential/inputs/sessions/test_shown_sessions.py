"""What a script does with an object is a session, and what it looks at an attribute."""

import ast

from src.evaluation.differential.inputs.sessions.members import stored_in
from src.evaluation.differential.inputs.sessions.sessions import values_of
from src.evaluation.differential.inputs.sessions.shown_sessions import attributes_of, known_sessions
from tests.evaluation.differential.inputs.sessions.cart import CART, TREE


def test_what_the_script_does_itself_is_a_session():
    known = known_sessions(CART, TREE)
    assert known == [("('Ann', )", "[('add', ('tea', 3, )), ('total', ())]")]
    assert values_of(known[0]) == ("'Ann'", "'tea'", "3")


def test_attributes_are_those_that_the_task_names_or_the_script_looks_at():
    assert attributes_of(CART, TREE, "") == ["items"]
    assert attributes_of(CART, TREE, "with an attribute owner, given on creation") == ["owner", "items"]


def test_of_a_dataclass_all_fields_are_looked_at():
    tree = ast.parse("@dataclass\nclass Seat:\n    row: int\n    place: str = 'a'")
    assert stored_in(tree.body[0], tree) == ["row", "place"] == attributes_of(tree.body[0], tree, "")


def test_an_attribute_is_named_by_what_the_task_says_of_it():
    tree = ast.parse(
        "class Lamp:\n    def __init__(self):\n        self.on = self.state = 0\n    def press(self):\n        self.on = 1"
    )
    assert attributes_of(tree.body[0], tree, "It is switched on; state holds the colour.") == ["state"]
