"""What all calls of a reference keep to is read from its functions, its task and the calls that it shows."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.setting import setting_of


def setting(reference, instruction="", input="", seen=None):
    return setting_of(ast.parse(reference), reference, seen or {}, input, instruction)


def test_entries_and_the_calls_that_the_sample_shows_are_found():
    found = setting(
        "class Door:\n    def open(self):\n        return 1\n\ndef inner(n):\n    return n\n\ndef outer(n):\n    return inner(n)",
        "Double it. For 'x' it fails.",
        "4",
        {"outer": [["7"]]},
    )
    assert [*found.functions] == ["outer"]
    assert [*found.classes] == ["Door"]
    assert found.known["outer"] == [("7",), ("4",)]
    assert {("7",), ("4",)} <= found.scope.known


@pytest.mark.parametrize(
    ("reference", "instruction", "call", "inside"),
    [
        ("def f(numbers):\n    return sum(numbers)", "Add up numbers.", "[-3, 0]", True),
        ("def f(prices):\n    return sum(prices)", "Add up prices.", "[-3, 4]", False),
        ("def f(dict1, dict2):\n    return {k: v + dict2[k] for k, v in dict1.items()}", "Add up two dictionaries.", "{'a': 0}", True),
        ("def f(n):\n    return n - 1 if n > 3 else n", "Do it.", "0", False),
        ("def f(n):\n    if n <= 1:\n        return n\n    return f(n - 1) + f(n - 2)", "The n-th Fibonacci number.", "0", True),
        ("def f(items, n):\n    return items[n]", "The item at a place.", "0", True),
        ("def f(text):\n    return len(text)", "Length of a text.", "' a'", False),
    ],
)  # fmt: skip
def test_ordinary_values_depend_on_what_a_function_does_with_them(reference, instruction, call, inside):
    assert setting(reference, instruction).scope.domain.admits((call,)) is inside


def test_signs_of_shown_calls_are_kept_apart_from_those_that_functions_know():
    found = setting(
        "def f(text):\n    return text.split('+')", "Take it apart.", "", {"f": [["'One, two.'"]]}
    )
    assert found.scope.named == {"+"}
    assert {",", "."} <= found.scope.shown


def test_larger_numbers_are_no_edge_where_it_does_not_matter_how_long_a_call_takes():
    found = setting("def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)", "The n-th Fibonacci number.")
    assert found.scope.is_edge(("f", ("60",)))
    assert not found.of_any_time().scope.is_edge(("f", ("60",)))
    assert found.of_any_time().scope.is_edge(("f", ("80",)))
    assert found.of_any_time().any_numbers == {"f"}
    other = setting("def f(price):\n    return price + 1", "Add one.")
    assert other.of_any_time() is other
    assert other.any_numbers == frozenset()
    assert setting("def f(numbers):\n    return max(numbers)").any_numbers == {"f"}
