"""A mutant differs from its program in one place of a function; a tie mutant only where something ties."""

import ast

import pytest

from src.evaluation.differential.inputs.mutants import mutants, search_mutants, tie_mutants, uncompared
from src.evaluation.differential.program_analysis import definitions


def made(source, most=50):
    return list(mutants(ast.parse(source), most))


@pytest.mark.parametrize(
    ("body", "mutated"),
    [
        ("return a < b", "return a <= b"),
        ("return 1 <= a < b", "return 1 <= a <= b"),
        ("return a - b", "return b - a"),
        ("return a // b", "return a * b"),
        ("return a + 2", "return a + 3"),
        ("return a and b", "return a or b"),
        ("return not a", "return a"),
        ("if a:\n        return b", "if False:\n        return b"),
        ("return [x for x in a if x]", "return [x for x in a]"),
        ("a += b", "pass"),
        ("a.append(b)", "pass"),
        ("return a.strip()", "return a"),
        ("return set(a)", "return a"),
        ("return min(a)", "return max(a)"),
        ("return f(b, a)", "return f(a, b)"),
        ("return a in 'wxyz'", "return a in 'wxy'"),
        ("return sorted(a, key=len)", "return sorted(a)"),
        ("return a[:b]", "return a"),
        ("for x in a:\n        b(x)", "for x in list(a)[:-1]:\n        b(x)"),
    ],
)
def test_operators_constants_branches_calls_and_statements_are_changed(body, mutated):
    assert f"def f(a, b):\n    {mutated}" in made(f"def f(a, b):\n    {body}")


def test_changes_of_one_place_have_one_number_but_for_comparisons():
    def places(body):
        return len(set(mutants(ast.parse(f"def f(a, b):\n    {body}"), 50).values()))

    assert [places(body) for body in ("return 5", "return a - b", "return a < b")] == [1, 1, 2]


def test_definitions_are_left_without_some_functions():
    tree = ast.parse("import re\nk = 2\ndef f(): pass\ndef main(): f()\nmain()")
    assert ast.unparse(definitions(tree, {"main"})) == "import re\nk = 2\n\ndef f():\n    pass"


def test_what_changes_no_result_is_left_alone():
    source = "def f(a: 'x' = None) -> 'y':\n    'Text.'\n    raise ValueError('no ' + a)\nprint(f(1 + 2))\n"
    assert made(source) == []


def test_mutants_are_distinct_bounded_and_the_same_every_time():
    source = "def f(a, b):\n    return [a + 1, a - 2, b * 3, b // 4, a < 5, b > 6]"
    found = made(source, 7)
    assert len(set(found)) == 7
    assert ast.unparse(ast.parse(source)) not in found
    assert found == made(source, 7)


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("if t > best:\n        best = t", "if t >= best:\n        best = t"),
        ("if best is None or t > best:\n        best = t", "if best is None or t >= best:\n        best = t"),
        ("return max(t, key=len)", "return max(list(t)[::-1], key=len)"),
        ("return sorted(t, key=len)", "return sorted(list(t)[::-1], key=len)"),
        (
            "if t >= u:\n        return t\n    else:\n        return u",
            "if t > u:\n        return t\n    else:\n        return u",
        ),
    ],
)
def test_a_tie_mutant_takes_the_other_of_equals(source, mutated):
    assert tie_mutants(ast.parse(f"def f(t):\n    {source}")) == [f"def f(t):\n    {mutated}"]


def test_counts_are_made_from_the_other_end_and_in_the_order_of_texts_where_one_of_equals_is_picked():
    found = tie_mutants(ast.parse("def f(t):\n    return Counter(t).most_common(1)"))
    assert sorted(source.splitlines()[1].strip() for source in found) == [
        "return Counter(list(t)[::-1]).most_common(1)",
        "return Counter(sorted(t, key=str)).most_common(1)",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "if t > 3:\n        return t",
        "while i < n:\n        i += 1",
        "return max(a, b)",
        "return max(t)",
        "return next(t)",
        "return Counter(t)",
        "if t <= 1:\n        return t",
        "if t > limit:\n        return t",
        "return sorted(t, key=lambda x: x not in 'aeiou')",
        "return sorted(t, key=lambda x: not x)",
        "return sorted(t, key=lambda x: x.isdigit())",
        "return sorted(t, key=str.isupper)",
    ],
)
def test_borders_are_no_ties(source):
    assert tie_mutants(ast.parse(f"def f(t):\n    {source}")) == []


def test_definitions_are_what_functions_need():
    source = "import math\nx = 3\ndef f():\n    return x\nprint(f())\nfor i in range(3):\n    print(i)"
    assert ast.unparse(definitions(ast.parse(source))) == "import math\nx = 3\n\ndef f():\n    return x"


def test_what_is_sorted_by_a_key_may_be_sorted_by_text_before():
    found = search_mutants(ast.parse("def f(t):\n    return sorted(t, key=len)"))
    assert found == ["def f(t):\n    return sorted(sorted(t, key=str), key=len)"]


def test_a_search_may_begin_at_the_other_end():
    source = "def f(t):\n    for x in t:\n        if x > 2:\n            return x"
    assert search_mutants(ast.parse(source)) == [source.replace("in t", "in list(t)[::-1]")]
    assert search_mutants(ast.parse(source.replace("return x", "print(x)"))) == []


def test_what_may_change_places_does_not():
    assert "def f(a, b):\n    return min(b, a)" not in made("def f(a, b):\n    return min(a, b)")


def test_what_a_session_does_not_compare_is_left_as_it_is():
    source = "class A:\n    def put(self):\n        print('x' + self.n)\n    def __str__(self):\n        return 'y' + self.n"
    tree = ast.parse(source)
    assert mutants(tree, 50, kept=uncompared(tree, {"put"}, {"__str__"})) == {}
    assert all("'y'" in mutant for mutant in mutants(tree, 50, kept=uncompared(tree, (), {"__str__"})))


def test_a_loop_that_returns_no_item_of_its_own_finds_nothing_else_from_the_other_end():
    found = "def f(t):\n    for x in t:\n        if x > 3:\n            return {}"
    assert search_mutants(ast.parse(found.format("x")))
    assert search_mutants(ast.parse(found.format("(x, 1)")))
    assert not search_mutants(ast.parse(found.format("True")))
    assert not search_mutants(ast.parse(found.format("t[:x]")))
