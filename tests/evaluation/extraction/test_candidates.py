"""A program is found in a block where everything else in it is prose or was cut off."""

import pytest

from src.evaluation.extraction.candidates import Candidate, Candidates

ADD = "def add(a, b):\n    return a + b"


def candidates(language="python", wanted="", finish=""):
    return Candidates(language, frozenset(wanted.split()), finish)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ADD, Candidate(ADD)),
        (f"Это сумма:\n{ADD}", Candidate(ADD)),
        (f"{ADD}\nThis adds them up.\n\nx = add(1, 2)\n", Candidate(f"{ADD}\n\nx = add(1, 2)")),
        (f"{ADD}\n\nx = = 2\n\nThis adds them up.", None),
        ("Only words here, as it happens.", None),
        ("", None),
    ],
)
def test_only_prose_is_left_out(text, found):
    assert candidates().of(text) == found


@pytest.mark.parametrize(
    ("wanted", "finish", "is_found"),
    [("add", "", True), ("add", "length", True), ("add", "stop", False), ("other", "", False), ("", "length", True), ("", "", False)],
)  # fmt: skip
def test_what_was_cut_off_is_left_out_where_the_program_is_there_without(wanted, finish, is_found):
    found = candidates(wanted=wanted, finish=finish).of(f"{ADD}\n\nprint(add(1,")
    assert found == (Candidate(ADD, truncated=True) if is_found else None)


@pytest.mark.parametrize(
    ("rest", "finish", "is_found"),
    [
        ("print add(1, 2)", "", False),  # Python 2: wrong, not cut off
        ("print add(1, 2)", "length", True),
        ("print(add(1, 2) ==", "", True),
        ("print(add(1, 2)) ==", "", False),
        ("print(add(1, 2)) ==", "length", True),
        ('TEXT = """It adds', "", True),
        ("x = (1,\ny = 2", "length", False),  # two statements: the first is wrong
    ],
)
def test_what_was_cut_off_is_the_last_statement_and_open(rest, finish, is_found):
    assert (candidates(wanted="add", finish=finish).of(f"{ADD}\n\n{rest}") is not None) is is_found


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("python", "# nothing", True),
        ("python", "...", True),
        ("python", "{'a': [1, -2]}", True),
        ("python", "f()", False),
        ("python", "x = 1", False),
        ("c", "// nothing", True),
        ("c", "int x;", False),
        ("bash", "ls", False),
    ],
)
def test_output_is_told_from_a_program(language, code, expected):
    assert candidates(language).is_output(code) is expected


def test_a_text_past_the_limit_is_not_parsed():
    assert candidates().of("x = 1\n" * 50_000) is None
