"""SQL of several dialects, parsed within bounds: sqlglot's time grows with the square of a text, or faster."""

from __future__ import annotations

import logging
import re
from typing import Any

from src.languages.language import SANDBOX_PYTHON, Language, Pattern, Source
from src.languages.syntax import PARSE_ERRORS, bracket_depth, first_line

MAX_SQL_CHARS = 10_000  # sqlglot is pure Python: five dialects at about 10 microseconds a character
MAX_SQL_DEPTH = 40  # of brackets
MAX_SQL_SUBSCRIPTS = 200  # sqlglot is quadratic in a[1][1][1]
MAX_SQL_READINGS = 10_000  # of calls: sqlglot reads what is in some twice, so what is d deep 2 ** d times

# it logs each statement that it supports only in part
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_SQL_DIALECTS = ("sqlite", "mysql", "postgres", "tsql", "oracle")
_TABLE = re.compile(r"(?i)\bcreate\s+table\b")
_CALL = re.compile(r"\w\s*+[(\[]|[()\[\]]")  # f(, ARRAY[, or a bracket of another kind


def sql_error(text: str) -> str | None:
    """What is wrong with `text` as SQL of any of the dialects, or None where one takes it."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if refused := _sql_refusal(text):
        return refused
    first_error: str | None = None
    for dialect in _SQL_DIALECTS:
        try:
            statements = [found for found in sqlglot.parse(text, read=dialect) if found is not None]
        except (SqlglotError, *PARSE_ERRORS) as error:
            first_error = first_error or first_line(error) or type(error).__name__
            continue
        if any(
            isinstance(found, exp.Query | exp.DML | exp.DDL | exp.Create | exp.Drop) for found in statements
        ):
            return None
        if statements and all(_is_statement(found) for found in statements):
            return None
        first_error = first_error or "no statement"
    return first_error


def to_sqlite(text: str) -> list[str] | None:
    """The statements of `text` in SQLite's dialect; None where no dialect parses it."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    if _sql_refusal(text):
        return None
    for dialect in _SQL_DIALECTS:
        try:
            return sqlglot.transpile(text, read=dialect, write="sqlite")
        except (SqlglotError, *PARSE_ERRORS):
            continue
    return None


def _sql_refusal(text: str) -> str | None:
    """Why sqlglot is not given `text`: it would take too long."""
    if len(text) > MAX_SQL_CHARS:
        return f"longer than {MAX_SQL_CHARS} characters"
    if bracket_depth(text) > MAX_SQL_DEPTH:
        return f"nested deeper than {MAX_SQL_DEPTH}"
    if text.count("[") > MAX_SQL_SUBSCRIPTS:
        return f"more than {MAX_SQL_SUBSCRIPTS} subscripts"
    readings = 0
    depths = [0]  # in calls, of the text and of each bracket that is open
    for found in _CALL.finditer(text):
        if found.group() not in (")", "]"):
            depths.append(depths[-1] + (len(found.group()) > 1))
            readings += 2 ** depths[-1]
        elif len(depths) > 1:
            depths.pop()
    return "calls nested too deep" if readings > MAX_SQL_READINGS else None


def _is_statement(found: Any) -> bool:
    from sqlglot import exp

    if isinstance(found, exp.Command):
        return bool(re.match(r"(?i)(create|alter|drop|grant|revoke|call|exec|explain|show)\b", found.name))
    kinds = (exp.Alter, exp.TruncateTable, exp.Use, exp.Transaction, exp.Commit, exp.Rollback, exp.Describe)
    return isinstance(found, (*kinds, exp.Grant, exp.Pragma))


def _wrap(code: str) -> Source | None:
    """A Python program that runs it in sqlite, where `code` itself creates the tables it needs."""
    script = to_sqlite(code) if _TABLE.search(code) else None
    if script is None:
        return None
    lines = [f"for row in connection.execute({statement!r}): print(row)\n" for statement in script]
    program = "import sqlite3\nconnection = sqlite3.connect(':memory:')\n" + "".join(lines)
    return Source({"main.py": program})


def _with_input(input: str, program: str) -> str:
    """After the tables of the input, where the program makes none."""
    alone = not _TABLE.search(input) or _TABLE.search(program)
    return program if alone else f"{input.rstrip('; ')};\n{program}"


LANGUAGE = Language(
    name="sql", label="SQL", aliases="mysql postgresql postgres sqlite tsql plsql pgsql", rank=8, highlight="sql",
    named=Pattern(r"(?i)\b\w*sql(?:ite)?\d?\b|\bdatabase query\b", "sql|database"),
    evidence=Pattern(
        r"(?i)(?:\A|;)\s*+(?:--.*\n\s*+){0,10}+(?:select|insert\s++into|update\s++\S++\s++set|delete\s++from"
        r"|create\s++(?:or\s++replace\s++)?(?:temp(?:orary)?\s++)?(?:unique\s++)?(?:table|view|index"
        r"|database|procedure|trigger|function|user)|alter\s++(?:table|database)|drop\s++(?:table|view"
        r"|index|database)|truncate\s++(?:table)?|with\s++\w++\s++as\s*+\(|grant\s++\w++|use\s++\w++;)\b"
        r"|\b(?:(?:group|order) by|(?:inner|left|right) join)\b"),
    strict=True, settles=True, is_format=True,
    line_start=
        r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE|JOIN|ORDER|GROUP|HAVING|LIMIT|VALUES|SET|AND"
        r"|LEFT|INNER)\b|(?:select|insert into|delete from|drop table|create table) \w+",
    comments="-- /*",
    parser=sql_error,
    run=SANDBOX_PYTHON, checked=True, wrap=_wrap, with_input=_with_input,
    errors={"name": "no such table|no such column"},
)  # fmt: skip
