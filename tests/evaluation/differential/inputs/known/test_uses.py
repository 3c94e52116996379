"""What a function does with a parameter asks for values of a kind."""

import ast

import pytest

from src.evaluation.differential.inputs.known.uses import asked_for


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("return [x % i for i in range(2, x)]", "121"),
        ("return [x[i] == x[i + 1] for i in range(len(x) - 1)]", repr("a" + 12 * "b" + "a")),
        ("return [k for k, g in groupby(x)]", repr("a" + 12 * "b" + "a")),
        ("return '-'.join(x)", """["it's", 'a, b', '[1]', 'x']"""),
    ],
)
def test_divisors_neighbours_and_joined_texts_ask_for_more(body, made):
    assert made in asked(body)
    assert made not in asked("return x")


def asked(body):
    return asked_for(ast.parse(f"def f(x):\n    {body}").body[0], "x")


def test_a_unit_of_a_unit_is_tried_where_large_numbers_take_no_time():
    found = asked("for unit in ['K', 'M']:\n        x /= 1000\n        if x < 1000:\n            return unit")
    assert {"1000000", "999999"} <= {*found}
    assert asked("return [y for y in range(x) if y < 1000]") == []


def test_lists_that_are_compared_with_are_asked_for():
    source = "def f(dice):\n    return sorted(dice) in ([1, 2, 3], [2, 3, 4]) or dice == [5]"
    assert {"[1, 2, 3]", "[2, 3, 4]", "[5]"} <= {*asked_for(ast.parse(source).body[0], "dice")}
