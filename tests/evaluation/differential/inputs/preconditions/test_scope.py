"""Which calls a task is about, and which are at its edge."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.preconditions.ordinary_numbers import (
    adds_any_numbers,
    counts_from_one,
)
from src.evaluation.differential.inputs.preconditions.relations import granted_by
from src.evaluation.differential.inputs.preconditions.scope import (
    Scope,
    grows_fast,
    speaks_of_words,
)

ANY = Domain(True, True, True, True, True)


@pytest.mark.parametrize(
    ("call", "edge"),
    [
        (("0",), True), (("1",), True), (("2",), False), (("True",), False), (("[]",), True), (("[7]",), True),
        (("[7, 8]",), False), (("'a'",), False), (("'!?'",), True), (("'a b.'",), False), (("2", "[5]"), True),
    ],
)  # fmt: skip
def test_the_edge_of_what_a_function_is_for(call, edge):
    scope = Scope(Domain(), {"f": granted_by(ast.parse("def f(x, y=0): pass").body[0], "", [])}, frozenset())
    assert scope.is_edge(("f", call)) is edge
    spoken = Scope(ANY, scope.granted, frozenset())
    assert spoken.is_edge(("f", call)) is (edge and call not in (("0",), ("[]",)))
    assert not Scope(Domain(), scope.granted, frozenset({call})).is_edge(("f", call))


def test_signs_in_a_text_are_an_edge_where_a_task_speaks_of_words():
    granted = {"f": granted_by(ast.parse("def f(x): pass").body[0], "", [])}
    assert Scope(ANY, granted, frozenset(), speaks_of_words("The longest word")).is_edge(("f", ("'a, b'",)))
    assert not speaks_of_words("The longest word, without punctuation")
    assert not speaks_of_words("The longest text")


def test_a_session_is_admitted_by_its_values():
    session = ("(5,)", "[('put', (-3,)), ('total', ())]")
    assert not Scope(Domain(), {}, frozenset()).admits(("Account", session))
    assert Scope(Domain(negative=True), {}, frozenset()).admits(("Account", session))
    assert Scope(Domain(), {}, frozenset({session})).admits(("Account", session))


def test_what_the_task_speaks_of_is_among_the_calls():
    calls = [("f", ("3", "0")), ("f", ("0", "2")), ("f", ("-1", "2")), ("f", ("4", "5"))]
    scope = Scope(
        Domain(zero=True, negative=True),
        {"f": granted_by(ast.parse("def f(a, b): pass").body[0], "", [])},
        frozenset(),
    )
    assert sorted(map(sorted, scope.spoken(calls))) == [[0], [1], [2]]
    assert Scope(Domain(), scope.granted, frozenset()).spoken(calls) == []


def test_large_numbers_are_an_edge_where_time_grows_fast():
    granted = {"f": granted_by(ast.parse("def f(n): pass").body[0], "", [])}
    grows = grows_fast("The first n numbers of the Fibonacci sequence")
    assert Scope(Domain(), granted, frozenset(), grows=grows).is_edge(("f", ("100",)))
    assert not Scope(Domain(), granted, frozenset(), grows=grows).is_edge(("f", ("20",)))
    assert not grows_fast("The sum of two numbers")


@pytest.mark.parametrize(
    ("source", "counts", "adds"),
    [
        ("def f(n):\n    return 1 if n == 0 else n * f(n - 1)", True, False),
        ("def f(n):\n    return sum(range(1, n + 1))", True, False),
        ("def f(n):\n    return [n for i in range(2, n)]", False, False),
        ("def f(x, y):\n    return x - y", False, True),
        ("def f(price, tax):\n    return price + tax", False, False),
        ("def f(a, b):\n    return a / b", False, False),
        ("def f(numbers):\n    return sum(numbers)", False, True),
        ("def f(nums):\n    r = 1\n    for n in nums:\n        r *= n\n    return r", False, True),
        ("def f(nums):\n    return [n for n in nums if n]", False, False),
        ("def f(arr):\n    s = 0\n    for i in range(len(arr)):\n        s += arr[i]\n    return s", False, True),
        ("def f(numbers):\n    return sum(numbers) / len(numbers)", False, True),
        ("def f(dict1, dict2):\n    r = dict1.copy()\n    for k, v in dict2.items():\n        r[k] = r.get(k, 0) + v\n    return r", False, True),
        ("def f(list1, n):\n    return list1[n] + 1", False, False),
        ("def f(num):\n    s = 0\n    for i in range(num + 1):\n        s += i\n    return s", True, False),
        ("def f(numbers):\n    return sum(numbers) / numbers[0]", False, False),
    ],
)  # fmt: skip
def test_one_and_negative_numbers_are_ordinary_for_some_functions(source, counts, adds):
    function = ast.parse(source).body[0]
    assert counts_from_one(function) is counts
    assert adds_any_numbers(function) is adds
    granted = {"f": granted_by(function, "", [])}
    scope = Scope(Domain(), granted, frozenset(), from_one=frozenset({"f"} if counts else ()))
    assert scope.is_edge(("f", ("1",))) is not counts


def test_of_objects_made_with_fewer_values_some_are_kept():
    sessions = [("A", (made, "[]")) for made in ("()", "(1,)", "()", "(2,)")]
    groups = Scope(Domain(), {}, frozenset()).spoken(sessions)
    assert sorted(map(sorted, groups)) == [[0], [2]]


def test_what_is_empty_is_never_natural():
    granted = {"f": granted_by(ast.parse("def f(x): pass").body[0], "", [])}
    calls = [("f", ("'ab'",)), ("f", ("''",)), ("f", ("'  '",)), ("f", ("-1",))]
    assert Scope(Domain(), granted, frozenset()).natural(calls, {1, 2, 3}, []) == frozenset()


def test_a_half_is_natural_where_a_function_only_calculates():
    granted = {"f": granted_by(ast.parse("def f(x): pass").body[0], "", [])}
    smooth = Scope(Domain(), granted, frozenset(), smooth=frozenset({"f"}))
    assert smooth.natural([("f", ("2",)), ("f", ("2.5",))], (), []) == {1}
    assert Scope(Domain(), granted, frozenset()).natural([("f", ("2.5",))], (), []) == frozenset()


def test_sessions_in_which_a_method_is_given_a_half_are_among_the_calls():
    calls = [
        ("A", ("(5,)", "[('put', (2,))]")),
        ("A", ("(5,)", "[('put', (2.5,))]")),
        ("A", ("(0.5,)", "[('put', (2,))]")),
    ]
    groups = Scope(Domain(), {}, frozenset()).spoken(calls)
    assert frozenset({1}) in groups
    assert frozenset({2}) in groups


def test_a_sign_that_the_sample_shows_is_no_edge():
    granted = {"f": granted_by(ast.parse("def f(text): pass").body[0], "", [])}
    call = ("f", ("'One cat, one dog.'",))
    assert Scope(Domain(), granted, frozenset(), of_words=True, shown=frozenset(".")).is_edge(call)
    assert not Scope(Domain(), granted, frozenset(), of_words=True, shown=frozenset(".,")).is_edge(call)
