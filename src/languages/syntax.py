"""Strict parsers, one per language: what is wrong with a text, or None where it parses."""

from __future__ import annotations

import ast
import json
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

MAX_CHARS = 200_000
MAX_DEPTH = 150
MAX_TAGS = 5_000  # html5lib is quadratic in open formatting elements
MAX_SQL_CHARS = 10_000  # sqlglot is pure Python: five dialects at about 10 microseconds a character
TREE_SITTER_TIMEOUT_US = 500_000

Parser = Callable[[str], str | None]

_SQL_DIALECTS = ("sqlite", "mysql", "postgres", "tsql", "oracle")
_BRACKETS = re.compile(r"[(\[{]|[)\]}]")

# CPython 3.11 keeps the depth of the tree it builds in one place for all threads (python/cpython#106905):
# two threads that parse at once may both end with a SystemError
_PARSER_LOCK = threading.RLock()
_PARSE_ERRORS = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)


def bracket_depth(text: str) -> int:
    """Deepest nesting of brackets in `text`, whatever they mean; linear time."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        if match.group() in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest


def syntax_error(language: str, text: str) -> str | None:
    """Why `text` is not a program in `language`; None where it is one.

    Hostile text is refused before a parser sees it: too long, too deep, or with a NUL or a lone surrogate.
    Raises KeyError for a language with no parser.
    """
    parser = PARSERS[language]
    if not text.strip():
        return "empty"
    if len(text) > MAX_CHARS:
        return f"longer than {MAX_CHARS} characters"
    if "\0" in text or not _encodable(text):
        return "not text"
    if bracket_depth(text) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
    return parser(text)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def parse_python(text: str) -> ast.Module | None:
    """The syntax tree of `text`, or None where it does not parse."""
    return None if len(text) > MAX_CHARS or bracket_depth(text) > MAX_DEPTH else _python_tree(text)[0]


def parse_expression(text: str) -> ast.expr | None:
    """The syntax tree of one expression, or None where `text` is none."""
    try:
        with _PARSER_LOCK:
            return ast.parse(text, mode="eval").body
    except _PARSE_ERRORS:
        return None


def literal(text: str) -> Any:
    """The value of a Python literal, or None where `text` is none."""
    try:
        with _PARSER_LOCK:
            return ast.literal_eval(text)
    except _PARSE_ERRORS:
        return None


def _python_tree(text: str) -> tuple[ast.Module | None, str | None]:
    with _PARSER_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about a model's invalid escapes are noise here
        try:
            return ast.parse(text), None
        except SyntaxError as error:
            return None, f"{error.msg} (line {error.lineno})"
        except (ValueError, RecursionError, MemoryError) as error:
            return None, type(error).__name__


def _python(text: str) -> str | None:
    return _python_tree(text)[1]


def _json(text: str) -> str | None:
    try:
        json.loads(text, parse_constant=_reject_constant, parse_int=str)
    except (ValueError, RecursionError) as error:
        return str(error)
    return None


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _yaml(text: str) -> str | None:
    import yaml

    try:
        # events only: aliases are never expanded
        kinds = {type(event) for event in yaml.parse(text, Loader=yaml.SafeLoader)}
    except (yaml.YAMLError, RecursionError) as error:
        return str(error).splitlines()[0]
    if not kinds & {yaml.MappingStartEvent, yaml.SequenceStartEvent}:
        return "no mapping or sequence"  # any sentence is a YAML scalar
    return None


def _html(text: str) -> str | None:
    import html5lib
    from html5lib.html5parser import ParseError

    if text.count("<") > MAX_TAGS:
        return f"more than {MAX_TAGS} tags"
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = re.match(r"\s*(<!--.*?-->\s*)*<(!doctype|html)\b", text, re.IGNORECASE | re.DOTALL)
    doctype = "" if not document or "doctype" in document.group().lower() else "<!DOCTYPE html>"
    try:
        if document:
            parser.parse(doctype + text)
        else:
            parser.parseFragment(text)
    except (ParseError, RecursionError, ValueError) as error:
        return str(error) or "parse error"
    return None if re.search(r"<[A-Za-z!]", text) else "no element"


def _css(text: str) -> str | None:
    import tinycss2

    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    if not rules:
        return "no rule"
    for rule in rules:
        if rule.type == "error":
            return str(rule.message)
        if rule.type != "qualified-rule":
            continue
        for part in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
            if part.type == "error":
                return str(part.message)
    return None


def _sql(text: str) -> str | None:
    import logging

    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(
        logging.CRITICAL
    )  # it logs each statement that it supports only in part
    if len(text) > MAX_SQL_CHARS:
        return f"longer than {MAX_SQL_CHARS} characters"
    first_error: str | None = None
    for dialect in _SQL_DIALECTS:
        try:
            statements = [found for found in sqlglot.parse(text, read=dialect) if found is not None]
        except (SqlglotError, RecursionError) as error:
            first_error = first_error or str(error).splitlines()[0]
            continue
        if any(
            isinstance(found, exp.Query | exp.DML | exp.DDL | exp.Create | exp.Drop) for found in statements
        ):
            return None
        if statements and all(_is_statement(found) for found in statements):
            return None
        first_error = first_error or "no statement"
    return first_error


def _is_statement(found: Any) -> bool:
    from sqlglot import exp

    if isinstance(found, exp.Command):
        return bool(re.match(r"(?i)(create|alter|drop|grant|revoke|call|exec|explain|show)\b", found.name))
    kinds = (exp.Alter, exp.TruncateTable, exp.Use, exp.Transaction, exp.Commit, exp.Rollback, exp.Describe)
    return isinstance(found, (*kinds, exp.Grant, exp.Pragma))


def _tree_sitter(module: str, entry: str = "language") -> Parser:
    def parse(text: str) -> str | None:
        parser = _tree_sitter_parser(module, entry)
        parser.timeout_micros = TREE_SITTER_TIMEOUT_US
        parser.reset()
        try:
            root = parser.parse(text.encode("utf-8")).root_node
        except ValueError:
            return "parsing took too long"
        return f"unexpected text (line {_first_error_line(root)})" if root.has_error else None

    return parse


@cache
def _tree_sitter_parser(module: str, entry: str) -> Any:
    import importlib

    import tree_sitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # these grammars pass a plain pointer
        language = tree_sitter.Language(getattr(importlib.import_module(module), entry)())
        parser = tree_sitter.Parser()
        parser.language = language
    return parser


def _first_error_line(root: Any) -> int:
    node = root
    while not (node.is_error or node.is_missing):
        following = next((child for child in node.children if child.has_error or child.is_missing), None)
        if following is None:
            break
        node = following
    return int(node.start_point[0]) + 1


_TREE_SITTER_MODULES = {
    "javascript": "tree_sitter_javascript",
    "java": "tree_sitter_java",
    "c": "tree_sitter_c",
    "cpp": "tree_sitter_cpp",
    "csharp": "tree_sitter_c_sharp",
    "go": "tree_sitter_go",
    "rust": "tree_sitter_rust",
    "ruby": "tree_sitter_ruby",
}

PARSERS: Mapping[str, Parser] = {
    "python": _python,
    "json": _json,
    "yaml": _yaml,
    "html": _html,
    "css": _css,
    "sql": _sql,
    **{name: _tree_sitter(module) for name, module in _TREE_SITTER_MODULES.items()},
    "php": _tree_sitter("tree_sitter_php", "language_php"),
}


def top_level(language: str, text: str) -> list[tuple[str, str]]:
    """Kind and text of each top-level node, in a language that tree-sitter parses."""
    parser = (
        _tree_sitter_parser("tree_sitter_php", "language_php")
        if language == "php"
        else _tree_sitter_parser(_TREE_SITTER_MODULES[language], "language")
    )
    root = parser.parse(text.encode("utf-8", "replace"))
    return [(child.type, child.text.decode("utf-8", "replace")) for child in root.root_node.children]


def to_sqlite(text: str) -> list[str] | None:
    """The statements of `text` in SQLite's dialect; None where no dialect parses it."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    for dialect in _SQL_DIALECTS:
        try:
            return sqlglot.transpile(text, read=dialect, write="sqlite")
        except (SqlglotError, RecursionError):
            continue
    return None
