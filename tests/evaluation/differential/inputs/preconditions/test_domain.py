"""An input belongs to a task where its text or its own calls show such inputs."""

import pytest

from src.evaluation.differential.inputs.preconditions.domain import (
    Domain,
    described_kinds,
    shown_domain,
    speaks_of_whole,
)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("0",), {"zero"}),
        (("[1, 0]",), {"zero"}),
        (("-2",), {"negative"}),
        (("{'a': -2}",), {"negative"}),
        (("[]",), {"empty"}),
        (("['a', '']",), {"empty"}),
        (("' a'",), {"spaces"}),
        (("True", "False", "None"), set()),
        (("5", "'a b'", "[1, 2]"), set()),
    ],
)
def test_values_that_must_be_shown(arguments, shown):
    every = dict.fromkeys(("zero", "negative", "empty", "spaces"), True)
    assert Domain(**every).admits(arguments)
    for name in every:
        assert Domain(**every | {name: False}).admits(arguments) is (name not in shown)


@pytest.mark.parametrize(
    ("instruction", "flags"),
    [
        ("Sum a list of numbers.", set()),
        ("Return 0 for an empty list.", {"empty", "zero"}),
        ("Returns None if the list is too short.", {"empty"}),
        ("Return an empty string if the name has no dot.", {"empty"}),
        ("Is a number negative?", {"negative"}),
        ("Below 0 degrees it is ice.", {"zero", "negative"}),
        ("A non-negative integer", {"zero"}),
        ("For a tie, return the earlier day.", {"ties"}),
        ("Return the first if both are equally near.", {"ties"}),
        ("How many lines are not blank?", {"empty", "spaces"}),
        ("Ignore spaces at the end.", {"spaces"}),
        ("It costs 0.50, 10 or 20.", set()),
        ("Converts a temperature to Fahrenheit.", {"negative"}),
        ("Converts Kelvin to Celsius.", set()),
    ],
)
def test_an_instruction_shows_inputs(instruction, flags):
    domain = shown_domain(instruction, "", [])
    assert {
        name for name in ("empty", "zero", "negative", "ties", "spaces") if getattr(domain, name)
    } == flags


@pytest.mark.parametrize(
    ("call", "name"), [(["0"], "zero"), (["[-1]"], "negative"), (["[]"], "empty"), (["'a '"], "spaces")]
)
def test_a_call_of_the_sample_shows_inputs(call, name):
    domain = shown_domain("", "", [call])
    assert [getattr(domain, flag) for flag in ("zero", "negative", "empty", "spaces")].count(True) == 1
    assert getattr(domain, name)


@pytest.mark.parametrize(
    ("instruction", "kinds"),
    [
        ("A function that takes a list of words and returns the longest.", ("list[str]",)),
        ("Check whether one word is an anagram of another.", ("str", "str")),
        ("It yields a tuple of neighbours.", ()),
        ("It takes two sets of hobbies and returns those in both.", ("set", "set")),
        ("It takes a dictionary from names to ages and returns the oldest.", ("dict",)),
        ("It takes a list and a limit.", ("list", "int")),
        ("It takes two booleans and returns True.", ("bool", "bool")),
        ("Reverse it.", ()),
        ("Find the prefix amongst an array of strings.", ("list[str]",)),
        ("It takes a string and returns a list of words.", ("str",)),
        ("Count the letters of a word into a dictionary.", ("str",)),
        ("It takes a list of tips, each a list of six numbers, and returns the best.", ("matrix",)),
        ("It takes a list of orders, each a dictionary with a sum, and returns it.", ("list[dict]",)),
    ],
)
def test_an_instruction_names_kinds_of_arguments(instruction, kinds):
    assert described_kinds(instruction) == kinds


def test_numbers_of_things_are_whole():
    assert speaks_of_whole("Takes the number of boxes")
    assert speaks_of_whole("Add two integers")
    assert not speaks_of_whole("Takes a number and a length")


def test_what_is_in_lists_and_what_is_quoted_is_known():
    domain = shown_domain("It takes the lives and a list of events, 'hit' or \"coin\".", "", [])
    assert domain.lists == {"events"}
    assert domain.quoted == ("hit", "coin")
