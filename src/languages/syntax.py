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

from src.languages.parsing_limits import PARSE_ERRORS, bracket_depth, first_line
from src.languages.sql_syntax import sql_error

MAX_CHARS = 200_000
MAX_DEPTH = 150
MAX_PYTHON_BRACES = 30_000  # CPython 3.11 is quadratic in the expressions of one f-string
MAX_TAGS = 5_000  # html5lib is quadratic in open formatting elements
MAX_ATTRIBUTES = 300  # of one tag: html5lib compares each with all before it
MAX_YAML_CHARS = 100_000  # PyYAML takes about 15 microseconds a character
MAX_TYPE_BRACKETS = 3_000  # tree-sitter is quadratic in a<a<a<a< and looks at its timeout too rarely
TREE_SITTER_TIMEOUT_US = 500_000

Parser = Callable[[str], str | None]

_TYPE_BRACKET = re.compile(r"\w\s*+<(?![<=])")
_BLANKS = re.compile(r"\s*")
_DOCUMENT = re.compile(r"<(?:!doctype|(html))\b", re.IGNORECASE)
_TAG = re.compile(r"<[A-Za-z](?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+")
_ATTRIBUTE_VALUE = re.compile(r"\"[^\"]*+\"|'[^']*+'")

# CPython 3.11 keeps the depth of the tree it builds in one place for all threads (python/cpython#106905):
# two threads that parse at once may both end with a SystemError
_PARSER_LOCK = threading.RLock()


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
    try:
        return parser(text)
    except PARSE_ERRORS as error:
        return f"{type(error).__name__}: {first_line(error)}"


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def parse_python(text: str) -> ast.Module | None:
    """The syntax tree of `text`, or None where it does not parse."""
    return None if _too_large(text) else _python_tree(text)[0]


def parse_expression(text: str) -> ast.expr | None:
    """The syntax tree of one expression, or None where `text` is none."""
    if _too_large(text):
        return None
    try:
        with _PARSER_LOCK:
            return ast.parse(text, mode="eval").body
    except PARSE_ERRORS:
        return None


def literal(text: str) -> Any:
    """The value of a Python literal, or None where `text` is none."""
    if _too_large(text):
        return None
    try:
        with _PARSER_LOCK:
            return ast.literal_eval(text)
    except PARSE_ERRORS:
        return None


def _too_large(text: str) -> bool:
    return len(text) > MAX_CHARS or bracket_depth(text) > MAX_DEPTH or text.count("{") > MAX_PYTHON_BRACES


def _python_tree(text: str) -> tuple[ast.Module | None, str | None]:
    if text.count("{") > MAX_PYTHON_BRACES:
        return None, f"more than {MAX_PYTHON_BRACES} braces"
    with _PARSER_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about a model's invalid escapes are noise here
        try:
            return ast.parse(text), None
        except SyntaxError as error:
            return None, f"{error.msg} (line {error.lineno})"
        except PARSE_ERRORS as error:
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

    if len(text) > MAX_YAML_CHARS:
        return f"longer than {MAX_YAML_CHARS} characters"
    try:
        # events only: aliases are never expanded
        kinds = {type(event) for event in yaml.parse(text, Loader=yaml.SafeLoader)}
    except yaml.YAMLError as error:
        return first_line(error)
    if not kinds & {yaml.MappingStartEvent, yaml.SequenceStartEvent}:
        return "no mapping or sequence"  # any sentence is a YAML scalar
    return None


def _html(text: str) -> str | None:
    import html5lib
    from html5lib.html5parser import ParseError

    if text.count("<") > MAX_TAGS:
        return f"more than {MAX_TAGS} tags"
    if any(len(_ATTRIBUTE_VALUE.sub("", tag).split()) > MAX_ATTRIBUTES for tag in _TAG.findall(text)):
        return f"more than {MAX_ATTRIBUTES} attributes in a tag"
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = _DOCUMENT.match(text, _end_of_comments(text))
    doctype = "<!DOCTYPE html>" if document and document.group(1) else ""
    try:
        if document:
            parser.parse(doctype + text)
        else:
            parser.parseFragment(text)
    except ParseError as error:
        return str(error) or "parse error"
    return None if re.search(r"<[A-Za-z!]", text) else "no element"


def _end_of_comments(text: str) -> int:
    """Where the comments and white space that `text` begins with end."""
    end = len(text) - len(text.lstrip())
    while text.startswith("<!--", end) and (closing := text.find("-->", end + 4)) >= 0:
        blanks = _BLANKS.match(text, closing + 3)
        assert blanks is not None  # it matches nothing, too
        end = blanks.end()
    return end


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


def _tree_sitter(module: str, entry: str = "language") -> Parser:
    def parse(text: str) -> str | None:
        root = _tree_sitter_root(_tree_sitter_parser(module, entry), text)
        if root is None:
            return "parsing took too long"
        return f"unexpected text (line {_first_error_line(root)})" if root.has_error else None

    return parse


def _tree_sitter_root(parser: Any, text: str) -> Any:
    """The root of the tree of `text`; None where it takes too long."""
    if len(_TYPE_BRACKET.findall(text)) > MAX_TYPE_BRACKETS:
        return None
    parser.timeout_micros = TREE_SITTER_TIMEOUT_US
    parser.reset()
    try:
        return parser.parse(text.encode("utf-8", "replace")).root_node
    except ValueError:
        return None


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
    "sql": sql_error,
    **{name: _tree_sitter(module) for name, module in _TREE_SITTER_MODULES.items()},
    "php": _tree_sitter("tree_sitter_php", "language_php"),
}


def top_level(language: str, text: str) -> list[tuple[str, str]]:
    """Kind and text of each top-level node, in a language that tree-sitter parses; one ERROR where it takes too long."""
    parser = (
        _tree_sitter_parser("tree_sitter_php", "language_php")
        if language == "php"
        else _tree_sitter_parser(_TREE_SITTER_MODULES[language], "language")
    )
    root = _tree_sitter_root(parser, text)
    if root is None:
        return [("ERROR", text)]
    return [(child.type, child.text.decode("utf-8", "replace")) for child in root.children]
