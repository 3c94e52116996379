"""Steps of sessions: what is granted holds, calls are repeated in part, contexts are opened and closed."""

import ast
import random

from src.evaluation.differential.inputs.preconditions.relations import Granted
from src.evaluation.differential.inputs.sessions.session_steps import (
    all_equal,
    amended,
    closing,
    drawn,
    in_a_row,
    in_time,
    in_turns,
    managed,
    mixed,
    with_another,
)

OWN = [ast.arg("a"), ast.arg("b")]
VALUES = {"a": [1, 2, 3], "b": [1, 2, 3]}
ALL = Granted(())
RISING = Granted((lambda values: values[0] < values[1],))


def test_values_are_drawn_as_granted_or_not_at_all():
    found = [drawn(OWN, VALUES, random.Random(seed), RISING) for seed in range(50)]
    assert any(found)
    assert all(values is None or values[0] < values[1] for values in found)


def test_a_call_is_made_again_but_for_its_first_or_last_value_or_around_an_earlier_one():
    found = {amended((7, 8), [(2, 5)], ALL, random.Random(seed)) for seed in range(300)}
    assert found == {(7, 8), (2, 8), (7, 5), (1, 6)}


def test_another_object_differs_at_times_in_one_value():
    found = {mixed((1, 2), (3, 4), random.Random(seed)) for seed in range(100)}
    assert found == {(3, 4), (3, 2), (1, 4)}
    assert mixed((), (), random.Random(0)) == ()


def test_every_context_that_is_opened_is_closed():
    steps = managed([("add", (1,)), ("add", (2,))], 2, random.Random(0))
    names = [name for name, _ in steps]
    assert names.count("__enter__") == names.count("__exit__") == 2
    assert names.index("__enter__") < names.index("__exit__")


def test_one_method_is_called_many_times_and_then_the_others():
    tree = ast.parse("def add(self, a): self.n += a\ndef clear(self): self.n = 0")
    methods = {node.name: (node, node.args.args[1:], ALL) for node in tree.body}
    names = [name for name, _ in in_a_row(methods, VALUES, [], 0, random.Random(1))]
    assert len(names) >= 12
    assert len(set(names[:12])) == 1
    assert set(names) == {"add", "clear"}


def test_an_attribute_is_set_to_what_the_object_was_not_made_with():
    assert with_another(["a"], OWN, {"a": [2, 5], "b": [7]}, (2, 7)) == [("?a", ()), ("?=a", (5,))]
    assert with_another(["a"], OWN, {"a": [2], "b": [7]}, (2, 7)) == []
    assert with_another(["a"], OWN, {"a": [9, 3], "b": [7]}, (2, 7), RISING) == [("?a", ()), ("?=a", (3,))]


def test_times_run_forward_and_other_numbers_stay():
    takes = {"start": [ast.arg("t")], "pay": [ast.arg("amount")]}
    steps = [("start", (9,)), ("pay", (7,)), ("start", (2,)), ("pay", (3,))]
    assert in_time(steps, takes) == [("start", (2,)), ("pay", (7,)), ("start", (9,)), ("pay", (3,))]


def test_other_objects_of_the_same_size_are_as_large():
    draw = random.Random(0)
    found = [mixed(([[1, 2], [3, 4]],), ([[5]],), draw, same_size=True) for _ in range(30)]
    assert all([len(row) for row in matrix] == [2, 2] for (matrix,) in found)
    assert len({str(other) for other in found}) > 5


def test_at_the_end_the_object_is_asked_for_what_was_given_to_it():
    takes = {"put": [ast.arg("key"), ast.arg("value")], "get": [ast.arg("key")], "find": [ast.arg("other")]}
    steps = [("put", ("x", 1)), ("put", ("y", 2))]
    found = closing(steps, takes, ["get", "find"], random.Random(0))
    assert sorted(found) == [("get", ("x",)), ("get", ("y",))]


def test_methods_are_called_in_turns_with_the_same_values():
    tree = ast.parse("def pay(self, a): self.n += a\ndef buy(self): self.n -= 1")
    methods = {node.name: (node, node.args.args[1:], ALL) for node in tree.body}
    steps = in_turns(methods, VALUES, ["pay", "buy"], random.Random(0))
    assert len(steps) == 12
    assert len({*steps}) == 2


def test_what_is_planned_need_not_be_in_time():
    takes = {"schedule": [ast.arg("time")], "tick": [ast.arg("time")]}
    steps = [("schedule", (9,)), ("tick", (5,)), ("schedule", (2,)), ("tick", (3,))]
    assert in_time(steps, takes) == [
        ("schedule", (9,)), ("tick", (3,)), ("schedule", (2,)), ("tick", (5,))
    ]  # fmt: skip


def test_numbers_are_all_equal_where_that_is_as_granted():
    assert all_equal((2, 7), None) == (2, 2)
    assert all_equal((2, 7), RISING) == (2, 7)
    assert all_equal((2, "a"), None) == (2, "a")
