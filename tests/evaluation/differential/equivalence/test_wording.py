"""Yes, no and the reference's own words may be said in other words; what the task quotes may not."""

import ast

import pytest

from src.evaluation.differential.equivalence.wording import (
    Answered,
    answers_question,
    own_words,
    quoted_in,
    said_alike,
    topics_of,
)

NOTHING = {"value": ["n"], "error": "", "stdout": "", "marked": "", "changed": None}


def returned(value):
    kind = {bool: "b", str: "s", int: "i"}.get(type(value))
    return NOTHING | {"value": [kind, hex(value) if kind == "i" else value] if kind else value or ["n"]}


def printed(text):
    return NOTHING | {"stdout": text}


def raised(error):
    return NOTHING | {"value": None, "error": error}


def alike(
    *calls, words=(), own_errors=(), must_print=False, must_return=False, must_be_bool=False, named=False
):
    answered = [Answered((f"{n}",), left, right, left == right) for n, (left, right) in enumerate(calls, 2)]
    words = dict.fromkeys(words, named)
    return said_alike(answered, words, frozenset(own_errors), must_print, must_return, must_be_bool)


YES, NO = returned(True), returned(False)


@pytest.mark.parametrize(
    "answers",
    [
        (returned("Prime"), returned("Not prime")),
        (printed("2 is a prime number.\n"), printed("3 is not a prime number.\n")),
        (returned("yes"), returned("No")),
        (returned("True"), returned("False")),
        (returned("valid"), returned("invalid")),
    ],
)
def test_yes_and_no_may_be_said_in_words(answers):
    assert alike((YES, answers[0]), (NO, answers[1]))
    assert not alike((YES, answers[1]), (NO, answers[0]))
    assert not alike((YES, answers[0]), (NO, answers[0]))
    assert not alike((YES, answers[0]), (NO, answers[1]), must_be_bool=True)
    assert alike((answers[0], YES), (answers[1], NO))
    assert not alike((answers[0], NO), (answers[1], YES))


def test_where_the_task_says_return_or_print_that_is_done():
    yes, no = printed("yes"), printed("no")
    assert not alike((YES, yes), (NO, no), must_return=True)
    assert not alike((yes, YES), (no, NO), must_print=True)


def test_words_of_the_references_own_have_one_counterpart_each():
    small, large = returned("Small"), returned("Large")
    words = ("Small", "Large")
    assert alike(
        (small, returned("little")), (large, returned("big")), (small, returned("little")), words=words
    )
    assert not alike((small, returned("little")), (large, returned("little")), words=words)
    assert not alike((small, returned("little")), (small, returned("big")), words=words)
    assert not alike((small, returned("large")), (large, returned("small")), words=words)  # exchanged
    assert not alike((small, returned(3)), (large, returned(4)), words=words)
    assert not alike((small, returned("little")), (large, returned("big")))  # quoted by the task


def test_a_word_that_the_task_names_is_in_what_is_said():
    even, odd = returned("Even"), returned("Odd")
    words = {"words": ("Even", "Odd"), "named": True}
    assert alike((even, returned("even")), (odd, printed("3 is odd")), **words)
    assert not alike((even, returned("divisible")), (odd, returned("other")), **words)
    assert not alike((even, returned("odd")), (odd, returned("even")), **words)
    assert not alike((even, returned("even or odd")), (odd, returned("odd")), **words)


@pytest.mark.parametrize("instead", [returned("Sorry!"), returned(None), printed("no\n"), returned(False)])
def test_a_refusal_may_be_made_otherwise(instead):
    refused = returned("Cannot divide by zero")
    assert alike((refused, instead), words=("Cannot divide by zero",))
    assert not alike((refused, returned(0)), words=("Cannot divide by zero",))


def test_an_error_refuses_where_the_answer_raises_it_itself():
    refused = returned("Invalid input")
    assert alike((refused, raised("ValueError")), words=("Invalid input",), own_errors=("ValueError",))
    assert not alike((refused, raised("ValueError")), words=("Invalid input",))


def test_data_are_no_words():
    assert not alike((returned("abc"), returned("cba")))
    assert alike((returned("abc"), returned("abc")), (YES, returned("yes")))


def test_own_words_are_the_texts_of_functions_that_the_task_does_not_quote():
    source = "def f(n):\n    'Doc string.'\n    if n:\n        return 'Even'\n    print('none')\n    return 'left', 'x', '12'\nx = 'script'"
    found = own_words(ast.parse(source), 'Is it even? Returns "left" otherwise.')
    assert found == {"Even": True, "none": False}


def test_the_texts_between_quotes_are_found():
    assert quoted_in("Print 'Hello, X!' or \"bye\" with `f`; it's") == ("Hello, X!", "bye", "f")


def test_topics_are_the_words_in_names_of_functions():
    tree = ast.parse("def is_armstrong_number(n): pass\ndef checkLeapYear(y): pass")
    assert topics_of(tree) == {"armstrong", "leap", "year"}
    assert answers_question("153 is an Armstrong number", topics_of(tree))
    assert answers_question("Yes", topics_of(tree))
    assert not answers_question("153", topics_of(tree))


def test_one_text_for_a_refusal_and_for_a_result_is_wrong():
    calls = (printed("Palindrome"), printed("It is one")), (printed("Not one"), printed("It is none"))
    texts = ("Palindrome", "Not one")
    assert alike(*calls, words=texts)
    assert not alike(calls[0], (calls[1][0], calls[0][1]), words=texts)
