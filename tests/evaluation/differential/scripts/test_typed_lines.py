"""Arguments are typed in the ways in which a script may ask for them, and in no way that it would read otherwise."""

import ast

import pytest

from src.evaluation.differential.scripts.typed_lines import MAX_WAYS, ways_to_type

ASKING = "while True:\n    line = input()\n    if line == 'done': break"


@pytest.mark.parametrize(
    ("script", "arguments", "text"),
    [
        ("n = int(input())", ("7",), "7\n"),
        ("a = input()\nb = input()", ("'to be'", "2.5"), "to be\n2.5\n"),
        ("a, b = input().split()", ("3", "4"), "3 4\n"),
        ("a, b = input().split(',')", ("3", "4"), "3,4\n"),
        ("k = int(input())\ns = input()", ("'ab'", "3"), "3\nab\n"),  # asked for in another order
        ("x = input().split()", ("[1, -2]",), "1 -2\n"),
        ("x = input().split(',')", ("['a b', 'c']",), "a b,c\n"),
        ("x = input().split('; ')", ("['a', 'b']",), "a; b\n"),
        ("for line in sys.stdin: pass", ("[1, 2]",), "1\n2\n"),
        ("while s := input(): pass", ("[1, 2]",), "1\n2\n\n"),
        (ASKING, ("[1, 2]",), "1\n2\ndone\n"),
        (ASKING, ("5",), "5\ndone\n"),  # one that goes on asking
        ("for s in iter(input, 'end'): pass", ("['a']",), "a\nend\n"),
        ("while (n := int(input())) != -1: pass", ("[4, 2]",), "4\n2\n-1\n"),
        ("for _ in range(int(input())): input()", ("['a', 'b']",), "2\na\nb\n"),
        ("n = input()\nx = input().split()", ("[5, 6]",), "2\n5 6\n"),
        ("x = input().split()\nk = int(input())", ("[5, 6]", "2"), "5 6\n2\n"),
        ("for _ in range(int(input())): input().split()", ("[[1, 2], [3, 4]]",), "2\n1 2\n3 4\n"),
        ("r, c = map(int, input().split())", ("[[1, 2, 3], [4, 5, 6]]",), "2 3\n1 2 3\n4 5 6\n"),
        ("r = int(input())\nc = int(input())", ("[[1, 2], [3, 4]]",), "2\n2\n1\n2\n3\n4\n"),
        ("for _ in range(int(input())): input(), input()", ("{'a': 1, 'b': 2}",), "2\na\n1\nb\n2\n"),
        ("while s := input(): s.split(':')", ("{'a': 1, 'b': 2}",), "a:1\nb:2\n\n"),
        ("x = json.loads(input())", ("['a', 'b']",), '["a", "b"]\n'),
        ("x = [int(c) for c in input()]", ("[1, 2]",), "12\n"),
        ("x = input().split()", ("'KQA'",), "K Q A\n"),
        ("x = input()", ("True",), "yes\n"),
    ],
)
def test_arguments_are_typed_as_a_script_may_ask_for_them(script, arguments, text):
    ways = ways_to_type(ast.parse(script), [arguments])
    assert [text] in ways
    assert len(ways) <= MAX_WAYS


@pytest.mark.parametrize(
    ("script", "arguments", "text"),
    [
        ("x = input().split()", ("['a b', 'c']",), "a b c\n"),  # three
        ("x = input().split(',')", ("['a,b', 'c']",), "a,b,c\n"),
        (
            "while (n := int(input())) != 0: pass",
            ("[2, 3]",),
            "2\n2\n3\n0\n",
        ),  # the number of them would be one more
        (ASKING, ("['done', 'a']",), "done\na\ndone\n"),
        ("while s := input(): pass", ("['a', '', 'b']",), "a\n\nb\n\n"),
        ("x = [int(c) for c in input()]", ("[12, 3]",), "123\n"),
        ("a = int(input())\nb = int(input())", ("3", "4"), "4\n3\n"),  # which is which, nothing tells
        ("x = input()", ("'a\\nb'",), "a\nb\n"),
    ],
)
def test_what_would_be_read_as_something_else_is_not_typed(script, arguments, text):
    assert [text] not in ways_to_type(ast.parse(script), [arguments])


def test_one_way_holds_for_all_calls():
    script = ast.parse("x = input().split(',')")
    ways = ways_to_type(script, [("['a', 'b']",), ("['a b']",), ("['a,b']",)])
    assert ["a,b\n", "a b\n", None] in ways
    assert all(len(way) == 3 for way in ways)


def test_nothing_is_typed_for_a_function():
    assert ways_to_type(ast.parse("x = input()"), [("'\\u0192len'",)]) == []
