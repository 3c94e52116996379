"""Annotation, use and name of a parameter suggest its kind."""

import ast

import pytest

from src.evaluation.differential.inputs.forms.pools import POOLS
from src.evaluation.differential.inputs.type_inference import likely_kinds


def function(source):
    return ast.parse(source).body[0]


def kinds(source):
    made = function(source)
    return likely_kinds(made, made.args.args[0])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(x: str): pass", "str"),
        ("def f(x: List[int]): pass", "list[int]"),
        ("def f(x: typing.List[List[int]]): pass", "matrix"),
        ("def f(x: 'List[int]'): pass", "int"),
        ("def f(x):\n    return x.lower()", "str"),
        ("def f(x):\n    return x.items()", "dict"),
        ("def f(x):\n    return x % 2", "int"),
        ("def f(x):\n    return sum(x)", "list[int]"),
        ("def f(n):\n    return open(n).read()", "file"),
        ("def f(x):\n    return [y.strip() for y in x]", "list[str]"),
        ("def f(x):\n    return x[0].split()", "list[str]"),
        ("def f(unknown_thing): pass", "int"),
        ("def f(x):\n    return [a for a, b in x if b]", "list[pair]"),
        ("def f(x):\n    return list(zip(*x))", "matrix"),
        ("def f(points):\n    return 3 + points", "int"),
        ("def f(points):\n    return [x + 1 for x, _ in points]", "list[pair]"),
        ("def f(direction):\n    return direction == 'left'", "str"),
    ],
)
def test_annotation_use_and_name_suggest_a_kind(source, kind):
    assert kinds(source)[0] == kind


def test_an_annotation_goes_before_the_use_and_the_use_before_the_name():
    assert kinds("def f(words: dict):\n    return words.lower()")[:3] == ["dict", "str", "list[str]"]


def test_every_kind_that_is_suggested_has_examples():
    for name in "x words email dob records pairs flag price binary tup group_set".split():
        found = kinds(f"def f({name}): pass")
        assert len(found) == len(set(found))
        assert set(found) <= set(POOLS)


def test_a_default_tells_the_kind_of_what_may_be_left_out():
    function = ast.parse("def paint(size='wide', count=2, dry=False, other=None): pass").body[0]
    assert [likely_kinds(function, p)[0] for p in function.args.args[:3]] == ["str", "int", "bool"]


def test_what_is_only_asked_whether_it_holds_is_a_bool():
    def first(source):
        function = ast.parse(source).body[0]
        return likely_kinds(function, function.args.args[0])[0]

    assert first("def f(urgent):\n    return 1 if urgent else 2") == "bool"
    assert first("def f(urgent):\n    return not urgent") == "bool"
    assert first("def f(items):\n    return sum(items) if items else 0") != "bool"
