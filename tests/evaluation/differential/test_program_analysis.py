"""What a program's source says about a comparison with another program."""

import ast

import pytest

from src.evaluation.differential.program_analysis import (
    asks_for_output,
    entry_classes,
    entry_functions,
    flattened,
    gives_data,
    iterates_set,
    opens_window,
    prints_by_key,
    raised_names,
    reads_input,
    returns_change,
    shows_addresses,
    without_reading,
)


def names(source):
    return [function.name for function in entry_functions(ast.parse(source))]


def test_functions_that_others_call_are_not_entries():
    assert names("def inner(a): pass\ndef outer(a): return inner(a)\n") == ["outer"]
    assert names("twice = lambda n: 2 * n\n") == ["twice"]
    assert names("def again(n): return again(n - 1)\n") == ["again"]


def test_a_main_without_parameters_is_a_script():
    source = "def inner(a): pass\ndef outer(a): return inner(a)\ndef main(): print(outer(1))\n"
    assert names(source) == ["outer"]
    assert names("def main(): print(1)") == ["main"]
    assert names("def main(a): return a") == ["main"]


def test_classes_that_nothing_else_uses_are_entries():
    source = "class A: pass\nclass B(A): pass\nclass C: pass\ndef f(): return C()\nprint(A(), B())\n"
    assert [node.name for node in entry_classes(ast.parse(source))] == ["B"]


@pytest.mark.parametrize("source", ["import tkinter", "from turtle import *", "import pygame.display"])
def test_opening_a_window_is_seen(source):
    assert opens_window(ast.parse(source))
    assert not reads_input(ast.parse(source))


@pytest.mark.parametrize(
    "source", ["input()", "raw_input()", "import sys\nsys.stdin", "import sys\nsys.argv[1]", "p.parse_args()"]
)
def test_waiting_for_a_user_is_seen(source):
    assert reads_input(ast.parse(source))
    assert not opens_window(ast.parse(source))


def test_what_reads_input_and_needs_it_is_left_out_of_a_program():
    source = "import sys\nk = 2\ndef f(n): return n\ndef ask(): return input()\nn = int(input())\nm = n + 1\nprint(m)\nprint(k)\nif __name__ == '__main__': f(1)"
    kept = ast.unparse(without_reading(ast.parse(source)))
    assert kept == "import sys\nk = 2\n\ndef f(n):\n    return n\nprint(k)"


def test_reading_a_file_is_not_interactive():
    assert not reads_input(ast.parse("open('a.txt').read()"))


@pytest.mark.parametrize(
    ("source", "through"),
    [
        ("for x in {1, 2}: print(x)", True),
        ("s = set(a)\nprint(list(s))", True),
        ("print([x for x in set(a) & set(b)])", True),
        ("print(sorted(set(a)))", False),
        ("print(len(set(a)))", False),
        ("def f(a, b):\n    return set(a) & set(b)", True),
    ],
)
def test_iterating_over_a_set_is_seen(source, through):
    assert iterates_set(ast.parse(source)) is through


@pytest.mark.parametrize(
    ("source", "shown"),
    [("print(id(x))", True), ("def f(id): return id", False), ("id = 3\nprint(id)", False)],
)
def test_reading_addresses_is_seen(source, shown):
    assert shows_addresses(ast.parse(source)) is shown


@pytest.mark.parametrize(
    ("source", "by_key"),
    [
        ("for k, v in d.items():\n    print(k, v)", True),
        ("for k in d.keys():\n    print(k)", True),
        ("for k, v in sorted(d.items()):\n    print(k, v)", False),
        ("for k, v in d.items():\n    total += v", False),
        ("for k in items:\n    print(k)", False),
    ],
)
def test_printing_a_line_for_each_key_is_seen(source, by_key):
    assert prints_by_key(ast.parse(source)) is by_key


def test_errors_that_a_program_raises_itself_are_seen():
    assert raised_names(ast.parse("raise ValueError('no')\nraise Odd\nint('x')")) == {"ValueError", "Odd"}


@pytest.mark.parametrize(
    ("source", "arguments", "outer"),
    [
        ("def f(a):\n    def g(b, c):\n        return a + b\n    return g", ["a", "b", "c"], 1),
        ("def f(a, b):\n    return lambda c: a", ["a", "b", "c"], 2),
        ("def f():\n    n = 0\n    def g():\n        return n\n    return g", [], 0),
        ("def f(g):\n    def h(*values):\n        return g(*values)\n    return h", ["g", "value"], 1),
    ],
)
def test_a_function_that_returns_one_takes_the_arguments_of_both(source, arguments, outer):
    whole, taken = flattened(ast.parse(source).body[0])
    assert [parameter.arg for parameter in whole.args.args] == arguments
    assert taken == outer


@pytest.mark.parametrize(
    "source", ["def f(a):\n    return a", "def f(a):\n    return g", "def f(a=1):\n    return lambda b: a"]
)
def test_other_functions_are_as_they_are(source):
    assert flattened(ast.parse(source).body[0]) is None


@pytest.mark.parametrize(
    ("script", "gives"),
    [
        ("for part in Door: print(part)", False), ("d = Door()\nfor _ in range(2): d.turn()", False),
        ("d = Door('oak')", True), ("d = Door()\nd.paint('red')", True), ("", True),
    ],
)  # fmt: skip
def test_a_script_gives_data_to_a_class(script, gives):
    assert gives_data(ast.parse(f"class Door: pass\n{script}")) is gives


def test_what_a_changing_method_gives_is_returned_by_mistake():
    assert returns_change(ast.parse("def f(x):\n    return x.reverse()"))
    assert not returns_change(ast.parse("def f(x):\n    x.reverse()\n    return x.copy()"))


@pytest.mark.parametrize(
    ("instruction", "script", "asks"),
    [
        ("Print the first 10 cubes.", "print([f(i) for i in range(10)])", True),
        ("Write a function that gives the first 10 cubes.", "print([f(i) for i in range(10)])", False),
        ("Print the first 10 cubes.", "print([f(i) for i in range(7)])", False),
        ("Print the cube of 10.", "print(f(10))", False),
        (
            "Print the places.",
            "best = 0\nfor n in numbers:\n    if f(n) > best:\n        best = f(n)\nprint(best)",
            True,
        ),
        ("Print the places.", "for n in (1, 2, 3):\n    print(f(n))", False),
        ("Write a function for cubes.", "for n in (1, 2, 3):\n    m = f(n)\n    print(m)", False),
    ],
)
def test_what_a_script_shows_is_the_task_where_it_works_with_the_function_as_that_says(
    instruction, script, asks
):
    assert asks_for_output(ast.parse(f"def f(n):\n    return n ** 3\n\n{script}"), instruction) is asks


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("def f(input):\n    return sorted(input)", False),
        ("input = 5\nprint(input)", False),
        ("n = int(input())", True),
        ("numbers = list(map(int, iter(input, '')))", True),
        ("input = input('Name: ')", True),
    ],
)
def test_a_name_of_the_programs_own_reads_nothing(source, reads):
    assert reads_input(ast.parse(source)) is reads
