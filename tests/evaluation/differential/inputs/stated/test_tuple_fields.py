"""Lists of tuples have the fields that the task names, and keys that meet."""

import datetime
import random

from src.evaluation.differential.inputs.stated.tuple_fields import fields_in, lists_of_tuples

TASK = "It takes customers, as (id, name) tuples, and orders, as (customer id, amount) tuples."


def test_fields_are_read_in_order():
    assert fields_in(TASK) == (("id", "name"), ("customer id", "amount"))
    assert fields_in("It returns f(a, b) of a tuple.") == ()


def test_keys_of_the_second_list_are_among_those_of_the_first():
    draw = random.Random(0)
    for _ in range(50):
        customers, orders = lists_of_tuples(fields_in(TASK), draw)
        keys = [key for key, _ in customers]
        assert len(set(keys)) == len(keys) > 1
        assert {key for key, _ in orders} <= {*keys}
        names = [name for _, name in customers]
        assert all(isinstance(name, str) for name in names)
        assert len(set(names)) == len(names)


def test_keys_are_left_without_orders_at_times_and_have_several_at_others():
    draw = random.Random(1)
    found = [lists_of_tuples(fields_in(TASK), draw) for _ in range(50)]
    assert any({key for key, _ in customers} - {key for key, _ in orders} for customers, orders in found)
    assert any(len({key for key, _ in orders}) < len(orders) for _, orders in found)


def test_a_date_is_a_date():
    (readings,) = lists_of_tuples(fields_in("It takes (sensor, date, value) tuples."), random.Random(0))
    assert all(datetime.date.fromisoformat(day) for _, day, _ in readings)
