"""Values for sessions come from what the class knows, and differ where a method does not calculate with them."""

import ast
import random

from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.sessions.members import methods_of
from src.evaluation.differential.inputs.sessions.session_values import (
    are_apart,
    calculates_with,
    drawn_values,
    other_than,
    sizes_in,
    text_keys,
    with_parts,
)

SOURCE = """
class Tank:
    def __init__(self, litres):
        self.litres = litres
    def fill(self, amount):
        if self.litres + amount > 730:
            return False
        self.litres += amount
        return True
    def label(self, name):
        self.name = name
"""
TREE = ast.parse(SOURCE)
TANK = TREE.body[0]
METHODS = methods_of(TANK, TREE)


def values(seed):
    takes = {name: (method, method.args.args[1:]) for name, method in METHODS.items()}
    return drawn_values(TANK, TREE, takes, {}, "", random.Random(seed), seed, Domain())


def test_numbers_that_the_class_compares_with_are_among_the_values():
    found = {value for seed in range(20) for value in values(seed)["amount"]}
    assert found & {729, 730, 731}


def test_values_are_the_same_for_the_same_seed():
    assert values(3) == values(3)


def test_a_method_calculates_with_numbers_and_not_with_names():
    assert calculates_with(METHODS["fill"], "amount")
    assert not calculates_with(METHODS["label"], "name")


def test_another_value_is_of_the_same_kind():
    assert other_than("a", 3) == "a3"
    assert other_than(2, 3) == 5
    assert other_than(True, 3) is True


def test_parts_of_what_an_object_is_made_of_are_among_the_values():
    found = with_parts({"name": ["x", "y", "z"], "n": [1]}, [{"tea": 3}])
    assert "tea" in found["name"]
    assert 3 in found["n"]


def test_what_is_measured_is_given_halves_too_unless_the_task_speaks_of_whole_numbers():
    takes = {name: (method, method.args.args[1:]) for name, method in METHODS.items()}

    def given(instruction):
        return {
            value
            for seed in range(20)
            for value in drawn_values(
                TANK, TREE, takes, {"fill": [(5,)]}, instruction, random.Random(seed), seed, Domain()
            )["amount"]
        }

    assert any(value % 1 for value in given("A tank"))
    assert not any(value % 1 for value in given("A tank for a number of fish"))


def test_numbers_outside_the_domain_are_not_drawn():
    def numbers(domain):
        takes = {name: (method, method.args.args[1:]) for name, method in METHODS.items()}
        seeds = range(0, 40, 2)
        found = [
            drawn_values(TANK, TREE, takes, {}, "", random.Random(n), n, domain)["amount"] for n in seeds
        ]
        return {number for values in found for number in values}

    assert min(numbers(Domain())) > 0
    assert min(numbers(Domain(negative=True, zero=True))) < 0


def test_keys_of_one_table_are_texts_where_one_of_them_is():
    bank = ast.parse("""
class Bank:
    def open(self, name):
        self.accounts[name] = 0
    def transfer(self, giver, receiver, amount):
        self.accounts[giver] -= amount
        self.accounts[receiver] += amount
""").body[0]
    assert text_keys(bank) == {"name", "giver", "receiver"}


def test_what_an_object_has_room_for_is_compared_with_a_length():
    assert sizes_in(ast.parse("class A:\n def f(self): return len(self.items) == self.capacity").body[0]) >= {
        "capacity"
    }
    assert "litres" not in sizes_in(TANK)


def test_sums_and_letters_of_what_an_object_is_made_of_are_among_the_values():
    assert 110 in with_parts({"amount": [5]}, [100, 10])["amount"]
    assert {"j", "a"} <= {*with_parts({"letter": ["x"]}, ["java"])["letter"]}
    assert with_parts({"name": ["x"]}, ["java"])["name"] == ["x"]


def test_a_field_is_one_that_the_records_have():
    tree = ast.parse(
        "class Table:\n    def insert(self, record):\n        self.rows.append(record)\n"
        "    def find(self, field, value):\n        return [r for r in self.rows if r[field] == value]"
    )
    insert, find = tree.body[0].body
    takes = {node.name: (node, node.args.args[1:]) for node in (insert, find)}
    found = drawn_values(tree.body[0], tree, takes, {}, "", random.Random(1), 1, Domain())
    assert {*found["field"]} <= {key for record in found["record"] for key in record}


def test_nobody_pays_himself():
    method = ast.parse("def transfer(self, giver, receiver, amount): self.a[giver] -= amount").body[0]
    own = method.args.args[1:]
    assert are_apart(method, own, ("Ann", "Bob", 2))
    assert not are_apart(method, own, ("Ann", "Ann", 2))
    keys = ast.parse("def move(self, x, y): self.t[x], self.t[y] = self.t[y], self.t[x]").body[0]
    assert not are_apart(keys, keys.args.args[1:], (1, 1))
    assert are_apart(keys, keys.args.args[1:], (1, 2))
