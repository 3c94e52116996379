"""Printed data and its order count; the wording and layout around it do not."""

import pytest

from src.evaluation.differential.printed import same_printed, text_of
from src.evaluation.differential.rewriting import WORDING_BEGINS, WORDING_ENDS


def same(left, right, ordered=True):
    """Whether both say the same; wording stands between < and >."""
    marked = [text.replace("<", WORDING_BEGINS).replace(">", WORDING_ENDS) for text in (left, right)]
    return same_printed(*marked, ordered)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("8.05", "<Total price:> 8.05"),
        ("<Each pays> $24.84", "<The share is> 24.84 <dollars>"),
        ("1\n4\n9", "[1, 4, 9]"),
        ("1\n4", "1 <is a perfect square>\n4 <is a perfect square>"),
        ("11 15", "(11, 15)"),
        ("['4.00 EUR', '12.50 EUR']", "4.00 EUR\n12.50 EUR"),
        ("3.14", "3.14159"),  # at the reference's precision
        ("3\n2", "Countdown:\n3\n2"),  # a heading
        ("<Hours:> 2\n<Minutes:> 46", "2\n46"),
        ("2.0", "2"),
        ("Liftoff", "Liftoff!"),
    ],
)
def test_wording_layout_and_further_digits_are_free(reference, answer):
    assert same(reference, answer)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("8.05", "8.50"),
        ("1\n4\n9", "1\n4"),
        ("1\n4", "4\n1"),
        ("7 <is prime>", "7 <is not prime>"),
        ("2 is even\n3 is odd", "2 is odd\n3 is even"),
        ("1 <is odd>\n2 <is even>", "1 <is even>\n2 <is odd>"),
        ("Hello", "Goodbye"),
        ("5", ""),
        ("", "5"),
        ("25", "25.4"),  # no fraction: nothing is rounded
        ("3.14159", "3.1"),
        ("#\n##\n###", "###\n##\n#"),
        ("#\n##\n###", " #\n##\n###"),
        ("  +\n ++", "+\n++"),
        ("a", "A"),
    ],
)
def test_other_data_order_or_pictures_are_not_the_same(reference, answer):
    assert not same(reference, answer)


def test_order_is_free_where_it_means_nothing():
    assert same("chess\ngolf", "golf\nchess", ordered=False)
    assert not same("chess\ngolf", "golf\nyoga", ordered=False)


@pytest.mark.parametrize(
    ("described", "text"),
    [
        (["s", "a b"], "a b"),
        (["l", [["i", "0x5"], ["s", "x"]]], "[5, 'x']"),
        (["t", [["f", "1.5"]]], "(1.5)"),
        (["d", [[["s", "a"], ["b", 1]]]], "{'a': True}"),
        (["n"], "None"),
        (["h", "l", 3, "digest"], None),
        (["u"], None),
        (["l", [["h", "l", 3, "digest"]]], None),
    ],
)
def test_a_described_value_is_shown_as_print_shows_it(described, text):
    assert text_of(described) == text
