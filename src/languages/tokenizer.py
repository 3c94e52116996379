"""Splits source code of any language into tokens; indentation is a token where it has meaning."""

from __future__ import annotations

import re

from src.languages.registry import LANGUAGES

NEWLINE, INDENT, DEDENT = "<newline>", "<indent>", "<dedent>"  # no token of code holds "<" and a letter
TAB_COLUMNS = 8

_OPERATORS = r"===|!==|>>>=?|<<=|>>=|\*\*=?|//=?|\.\.\.|->|=>|::|:=|\+\+|--|&&|\|\||\?\?|[-+*/%&|^=!<>~@]="
_ALONE = r"[^\w\s!=<>*/.:+&|?%^~@-]"  # what begins no operator, tried before them
_TOKEN = re.compile(rf"[^\W\d]\w*|{_ALONE}|\d+(?:\.\d+)?\w*|{_OPERATORS}|[^\w\s]")
_QUOTED = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'(?:\\.|[^\\])*?(?:\'\'\'|\Z)'''
    r"""|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|\#[^\n]*""",
    re.DOTALL,
)
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


def tokenize_code(code: str, language: str) -> list[str]:
    """Words, numbers and operators; no token holds white space.

    In a language with layout each logical line ends in NEWLINE, and INDENT and DEDENT mark its depth.
    """
    if language not in LANGUAGES or not LANGUAGES[language].layout:
        return _TOKEN.findall(code)
    tokens: list[str] = []
    columns = [0]
    open_brackets = 0
    for line in _logical_lines(code):
        if not line.strip():
            continue
        if open_brackets == 0:
            tokens += _layout(line, columns)
        tokens += _TOKEN.findall(line)
        open_brackets = max(0, open_brackets + _bracket_balance(line))
        if open_brackets == 0:
            tokens.append(NEWLINE)
    return tokens + [DEDENT] * (len(columns) - 1)


def _logical_lines(code: str) -> list[str]:
    """Lines, where a quoted string of several lines counts as one."""
    joined = _QUOTED.sub(lambda quoted: quoted.group().replace("\n", "\0"), code.replace("\r\n", "\n"))
    return [line.replace("\0", " ") for line in joined.split("\n")]


def _layout(line: str, columns: list[int]) -> list[str]:
    """The DEDENTs and the INDENT before a line; `columns`, the open indentations, is updated in place."""
    margin = line[: len(line) - len(line.lstrip())].expandtabs(TAB_COLUMNS)
    tokens = []
    while len(margin) < columns[-1]:
        columns.pop()
        tokens.append(DEDENT)
    if len(margin) > columns[-1]:
        columns.append(len(margin))
        tokens.append(INDENT)
    return tokens


def _bracket_balance(line: str) -> int:
    return sum(_BRACKETS.get(character, 0) for character in _QUOTED.sub("", line))
