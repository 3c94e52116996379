"""Texts that a function knows, and others of their family."""

import ast

import pytest

from src.evaluation.differential.inputs.known.constants import (
    around,
    compared_constants,
    dispatched_on,
    input_texts,
    looked_up,
    stripped_signs,
    texts_for,
)

TABLE = "D = {'red': 1, 'green': 2}\n"


def parsed(source):
    tree = ast.parse(source)
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef)), tree


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("return D.get(x.lower(), 0)", ["red", "green"]),
        ("return D[x]", ["red", "green"]),
        ("return x in D", ["red", "green"]),
        ("return x == 'blue' or 'pink' != x", ["blue", "pink"]),
        ("match x:\n        case 'a' | 'b':\n            return 1", ["a", "b"]),
        ("return other in D", []),
        ("return len(x) in D", []),
    ],
)
def test_what_a_parameter_is_held_against_is_found(body, known):
    assert looked_up(*split(f"{TABLE}def f(x, other):\n    {body}")) == known


def split(source):
    function, tree = parsed(source)
    return function, "x", tree


def test_a_function_that_knows_a_day_is_asked_for_the_others():
    texts = texts_for(*split("def f(x):\n    return x in ['Saturday', 'Sunday']"))
    assert texts[:2] == ["Saturday", "Sunday"]
    assert "Friday" in texts
    assert "friday" not in texts
    assert "SUNDAY" not in texts
    assert "SUNDAY" in texts_for(*split("def f(x):\n    return x.lower() in ['saturday', 'sunday']"))


def test_only_what_is_told_apart_one_by_one_is_a_choice():
    both = "def f(x):\n    if x == 'up':\n        return 1\n    if x == 'down':\n        return 2"
    assert dispatched_on(parsed(both)[0], "x") == ["up", "down"]
    assert dispatched_on(parsed("def f(x):\n    return x in ('up', 'down')")[0], "x") == []


def test_signs_at_the_ends_of_words_are_those_that_are_taken_away():
    function, _ = parsed("def f(x):\n    return [w.strip('.,x ').rstrip('!').lstrip('#') for w in x.split()]")
    assert set(stripped_signs(function)) == set(".,!")


def test_a_text_stands_at_both_ends_and_in_the_middle():
    made = list(around("e", both_cases=False))
    assert any(text.count("e") > 1 for text in made)
    assert any(text.startswith("e") for text in made)
    assert any(text.endswith("e") for text in made)
    assert any("E" in text for text in around("e", both_cases=True))


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("return t.count('e')", ["e"]),
        ("return 'x' + t", []),
        ("import re\n    return re.sub('[a-z]+', '-', t)", []),
        ("for p in ('Mr. ', 'Ms. '):\n        pass", ["Mr. ", "Ms. "]),
        ("return f'{t}!'", []),
    ],
)
def test_what_goes_into_results_is_no_input(body, texts):
    assert input_texts(parsed(f"def f(t):\n    {body}")[0]) == texts


@pytest.mark.parametrize(
    ("body", "constants"),
    [
        ("if unit == 'C':\n        pass\n    if unit.upper() == 'F':\n        pass", ["'C'", "'F'"]),
        ("return unit > 3 or unit > 3", ["3", "4", "2"]),
        ("return 1 <= unit", ["1", "2", "0"]),
        ("return len(unit) < 1", ["'A'", "'Ab'", "''", "'a'", "'ab'", "[3]", "[3, 4]", "[]"]),
        ("return '.' in unit", ["'ab.cd'", "'ab.cd.ef'", "'.ab'", "'abcd'", "'.'"]),
        ("return unit is None", []),
        ("return other == 'C'", []),
    ],
)
def test_constants_that_a_parameter_is_compared_with_are_found(body, constants):
    assert compared_constants(parsed(f"def f(unit, other):\n    {body}")[0], "unit") == constants
