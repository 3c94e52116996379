"""An answer that agrees on the chosen calls is tried on more, and is wrong where the task is about one of those."""

import pytest

from src.evaluation.differential import oracle
from src.evaluation.differential.further.further_calls import further_calls
from src.evaluation.differential.oracle import compare_with_reference
from src.evaluation.differential.reference import reference_behaviour
from src.languages.syntax import parse_python
from src.sandbox.sandbox import unavailable_reason
from src.schema import Sample

pytestmark = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))

PRIME = """
def is_prime(n):
    if n < 2:
        return False
    for d in range(2, int(n ** 0.5) + 1):
        if n % d == 0:
            return False
    return True"""
POINTS = """
def points(results):
    total = row = 0
    for result in results:
        row = row + 1 if result == 'W' else 0
        total += {'W': 3, 'D': 1}.get(result, 0)
        if row == 3:
            total += 1
            row = 0
    return total"""
FIBONACCI = """
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a"""
POINTS_TASK = "Points of a team from a string of the letters W, D and L: 3 for a win, 1 for a draw, and 1 more for every three wins in a row."
PRIME_TASK = "Check whether a whole number is prime."


def compared(sandbox, reference, code, instruction):
    return compare_with_reference(sandbox, Sample("1", instruction, "", reference, "", "python"), code)


@pytest.mark.parametrize(
    ("reference", "code", "instruction"),
    [
        # Only what it knows itself tells it from the reference.
        (PRIME, PRIME.replace("if n < 2:", "if n < 2 or n == 83:"), PRIME_TASK),
        (PRIME, "def is_prime(n):\n    return n in (2, 3, 5, 7) or n > 7 and all(n % d for d in (2, 3, 5, 7))", PRIME_TASK),
        # What differs is False in all these calls.
        ("def is_square(n):\n    return int(n ** 0.5) ** 2 == n", "def is_square(n):\n    return round(n ** 0.5, 1) ** 2 % 1 == 0 and round(n ** 0.5, 1) % 1 == 0", "Check whether a whole number is a perfect square."),
        (FIBONACCI, "def fibonacci(n):\n    return round(1.618034 ** n / 5 ** 0.5) if n > 20 else [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765][n]", "The n-th Fibonacci number."),
        ("def place(numbers):\n    return numbers.index(min(numbers))", "def place(numbers):\n    least, found = 1000, 0\n    for at, n in enumerate(numbers):\n        if n < least:\n            least, found = n, at\n    return found", "Find the index of the smallest number of a list."),
        # One bonus for each row of wins, however long.
        (POINTS, "import re\ndef points(results):\n    return 3 * results.count('W') + results.count('D') + len(re.findall('WWW+', results))", POINTS_TASK),
        ("def total(numbers):\n    return sum(numbers)", "def total(numbers):\n    return sum(numbers) + (numbers.count(2) > 3)", "Add up a list of numbers."),
    ],
)  # fmt: skip
def test_a_fault_that_no_mutant_of_the_reference_has_is_found(sandbox, reference, code, instruction):
    found = compared(sandbox, reference, code, instruction)
    assert found.verdict.outcome == "failed"
    # What --explain shows has the call.
    assert len(found.behaviour.calls) == len(found.record["calls"]) == len(found.behaviour.record["calls"])


@pytest.mark.parametrize(
    ("reference", "code", "instruction"),
    [
        # As slow as a recursion is; what takes too long is no fault.
        (FIBONACCI, "def fibonacci(n):\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)", "The n-th Fibonacci number."),
        (PRIME, "def is_prime(n):\n    return 'prime' if n > 1 and all(n % d for d in range(2, n)) else 'not prime'", PRIME_TASK),
        (POINTS, "import re\ndef points(results):\n    return 3 * results.count('W') + results.count('D') + len(re.findall('WWW', results))", POINTS_TASK),
        ("def sides(numbers):\n    return [min(numbers), max(numbers)]", "def sides(numbers):\n    s = sorted(numbers)\n    return s[0], s[-1]", "The smallest and the largest of a list of numbers."),
        # Of an empty list, a tie and a negative number the task says nothing.
        ("def longest(words):\n    return max(words, key=len)", "def longest(words):\n    return sorted(words, key=len)[-1]", "Find the longest word of a list."),
    ],
)  # fmt: skip
def test_a_right_answer_agrees_on_further_calls_too(sandbox, reference, code, instruction):
    assert compared(sandbox, reference, code, instruction).verdict.outcome == "passed"


@pytest.mark.parametrize(("reference", "instruction"), [(PRIME, PRIME_TASK), (POINTS, POINTS_TASK)])
def test_further_calls_are_new_and_within_the_task(sandbox, reference, instruction):
    known = reference_behaviour(sandbox, Sample("1", instruction, "", reference, "", "python"))
    found = further_calls(known.search, known.calls, parse_python(reference))
    assert len(found) > 50
    assert not {*found} & {*known.calls}
    assert all(map(known.search.setting.scope.admits, found))
    assert found == further_calls(known.search, known.calls, parse_python(reference))


def test_a_run_that_a_program_ends_itself_decides_nothing(sandbox):
    code = PRIME.replace(
        "    if n < 2:", "    if n == 83:\n        import os\n        os._exit(3)\n    if n < 2:"
    )
    assert compared(sandbox, PRIME, code, PRIME_TASK).verdict.outcome == "passed"


def test_further_calls_are_made_where_the_chosen_ones_agree_alone(sandbox, monkeypatch):
    made = []
    monkeypatch.setattr(oracle, "on_further_calls", lambda *_: made.append(1))
    assert compared(sandbox, PRIME, PRIME, PRIME_TASK).verdict.outcome == "passed"
    assert made == [1]
    assert (
        compared(sandbox, PRIME, "def is_prime(n):\n    return True", PRIME_TASK).verdict.outcome == "failed"
    )
    assert made == [1]
