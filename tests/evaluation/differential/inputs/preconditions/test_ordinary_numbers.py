"""What a function does says which numbers are ordinary for it."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.ordinary_numbers import (
    answers_zero,
    counts_from_one,
    expects_zero,
    has_sign,
    is_bounded_by_value,
    is_smooth,
    looks_at_no_item,
    looks_for_best,
    only_finds_places,
    only_passes_on,
    seeks_in_numbers,
)


@pytest.mark.parametrize(
    ("source", "signed", "passes"),
    [
        ("return abs(x)", True, False),
        ("return abs(x - 3)", False, False),
        ("try:\n        return int(x)\n    except ValueError:\n        return 0", True, False),
        ("return int(x)", False, False),
        ("return x[-1] if x else None", False, False),
        ("if x:\n        return x[0]", False, True),
        ("return x[::-1]", False, True),
        ("return [i for i in x if i > 2]", False, False),
        ("return f'{x}'", False, False),
        ("return [i for i in x if i % 2 == 0]", False, True),
        ("return [i % 2 for i in x]", False, False),
        ("return all(i > 0 for i in x)", True, False),
        ("while x > 0:\n        x -= 1", False, False),
    ],
)
def test_what_a_function_does_says_what_it_is_given(source, signed, passes):
    function = ast.parse(f"def f(x):\n    {source}").body[0]
    assert has_sign(function) is signed
    assert only_passes_on(function) is passes


def test_a_bound_of_values_is_no_number_of_steps():
    start = "def f(n):\n    a, b, steps = 0, 1, 0\n    while "
    assert is_bounded_by_value(ast.parse(f"{start}a < n:\n        a, b = b, a + b").body[0])
    for steps in (
        "steps < n:\n        steps += 1",
        "len(x) < n:\n        x.append(1)",
        "n > 0:\n        n = n - 1",
    ):
        assert not is_bounded_by_value(ast.parse(start + steps).body[0])


@pytest.mark.parametrize(
    ("source", "smooth"),
    [
        ("def f(x):\n    y = x * 3\n    return y / 7", True), ("def f(x: float):\n    return -x ** 2", True),
        ("def f(x: int):\n    return x * 2", False), ("def f(x):\n    return x // 2", False),
        ("def f(x):\n    return x if x > 2 else 2", False), ("def f(x):\n    return 'a' * x", False),
    ],
)  # fmt: skip
def test_a_smooth_function_has_no_branch_loop_or_remainder(source, smooth):
    assert is_smooth(ast.parse(source).body[0]) is smooth


@pytest.mark.parametrize(
    ("source", "seeks"),
    [
        ("def f(numbers):\n    return sorted(numbers)", True), ("def f(prices):\n    return sorted(prices)", False),
        ("def f(arr):\n    arr[0], arr[1] = arr[1], arr[0]", True), ("def f(arr):\n    a, b = arr", False),
        ("def f(a, b):\n    return max(a, b)", True), ("def f(a, b):\n    return sorted([a, b])", False),
    ],
)  # fmt: skip
def test_what_is_put_in_order_may_be_negative(source, seeks):
    assert seeks_in_numbers(ast.parse(source).body[0]) is seeks


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ("if n == 0:\n        return '0'", True), ("if n == 0:\n        return None", False),
        ("if n == 0:\n        return 'no number'", False), ("if n == 0:\n        return 0\n    return m / n", False),
        ("if n == 1:\n        return 0", False), ("if n <= 1:\n        return n", True), ("if n < 2:\n        return 1", False),
        ("if n in (0, 1):\n        return n", True), ("if n <= 1:\n        return m", False), ("if n < 2:\n        return", False),
    ],
)  # fmt: skip
def test_zero_is_meant_where_it_has_a_result_of_its_own(body, answers):
    assert answers_zero(ast.parse(f"def f(m, n):\n    {body}").body[0]) is answers


@pytest.mark.parametrize(
    ("body", "looks"),
    [
        ("return max(x, key=len)", True), ("for i in x:\n        if i > best: best = i", True),
        ("for i in x:\n        if i > 3: n += 1", False), ("return sorted(x)", False),
    ],
)  # fmt: skip
def test_a_search_for_the_best_is_seen(body, looks):
    assert looks_for_best(ast.parse(f"def f(x):\n    {body}")) is looks


@pytest.mark.parametrize(
    ("body", "ready"),
    [
        ("try:\n        return a / b\n    except ZeroDivisionError:\n        return None", True),
        ("try:\n        return a / b\n    except ValueError:\n        return None", False),
        ("return a / b", False),
    ],
)
def test_a_function_may_be_ready_for_a_division_by_zero(body, ready):
    assert expects_zero(ast.parse(f"def f(a, b):\n    {body}").body[0]) is ready


@pytest.mark.parametrize("test", ["n == 1", "n <= 1", "n < 2", "n in (0, 1)", "n == 0"])
def test_one_is_ordinary_for_a_recursion_that_ends_at_it(test):
    source = "def f(n):\n    return 1 if {} else n * f(n - 1)"
    assert counts_from_one(ast.parse(source.format(test)).body[0])
    assert not counts_from_one(ast.parse(source.format("n < 5")).body[0])


def test_roots_and_printed_results_are_smooth():
    source = "def f(a, b):\n    import math\n    c = math.sqrt(a ** 2 + b ** 2)\n    print(f'It is {c}')"
    assert is_smooth(ast.parse(source).body[0])
    assert not is_smooth(ast.parse(source.replace("math.sqrt", "math.factorial")).body[0])


@pytest.mark.parametrize(
    ("body", "free"),
    [
        ("return len(x)", True),
        ("print(x[::-1])", True),
        ("return [i for i in x if i]", False),
        ("return ' '.join(x)", False),
    ],
)
def test_what_is_only_counted_or_copied_may_be_anything(body, free):
    assert looks_at_no_item(ast.parse(f"def f(x):\n    {body}").body[0]) is free


@pytest.mark.parametrize(
    ("body", "finds"),
    [
        ("return m[n]", True),
        ("return m[n - 1]", False),
        ("return m[0]", False),
        ("if n < len(m):\n        return m[n]", False),
    ],
)
def test_zero_is_the_first_place_where_numbers_are_places_alone(body, finds):
    assert only_finds_places(ast.parse(f"def f(m, n):\n    {body}").body[0]) is finds
