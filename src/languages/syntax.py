"""Bounds of strict parsers, and the parsers that several modules need: Python's own, and tree-sitter's."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import symtable
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

MAX_CHARS = 200_000
MAX_DEPTH = 150
MAX_PYTHON_BRACES = 30_000  # CPython 3.11 is quadratic in the expressions of one f-string
MAX_TYPE_BRACKETS = 3_000  # tree-sitter is quadratic in a<a<a<a< and counts it as few steps
MAX_TREE_SITTER_DEPTH = 1_000  # of brackets; deeper text has no nodes
# code takes a fourth of them, in any grammar; some noise has no end
PARSE_STEPS, PARSE_STEPS_PER_BYTE = 500, 1 / 16

Parser = Callable[[str], str | None]
# What parsers raise on hostile text, besides errors of their own: int() of a long number, chr() of a large one.
PARSE_ERRORS = (
    ValueError, SyntaxError, TypeError, RecursionError, MemoryError, ArithmeticError, AssertionError, LookupError,
    AttributeError,
)  # fmt: skip

_BRACKETS = re.compile(r"[(\[{]|[)\]}]")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of what is beyond 16 bits
_TYPE_BRACKET = re.compile(r"\w\s*+<(?![<=])")

# CPython 3.11 keeps the depth of the tree it builds in one place for all threads (python/cpython#106905):
# two threads that parse at once may both end with a SystemError
_PARSER_LOCK = threading.RLock()


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


def first_line(error: BaseException) -> str:
    """What an error says, without a traceback of the parser's own."""
    return (str(error).splitlines() or [""])[0]


def checked(parser: Parser, text: str) -> str | None:
    """Why `text` is not a program; None where it is one.

    Hostile text is refused before the parser sees it: too long, too deep, or with a NUL or a lone surrogate.
    """
    if not text.strip():
        return "empty"
    if len(text) > MAX_CHARS:
        return f"longer than {MAX_CHARS} characters"
    if _NO_TEXT.search(text):
        return "not text"
    if bracket_depth(text) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
    try:
        return parser(text)
    except PARSE_ERRORS as error:
        return f"{type(error).__name__}: {first_line(error)}"


def parse_python(text: str) -> ast.Module | None:
    """The syntax tree of `text`, or None where it does not parse."""
    return None if _too_large(text) else _python_tree(text)[0]


def parse_expression(text: str) -> ast.expr | None:
    """The syntax tree of one expression, or None where `text` is none."""
    return _read(lambda: ast.parse(text, mode="eval").body, text)


def literal(text: str) -> Any:
    """The value of a Python literal, or None where `text` is none."""
    return _read(lambda: ast.literal_eval(text), text)


def symbols(text: str) -> symtable.SymbolTable | None:
    """Python's symbol table of a program, or None where `text` is none."""
    return _read(lambda: symtable.symtable(text, "main.py", "exec"), text)


def first_error_line(text: str) -> int:
    """The line, from 1, at which Python's parser stops; 0 where `text` parses."""
    return 1 if _too_large(text) else _python_tree(text)[2]


def _read(read: Callable[[], Any], text: str) -> Any:
    if _too_large(text):
        return None
    try:
        with _PARSER_LOCK:
            return read()
    except PARSE_ERRORS:
        return None


def _too_large(text: str) -> bool:
    return len(text) > MAX_CHARS or bracket_depth(text) > MAX_DEPTH or text.count("{") > MAX_PYTHON_BRACES


def _python_tree(text: str) -> tuple[ast.Module | None, str | None, int]:
    """The tree of `text`, or why there is none and in which line."""
    if text.count("{") > MAX_PYTHON_BRACES:
        return None, f"more than {MAX_PYTHON_BRACES} braces", 1
    with _PARSER_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about a model's invalid escapes are noise here
        try:
            return ast.parse(text), None, 0
        except SyntaxError as error:
            return None, f"{error.msg} (line {error.lineno})", error.lineno or 1
        except PARSE_ERRORS as error:
            return None, type(error).__name__, 1


def python_error(text: str) -> str | None:
    return _python_tree(text)[1]


@dataclass(frozen=True)
class TreeSitter:
    """A grammar of tree-sitter, by the package that holds it."""

    module: str
    entry: str = "language"

    def error(self, text: str) -> str | None:
        root = self.root(text)
        if root is None:
            return "parsing took too long"
        return f"unexpected text (line {_first_error_line(root)})" if root.has_error else None

    def top_level(self, text: str) -> list[tuple[str, str]]:
        """Kind and text of each top-level node; one ERROR for what is too long or deep, or takes too long."""
        if len(text) > MAX_CHARS or bracket_depth(text) > MAX_TREE_SITTER_DEPTH:
            return [("ERROR", text)]
        root, source = self.root(text), text.encode("utf-8", "replace")
        if root is None:
            return [("ERROR", text)]
        return [
            (child.type, source[child.start_byte : child.end_byte].decode("utf-8", "replace"))
            for child in root.children
        ]

    def root(self, text: str) -> Any:
        """The root of the tree of `text`; None where it takes too long: by its own steps, on any machine the same."""
        if len(_TYPE_BRACKET.findall(text)) > MAX_TYPE_BRACKETS:
            return None
        source = text.encode("utf-8", "replace")
        steps = itertools.count()
        limit = PARSE_STEPS + PARSE_STEPS_PER_BYTE * len(source)
        parser = _tree_sitter_parser(self.module, self.entry)
        parser.reset()  # a parse that goes on after a stop may end in another tree
        try:
            return parser.parse(
                lambda offset, _: source[offset:], progress_callback=lambda *_: next(steps) > limit
            ).root_node
        except ValueError:  # stopped
            return None


@cache
def _tree_sitter_parser(module: str, entry: str) -> Any:
    import tree_sitter

    return tree_sitter.Parser(tree_sitter.Language(getattr(importlib.import_module(module), entry)()))


def _first_error_line(root: Any) -> int:
    node = root
    while not (node.is_error or node.is_missing):
        following = next((child for child in node.children if child.has_error or child.is_missing), None)
        if following is None:
            break
        node = following
    return int(node.start_point[0]) + 1
