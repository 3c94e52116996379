"""Calls keep to what a task says of its values: ranges, parts of tuples, units, a row of numbers that lacks one."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.relations import granted_by

PLAIN = "def f(a): pass"
RECORDS = "def f(a):\n    return sum(x['price'] * x['count'] for x in a)"
UNITS = "def f(a):\n    return a.endswith('kg')"


def granted(instruction, function=PLAIN, known=()):
    return granted_by(ast.parse(function).body[0], instruction, known)


@pytest.mark.parametrize(
    ("instruction", "function", "inside", "outside"),
    [
        ("Write an integer between 1 and 3999 in Greek digits.", PLAIN, "3999", "21600"),
        ("Turns a percentage (0-100) into a bar.", PLAIN, "0", "101"),
        ("Gives the mark for a score from 0 to 20: good from 15 to 20.", PLAIN, "7", "21"),
        ("Spell a number up to 999.", PLAIN, "999", "1000"),
        ("Swap the digits of a two-digit number.", PLAIN, "10", "7"),
        ("Average a list of grades from 1 to 6.", PLAIN, "[1, 6]", "[1, 7]"),
        ("Takes a date as a (year, month, day) tuple.", PLAIN, "(3, 12, 28)", "(3, 14, 3)"),
        ("Adds (hours, minutes) tuples in a list.", PLAIN, "[(23, 59), (0, 0)]", "[(3, 60)]"),
        ("Joins (start, end) tuples.", PLAIN, "[(3, 4), (1, 9)]", "[(3, 3)]"),
        ("Takes a price in cents.", PLAIN, "[5]", "[2.5]"),
        ("Guess a word in lower case.", PLAIN, "'tea'", "'The tea'"),
        ("Cuts an upper-case string.", PLAIN, "'A B'", "'a b'"),
        ("Shows a text of six digits in two parts.", PLAIN, "'123 456'", "'12'"),
        ("The cost of a list of records.", RECORDS, "[{'price': 3, 'count': 2}]", "[{'price': 3, 'tea': 2}]"),
        ("A list has the numbers from 1 to n except one.", PLAIN, "[4, 2, 1]", "[2, 4, 4, 8]"),
        ("A list has 0 to n, and one is missing: the missing number.", PLAIN, "[2, 0]", "[]"),
        ("Turn a weight such as '2kg 50g' into grams.", UNITS, "'7g'", "'2KG 50G'"),
        ("Turn a weight such as '2kg 50g' into grams.", UNITS, "'3kg 1g'", "'3g 1g'"),
        ("Turn a weight such as '2kg 50g' into grams.", UNITS, "'12kg'", "'tree'"),
    ],
)
def test_what_is_said_of_values_holds_in_all_calls(instruction, function, inside, outside):
    own = granted(instruction, function)
    assert own.admits((inside,))
    assert own.fitted((inside,)) == (inside,)
    assert not own.admits((outside,))
    assert outside == "[]" or own.admits(own.fitted((outside,)))
    assert granted(instruction, function, [(outside,)]).admits((outside,))  # the sample's own call shows it


@pytest.mark.parametrize(
    ("instruction", "function"),
    [
        ("Return True for an age from 13 to 19.", PLAIN),
        ("Return a number between 1 and 10 or raise a ValueError.", PLAIN),
        ("A price of 5 for anyone from 6 to 17, of 0 for children under 6.", PLAIN),
        ("Print the numbers from 1 to 30 that a number divides.", PLAIN),
        ("Numbers from 10 to 20 are doubled.", "def f(a):\n    return 2 * a if 10 <= a <= 20 else a"),
    ],
)
def test_a_range_that_a_task_tests_or_makes_is_none_of_its_values(instruction, function):
    assert granted(instruction, function).admits(("40",))


@pytest.mark.parametrize(
    "instruction", ["Returns a word in lower case.", "Round to whole numbers.", "Check a text of six digits."]
)
def test_what_is_said_of_a_result_or_asked_is_not_said_of_values(instruction):
    assert granted(instruction).admits(("'The 1'",))
    assert granted(instruction).admits(("2.5",))
