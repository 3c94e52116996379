"""Lists of dictionaries with the keys that a function takes from them."""

import ast
import random

from src.evaluation.differential.inputs.known.records import records_of

OPEN = """
def open_sums(orders):
    out = {}
    for o in orders:
        if not o["paid"] and o["state"] == "sent":
            out[o["customer"]] = out.get(o["customer"], 0) + o["amount"]
    return out
"""


def lists(source, name):
    return [*records_of(ast.parse(source).body[0], name, random.Random(0), 20)]


def test_records_have_the_keys_that_are_taken_with_values_of_their_kinds():
    records = [record for made in lists(OPEN, "orders") for record in made]
    assert all({*record} == {"paid", "state", "customer", "amount"} for record in records)
    assert {record["paid"] for record in records} == {True, False}
    assert "sent" in {record["state"] for record in records}
    assert all(type(record["customer"]) is str and type(record["amount"]) is int for record in records)


def test_without_keys_there_are_none():
    assert lists("def f(items):\n    return [item[0] for item in items]", "items") == []
