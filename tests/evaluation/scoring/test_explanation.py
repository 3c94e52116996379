"""A verdict is explained by the program, the inputs, what both programs did, and the reason."""

from src.evaluation.scoring.explanation import explain
from src.schema import Sample

REFERENCE = "def double(n):\n    return 2 * n"


def sample(prediction, **fields):
    return Sample("7", "Double a number.", "", REFERENCE, prediction, "python", **fields)


def test_a_difference_is_shown_with_its_input_and_both_results(sandbox):
    text = explain(sample("Here it is:\n```python\ndef double(n):\n    return n * n\n```"), sandbox)
    assert "extracted program:\ndef double(n):\n    return n * n\n" in text
    assert "double(5): 10 | 25" in text
    assert "verdict: failed, double(" in text


def test_a_demonstration_that_differs_is_told_apart(sandbox):
    text = explain(sample(REFERENCE + "\nprint('Two threes are', double(3))"), sandbox)
    assert 'prints "" ' not in text
    assert 'prints "Two threes are 6\\n"' in text
    assert text.endswith("verdict: passed, functions agree, output differs")


def test_tests_and_missing_verdicts_are_explained_too(sandbox):
    tested = explain(sample(REFERENCE, tests="assert double(2) == 5"), sandbox)
    assert "tests:\nassert double(2) == 5" in tested
    assert "verdict: failed, assert double(2) == 5" in tested
    waiting = Sample("7", "", "", "print(input())", "print(1)", "python")
    assert "no verdict: reference is interactive" in explain(waiting, sandbox)


def test_what_a_program_writes_does_nothing_to_a_terminal(sandbox):
    assert "\x1b" not in explain(sample(REFERENCE + "\nprint('\x1b[31m')"), sandbox)
