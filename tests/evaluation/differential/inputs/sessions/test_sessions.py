"""Sessions with a class call its methods with values that meet again."""

import ast

from src.evaluation.differential.inputs.sessions.sessions import (
    OBJECT,
    given_sizes,
    names_in_session,
    session_calls,
)
from src.evaluation.differential.inputs.sessions.shown_sessions import known_sessions
from tests.evaluation.differential.inputs.sessions.cart import CART, TREE


def sessions(turn=0, known=(), instruction=""):
    found = session_calls(CART, TREE, known, turn, instruction)
    return [(ast.literal_eval(made), ast.literal_eval(steps)) for made, steps in found]


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


def test_the_methods_of_sessions_are_listed_once():
    assert names_in_session(["[('a', ()), ('b', (1,))]", "[('a', ())]"]) == ["a", "b"]


def test_what_has_a_default_is_given_in_some_sessions_and_left_out_in_others():
    sizes = [dict(given_sizes(session)) for session in session_calls(CART, TREE, (), 0)]
    assert {size["__init__"] for size in sizes} == {1, 2}


def test_some_sessions_give_a_method_the_same_value_twice_and_more_do_not():
    added = [[values[0] for name, values in steps if name == "add"] for _, steps in sessions()]
    again = [len(set(values)) < len(values) for values in added]
    assert 0 < sum(again) < len(again) / 2


POINT = """
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)
    def __len__(self):
        return 2
    def __str__(self):
        return f'{self.x} {self.y}'
    def distance(self, to):
        return abs(self.x - to.x)
"""


def test_operators_are_used_and_other_objects_are_made_for_them():
    tree = ast.parse(POINT)
    found = [
        step for _, steps in session_calls(tree.body[0], tree, (), 0, "") for step in ast.literal_eval(steps)
    ]
    given = dict(found)
    assert {"__eq__", "__len__", "distance"} <= given.keys()
    assert "__str__" not in given  # of which the task says nothing
    for name in ("__eq__", "distance"):
        assert given[name][0][0] == OBJECT
        assert len(given[name][0]) == 3
    shown = [steps for _, steps in session_calls(tree.body[0], tree, (), 0, "It prints as two numbers.")]
    assert any("__str__" in steps for steps in shown)


def test_methods_get_what_a_task_takes_for_granted_of_values():
    tree = ast.parse(
        "class Room:\n"
        "    def __init__(self):\n        self.times, self.marks = [], ''\n"
        "    def book(self, start, end):\n        self.times.append((start, end))\n"
        "    def mark(self, letter):\n        self.marks += letter\n"
    )
    sessions = session_calls(tree.body[0], tree, [], 0, "A room that can be booked by the hour.")
    steps = [step for _, source in sessions for step in ast.literal_eval(source)]
    booked = [values for name, values in steps if name == "book"]
    marked = [values for name, values in steps if name == "mark"]
    assert len(booked) > 50
    assert all(start < end for start, end in booked)
    assert len(marked) > 50
    assert all(len(letter) == 1 and letter.isalpha() for (letter,) in marked)


STALL = ast.parse("""
class Stall:
    PRICES = {'fig': 3, 'plum': 2}
    def __init__(self, capacity):
        self.capacity, self.sold = capacity, {}
    def sell(self, fruit, points):
        self.sold[fruit] = self.PRICES[fruit] + points
    def louder(self):
        self.volume = min(40, self.volume + 1)
    def book(self, guest):
        self.guests.append(guest)
""")


def test_a_method_is_called_many_times_in_a_row_to_reach_a_limit():
    every = [ast.literal_eval(steps) for _, steps in session_calls(STALL.body[0], STALL, (), 2)]
    rows = [[values for name, values in steps if name == "louder"] for steps in every]
    assert max(map(len, rows)) > 40
    booked = max(([v for name, v in steps if name == "book"] for steps in every), key=len)
    assert len(booked) > 40
    assert len({*booked}) > len(booked) - 3  # what is kept is another one each time


def test_values_are_what_the_class_knows_and_of_the_kind_that_it_calculates_with():
    every = [
        (ast.literal_eval(made), ast.literal_eval(steps))
        for made, steps in session_calls(STALL.body[0], STALL, (), 0)
    ]
    assert all(type(made[0]) is int for made, _ in every)  # a capacity is no city
    sold = [values for _, steps in every for name, values in steps if name == "sell"]
    assert {"fig", "plum"} <= {fruit for fruit, _ in sold}
    assert all(type(points) is int for _, points in sold)
    assert {39, 41} & {points for _, points in sold}  # beside the number that it compares with


GATE = ast.parse("""
class Gate:
    def __init__(self, known):
        self.known = known
    def __enter__(self):
        return self
    def __exit__(self, *error):
        return False
    def opens(self, guest, code):
        return self.known.get(guest) == code
""")


def test_what_the_methods_do_with_a_value_says_what_an_object_is_made_of_and_its_parts_are_given():
    every = [
        (ast.literal_eval(made)[0], ast.literal_eval(steps))
        for made, steps in session_calls(GATE.body[0], GATE, (), 0)
    ]
    assert all(isinstance(known, dict) for known, _ in every)
    assert any(values[0] in known for known, steps in every for name, values in steps if name == "opens")
    assert all(steps[0] == ("__enter__", ()) for _, steps in every if "__exit__" in dict(steps))
    assert {values for _, steps in every for name, values in steps if name == "__exit__"} == {
        (True,),
        (False,),
    }
