"""Texts and lists of what a function tells apart."""

import ast
import random

from src.evaluation.differential.inputs.known.alphabets import alphabet_of, lists_of, texts_of


def parsed(source):
    tree = ast.parse(source)
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef)), tree


def test_brackets_are_closed_in_order_and_out_of_order():
    function, tree = parsed(
        "P = {')': '(', ']': '['}\ndef f(t):\n    for c in t:\n        if c in '([':\n            pass\n        elif c in P:\n            pass"
    )
    alphabet = alphabet_of(function, tree)
    assert set(alphabet) == set("()[]")
    texts = list(texts_of(alphabet, random.Random(0), 40))
    assert all(set(text) <= set("()[]") for text in texts)
    assert any(
        text.count("(") == text.count(")") > 0 and text.index(")") < text.index("(")
        for text in texts
        if "(" in text
    )
    assert "()" in texts


def test_other_signs_make_rows_and_words_make_none():
    function, tree = parsed("def f(t):\n    return [c for c in t if c == '+' or c == '-']")
    assert set("".join(texts_of(alphabet_of(function, tree), random.Random(1), 9))) == {"+", "-"}
    assert alphabet_of(*parsed("def f(t):\n    return [c for c in t if c == 'red']")) == ""


def test_letters_that_are_counted_make_rows():
    function, tree = parsed("def f(points):\n    return points.count('A') - points.count('B')")
    assert set(alphabet_of(function, tree)) == {"A", "B"}
    assert alphabet_of(*parsed("def f(text):\n    return text.count('a')")) == ""


def test_items_that_a_loop_tells_apart_make_lists_with_numbers_where_it_reads_these():
    source = "def f(cards):\n    for c in cards:\n        if c == 'A' or c in ('J', 'Q'):\n            pass\n"
    function, tree = parsed(source)
    found = list(lists_of(function, "cards", tree, random.Random(0), 20))
    assert {item for items in found for item in items} == {"A", "J", "Q"}
    function, tree = parsed(source + "        else:\n            int(c)")
    found = list(lists_of(function, "cards", tree, random.Random(0), 20))
    assert any(item.isdigit() for items in found for item in items)
    found = list(lists_of(function, "cards", tree, random.Random(0), 20, "AJQK"))
    assert any("K" in items for items in found)
    assert not list(
        lists_of(*parsed("def f(x):\n    for c in x:\n        print(c)")[:1], "x", tree, random.Random(0), 9)
    )
