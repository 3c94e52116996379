"""A function with a usual mistake does to its arguments, or leaves out, what people do."""

import ast

from src.evaluation.differential.inputs.mistakes import mistaken


def test_usual_mistakes_are_made_at_the_start_of_the_functions_that_are_called():
    source = "def f(a, b):\n    return a.lower() + g(b)\ndef g(x):\n    return x"
    found = mistaken(ast.parse(source), ["f"])
    assert all(program.endswith("def g(x):\n    return x") for program in found)
    starts = {program.split("\n")[1].strip() for program in found}
    assert "a = a[1:] if isinstance(a, (str, list)) else a" in starts
    assert "return a.upper() + g(b)" in starts
    ties = next(program for program in found if "1000000.0" in program or "1e6" in program)
    space = {}
    exec(ties.replace("return a.lower() + g(b)", "return a"), space)
    assert space["f"]([1, 1, 2], 0) == [1, 1 - 1e-6, 2 - 2e-6]
    assert space["f"](["x", 1], 0) == ["x", 1]
    counts = next(program for program in found if ".count(x) < 2" in program and "a = [" in program)
    exec(counts.replace("return a.lower() + g(b)", "return a"), space)
    assert space["f"]([1, 2, 1, 1], 0) == [1, 2, 1]
    assert space["f"]("no no yes no", 0) == "no no yes"
    both = [program for program in found if "a = a.lower()" in program and " b = b.lower()" in program]
    assert len(both) == 1


def test_a_mistake_is_made_at_all_bounds_at_once():
    source = "def f(a, b, c):\n    return a <= b and a < c or a == b"
    assert "def f(a, b, c):\n    return a < b and a <= c or a == b" in mistaken(ast.parse(source), ["f"])


def test_a_mistake_takes_a_part_for_the_same():
    found = mistaken(ast.parse("def f(a, b):\n    return a.keys() == b.keys()"), ["f"])
    assert "def f(a, b):\n    return a.keys() <= b.keys()" in found
    assert "def f(a, b):\n    return a.keys() >= b.keys()" in found


def test_a_mistake_forgets_a_call_everywhere():
    source = "def f(a, b):\n    return sorted(a.lower()) == sorted(b.lower())"
    assert source.replace(".lower()", "") in mistaken(ast.parse(source), ["f"])
    assert "def f(a, b):\n    return a < b" in mistaken(
        ast.parse("def f(a, b):\n    return abs(a) < abs(b)"), ["f"]
    )
