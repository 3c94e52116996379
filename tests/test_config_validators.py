"""A value is returned in the type of its key, or refused with what was expected."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from src.config_validators import OneOf, OneOfOrList, Range, StrList, check_value, shown

INTEGER = Annotated[int, Range(1, 8)]
NUMBER = Annotated[float, Range(0)]
WORDS = Annotated[str | list[str], OneOfOrList("auto", "none")]
LIST = Annotated[list[str], StrList()]
SWITCH = Annotated[bool | str, OneOf("auto", True, False)]

ACCEPTED = [  # annotated type, value, what it becomes
    (INTEGER, 1, 1), (INTEGER, 8, 8), (INTEGER, 2.0, 2), (NUMBER, 0, 0.0), (NUMBER, 1e300, 1e300),
    (SWITCH, "auto", "auto"), (SWITCH, True, True), (WORDS, "auto", "auto"), (WORDS, "q_proj", ["q_proj"]),
    (WORDS, ["q_proj", "k_proj"], ["q_proj", "k_proj"]), (LIST, "a b", ["a b"]), (LIST, [], []), (bool, False, False),
    (str, "x", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "value", "expected"), ACCEPTED)
def test_a_valid_value_comes_back_in_the_type_of_its_key(hint: Any, value: Any, expected: Any):
    found = check_value(hint, value)
    assert found == expected
    assert type(found) is type(expected)


REFUSED = [  # annotated type, values, what was expected
    (INTEGER, [0, 9, 1.5, True, "1", None, float("nan")], "a whole number from 1 to 8"),
    (NUMBER, [-1, float("inf"), "1", False, [1]], "a number of 0 or more"),
    (SWITCH, [1, 0, "true", None], "one of 'auto', true, false"),
    (Annotated[int, OneOf(4, 8)], [True, 4.0, "4"], r"one of 4 \(int\), 8 \(int\)"),
    (WORDS, ["", [], ["a", 1], 3, [""]], "auto, none or a list of layer names"),
    (LIST, [3, [" "], [1], None], "a list of texts"),
    (bool, ["true", 1, None], "true or false"),
    (str, ["", " ", "a\0b", 3, None], "a text"),
]


@pytest.mark.parametrize(
    ("hint", "value", "expected"), [(hint, value, said) for hint, values, said in REFUSED for value in values]
)
def test_an_invalid_value_is_refused_with_what_was_expected(hint: Any, value: Any, expected: str):
    with pytest.raises(ValueError, match=f"^{expected}$"):
        check_value(hint, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), ("a", "'a'"), (4, "4 (int)"), (None, "None (NoneType)"), ("x" * 99, "'" + "x" * 79)],
)
def test_a_value_is_shown_with_its_type_in_at_most_80_characters(value: Any, text: str):
    assert shown(value) == text
