"""A check of the tests is lost where its failure is swallowed, or it is not reached; what they raise on purpose is not.

What they may execute is tried by forgeries.py and live_objects.py, in processes of their own: an audit hook stays.
"""

import pytest

from src.sandbox.inside.safeguards import Checks

NAME = "<tests>"


def raised(tests: str, call: str, *values: object) -> BaseException:
    """What a function of the tests raises."""
    space: dict[str, object] = {}
    exec(compile(tests, NAME, "exec"), space)
    with pytest.raises(BaseException) as caught:
        space[call](*values)
    return caught.value


@pytest.mark.parametrize(
    ("tests", "lost"),
    [
        ("def f(x):\n    assert x == 42\n", True),
        ("def f(x):\n    y = x.missing\n    assert y\n", True),
        ("def f(x):\n    assert x\n    y = x.missing\n", True),  # one of a loop may come again
        ("def f(x):\n    if x != 42:\n        raise AssertionError(x)\n", True),
        ("import unittest\nT = unittest.TestCase()\ndef f(x):\n    T.assertEqual(x, 42)\n", True),
        ("import unittest\nf = unittest.TestCase().assertFalse\n", True),
        ("def g(x):\n    return x.missing\ndef f(x):\n    assert g(x) == 42\n", True),
        ("def f(x):\n    assert x\n    raise ValueError\n", False),
        ("def f(x):\n    raise AssertionError\n", False),
        ("def f(x):\n    assert 1 == 2\n", False),
        ("def f(x):\n    return x.missing\n", False),
        ("def f(x):\n    if x:\n        raise ValueError\n", False),
        ("f = lambda x: int('x')\n", False),
        ("def g(x):\n    yield x\ndef f(x):\n    assert next(iter(()))\n", False),  # an end of iteration
    ],
)
def test_a_check_is_lost_where_it_failed_or_was_not_reached(tests, lost):
    assert Checks(tests, NAME).lost_with(raised(tests, "f", 1)) is lost


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        (["assert x == 42"], True),
        (["y = x.missing", "assert y"], True),
        (["raise ValueError"], False),
        (["assert x", "raise ValueError"], False),
        (["int('x')"], False),
    ],
)
def test_of_a_with_statement_its_own_block_counts(body, lost):
    """And not what stands behind it."""
    lines = ["import contextlib", "def f(x):", "    with contextlib.nullcontext():"]
    lines += [*(f"        {line}" for line in body), "    assert x"]
    tests = "\n".join(lines)
    assert Checks(tests, NAME).lost_with(raised(tests, "f", 1), with_line=3) is lost
