"""What is said beside the data does not count, where it tells nothing new."""

import pytest

from src.evaluation.differential.equivalence.remarks import is_of_nothing, without_remarks
from src.evaluation.differential.inside.rewriting import WORDING_BEGINS, WORDING_ENDS


def said(words):
    return f"{WORDING_BEGINS}{words}{WORDING_ENDS}"


def test_a_sentence_before_or_after_the_lines_is_a_remark():
    closing = f"{said('It takes')} 2 {said('months to save it.')}"
    assert list(without_remarks("1 a\n2 b\n", f"1 a\n2 b\n{closing}\n")) == ["1 a\n2 b"]
    assert list(without_remarks("1 a\n2 b\n", f"{closing}\n1 a\n2 b\n")) == ["1 a\n2 b"]


@pytest.mark.parametrize(
    "line",
    ["3 c", f"{said('Month')} 2", f"{said('All of it is')} 7", f"{said('That is not the number')} 2"],
)
def test_another_line_new_data_and_a_denial_are_none(line):
    assert list(without_remarks("1 a\n2 b\n", f"1 a\n2 b\n{line}\n")) == []


def test_a_value_in_brackets_behind_another_is_a_remark():
    assert list(without_remarks("Tue\n", f"Tue {said('(')}21{said(')')}\n")) == ["Tue\n"]
    assert list(without_remarks("('a', 1)\n", "a (1)\n")) == []
    assert list(without_remarks("a 1\n", "[('a', 1), ('b', 2)]\n")) == []


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("[]", "()", True),
        ("[]", "", True),
        (f"{said('Odd:')} []", said("Odd:"), True),
        ("[]", "[1]", False),
        ("", "", False),
        ("7", "", False),
    ],
)
def test_an_empty_list_is_no_data(expected, actual, same):
    assert is_of_nothing(expected, actual) is same
