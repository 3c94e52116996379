"""SQL of several dialects is parsed within bounds, whatever is nested in it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.languages.sql import LANGUAGE, MAX_SQL_CHARS, sql_error, to_sqlite

ROOT = Path(__file__).resolve().parents[2]


def test_statements_of_other_dialects_become_sqlite():
    statements = to_sqlite("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY); SELECT * FROM t;")
    assert statements is not None
    assert len(statements) == 2
    assert "AUTO_INCREMENT" not in statements[0]


def test_comparisons_and_many_calls_side_by_side_are_ordinary_sql():
    tests = " AND ".join(f"a{n} < {n}" for n in range(60))
    assert sql_error(f"SELECT a FROM t WHERE {tests};") is None
    rows = ", ".join(f"({n}, UPPER(TRIM('x')))" for n in range(300))
    assert sql_error(f"INSERT INTO t VALUES {rows};") is None


def test_sql_that_would_take_too_long_has_no_statements():
    assert to_sqlite("SELECT " + "CHAR(" * 25 + "1" + ")" * 25) is None
    assert to_sqlite("SELECT 0x" + "1" * 9_000) is not None


@pytest.mark.parametrize("call", ["CHAR(", "CONVERT(", "STRUCT(", "OBJECT(", "ARRAY[", "(", "CAST("])
@pytest.mark.parametrize("depth", [12, 24, 2_000])
def test_nesting_takes_no_time(call: str, depth: int):
    closing = "]" if call.endswith("[") else ")"
    began = time.process_time()
    sql_error(f"SELECT {call * depth}1{closing * depth}")
    sql_error(f"SELECT {call * depth}1")  # cut off
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    "text", ["SELECT 0x" + "f" * 5_000, "SELECT '\ud7ff", "SELECT " + "9" * 9_000, "'" * 999]
)
def test_what_a_parser_cannot_take_is_an_error_and_not_raised(text: str):
    assert sql_error(text) is None or isinstance(sql_error(text), str)


def test_a_text_of_the_greatest_length_is_read_and_a_longer_one_refused():
    query = "SELECT a FROM t;"
    assert sql_error(query + " " * (MAX_SQL_CHARS - len(query))) is None
    assert sql_error(query + " " * MAX_SQL_CHARS) == f"longer than {MAX_SQL_CHARS} characters"


@pytest.mark.parametrize(
    ("input", "program", "whole"),
    [
        ("CREATE TABLE t (a INT);", "SELECT a FROM t", "CREATE TABLE t (a INT);\nSELECT a FROM t"),
        ("CREATE TABLE t (a INT);", "CREATE TABLE t (b INT); SELECT b FROM t", None),
        ("a table of pets", "SELECT 1", None),
    ],
)
def test_the_tables_of_the_input_stand_before_a_program_that_makes_none(
    input: str, program: str, whole: str | None
):
    assert LANGUAGE.with_input is not None
    assert LANGUAGE.with_input(input, program) == (whole or program)


def test_only_a_program_with_tables_of_its_own_is_run():
    assert LANGUAGE.source("SELECT a FROM t") is None
    source = LANGUAGE.source("CREATE TABLE t (a INT)")
    assert source is not None
    assert "sqlite3" in source.files["main.py"]


def test_what_sqlglot_supports_in_part_is_not_logged():
    """In an interpreter of its own: here another test may have read SQL before."""
    program = (
        "from src.languages.sql import to_sqlite\n"
        "print(to_sqlite('ALTER TABLE t FOO BAR'), to_sqlite('CREATE TRIGGER a FOO'))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "ALTER TABLE" in ran.stdout
    assert ran.stderr == ""
