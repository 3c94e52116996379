"""Lists of numbers whose total is near a number that a function knows."""

import ast

import pytest

from src.evaluation.differential.inputs.known.totals import compared_totals, near_totals
from src.languages.syntax import literal

SHIPPING = """
def pay(prices, code):
    total = sum(prices)
    if code == "FIVE" and total >= 30:
        total -= 5
    return total
"""
INVOICE = """
def invoice(lines):
    total = 0
    for quantity, price in lines:
        total += quantity * price
    if total < 5000:
        total += 490
    return total
"""


def function_of(source):
    return ast.parse(source).body[0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SHIPPING, [30]),
        (INVOICE, [5000]),
        ("def f(n):\n    if n < 5000:\n        return 1", []),  # nothing is added up
    ],
)
def test_numbers_that_a_total_is_held_against_are_known(source, expected):
    assert compared_totals(function_of(source)) == expected


def test_totals_are_at_the_number_and_beside_it_with_the_text_that_is_known():
    calls = [
        *near_totals(function_of(SHIPPING), ["prices", "code"], [("[3, 1]", "'a'")], ast.parse(SHIPPING))
    ]
    assert {code for _, code in calls} == {"'FIVE'"}
    assert {sum(literal(prices)) for prices, _ in calls} == {28, 30, 31, 32}


def test_of_pairs_the_products_are_added_up():
    calls = [*near_totals(function_of(INVOICE), ["lines"], [("[(5, 70)]",)], ast.parse(INVOICE))]
    totals = [sum(a * b for a, b in literal(lines)) for (lines,) in calls]
    assert 5000 <= min(total for total in totals if total >= 5000) < 5010
    assert any(total < 5000 for total in totals)
