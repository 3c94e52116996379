"""What the methods of a class take, and which of them fill, change or ask an object."""

import ast

from src.evaluation.differential.inputs.sessions.uses import uses_of

SOURCE = """
class Shelf:
    def __init__(self, rows, room=3):
        self.rows, self.room, self.items = rows, room, []
    def put(self, item):
        if item in self.items or len(self.items) == self.room:
            return False
        self.items.append(item)
        return True
    def has(self, item):
        return item in self.items
    def count(self):
        return len(self.items)
    def clear(self):
        self.items = []
    def __eq__(self, other):
        return self.items == other.items
"""
TREE = ast.parse(SOURCE)
SHELF = TREE.body[0]


def uses(instruction="", known=(), source=SOURCE):
    tree = ast.parse(source)
    return uses_of(tree.body[0], tree, known, instruction)


def test_methods_that_take_something_fill_or_ask():
    found = uses()
    assert set(found.names) == {"put", "has", "count", "clear", "__eq__"}
    assert set(found.givers) == {"put", "has"}
    assert found.fillers == ["put"]
    assert set(found.asking) == {"has", "count"}


def test_looks_that_change_the_object_are_not_calm():
    found = uses()
    assert {name for name, _ in found.looks} == {"?rows", "?room", "count", "clear"}
    assert {name for name, _ in found.calm} == {"?rows", "?room", "count"}


def test_what_has_a_plain_default_is_taken_in_the_whole_alone():
    found = uses()
    assert [p.arg for p in found.takes["__init__"]] == ["rows"]
    assert [p.arg for p in found.whole["__init__"]] == ["rows", "room"]
    known = [("(2, 5)", "[('put', ('a',))]")]
    assert [p.arg for p in uses(known=known).takes["__init__"]] == ["rows", "room"]


def test_another_object_is_seen_by_its_attributes():
    found = uses()
    assert found.objects == {("__eq__", "other")}
    assert "__eq__" not in found.plain


def test_another_object_is_of_the_same_size_where_the_task_says_so_or_both_are_paired():
    assert not uses().pairing
    assert "__eq__" in uses("It adds two vectors of the same length.").pairing
    paired = SOURCE.replace("self.items == other.items", "list(zip(self.items, other.items))")
    assert uses(source=paired).pairing == {"__eq__"}
