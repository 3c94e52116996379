"""Makes the files that a program reads, with the content that its sample shows or content that fits their names."""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Iterable, Iterator

from src.evaluation.differential.inputs.known.tables import table_of
from src.evaluation.differential.inputs.type_inference import is_opened
from src.languages.syntax import parse_python

MAX_FILES = 6
DRAWN = 3  # tables with other rows
GIVEN = ("first.txt", "second.txt")  # what functions that open a file are given (pools.py)
_MOST_WORDS, _OFTEN = 4, 10
_TABLES = ("csv", "tsv")
_READABLE = re.compile(
    r"[\w-][\w .-]{0,60}\.(?:txt|csv|tsv|json|log|md|html|xml|ini|conf|yaml|yml|dat|text|py)"
)
_TEXT = (
    "alpha beta gamma\nThe quick brown fox jumps over the lazy dog.\nalpha 12 apples and 7 pears\n\n"
    "beta, error: 404\nlast line\n"
)
_OTHER_TEXT = "one two two\n\nThree, three! THREE?\nit is 10 o'clock\nalpha\nalpha\nbeta"  # with no end of its last line
_TABLE = "id,name,age,city,price\n1,Ann,34,Oslo,10.5\n2,Bob,28,Rome,3.25\n3,Cy,45,Oslo,7\n"
_RECORDS = [
    {"id": 1, "name": "Ann", "age": 34, "key": "value"},
    {"id": 2, "name": "Bob", "age": 28, "key": "other"},
]


def files_for(program: str, input: str) -> dict[str, str]:
    """Content for each plain file name among the strings of `program`: the sample's, or invented.

    For functions that open a file they are given there are two more.
    """
    names = list(dict.fromkeys(_names_in(program)))[:MAX_FILES]
    shown = _shown_content(input)
    files = {name: shown or _invented_content(name, program) for name in names}
    if not _opens_parameter(program):
        return files
    kind = next((kind for kind in ("csv", "json") if re.search(rf"\bimport {kind}\b", program)), "txt")
    first = shown or _invented_content(f"first.{kind}", program)
    return dict(zip(GIVEN, (first, _OTHER_TEXT if kind == "txt" else first), strict=True)) | files


def other_files(program: str, files: dict[str, str]) -> Iterator[dict[str, str]]:
    """The files with other content: lines that repeat and that are empty; of a table more rows, some alike, another column, and fields that are empty or quoted."""
    takes_csv = bool(re.search(r"\bimport csv\b|\bfrom csv\b", program))
    kinds = {name: "csv" if name in GIVEN and takes_csv else name.rpartition(".")[2] for name in files}
    tables = [name for name, kind in kinds.items() if kind in _TABLES]
    texts = [
        name for name, kind in kinds.items() if kind not in (*_TABLES, "json") and not _is_json(files[name])
    ]
    if texts:
        lines = [line for name in texts for line in files[name].splitlines() if line.strip()]
        yield files | dict.fromkeys(texts, _repeated(lines, _known_words(program)))
        yield files | dict.fromkeys(texts, _OTHER_TEXT)
    for name in tables:
        yield files | {name: _more_rows(files[name])}
        table = table_of(files[name])
        if table is not None:
            draw = random.Random(name)
            yield from (files | {name: table.other(draw)} for _ in range(DRAWN))
        if takes_csv:
            yield files | {name: _quoted(files[name])}
        yield files | {name: _with_gap(files[name])}
        yield files | {name: "".join(f"{row},more\n" for row in files[name].splitlines())}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _repeated(lines: list[str], words: list[str]) -> str:
    """Lines again in another order and in other cases, one of them often, with nothing between two; words that the program knows several times in one."""
    known = [f"{word} {word.title()} x{word} {word}, {word} end" for word in words[:_MOST_WORDS]]
    more = [*lines[1:3], *known, *lines[::-1], *(line.upper() for line in lines[:1]), "", *_OFTEN * lines[:1]]
    return "\n".join(more) + "\n"


def _more_rows(table: str) -> str:
    """A table with its rows twice and more, the last ones first; no other values, since these may have to fit."""
    header, *rows = table.splitlines() or [""]
    return "\n".join([header, *rows[::-1], *rows, *rows[:1], *rows[:1]]) + "\n"


def _quoted(table: str) -> str:
    """A table in which a word is two between quotes, with a comma between them."""
    header, *rows = table.splitlines() or [""]
    changed = [
        re.sub(r"(?<=,)([A-Za-z]+)(?=,|$)|^([A-Za-z]+)(?=,)", r'"\1\2, Jo"', row, count=1) for row in rows
    ]
    return "\n".join([header, *changed]) + "\n"


def _with_gap(table: str) -> str:
    """A table whose second row has nothing in its last column, and whose third has nothing in another."""
    header, *rows = table.splitlines() or [""]
    rows[1:2] = [row.rpartition(",")[0] + "," for row in rows[1:2] if "," in row]
    return "\n".join([header, *rows]) + "\n"


def _opens_parameter(program: str) -> bool:
    tree = parse_python(program)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if tree else []
    return any(
        is_opened(ast.walk(function), parameter.arg)
        for function in functions
        for parameter in function.args.args
    )


def _names_in(program: str) -> Iterable[str]:
    tree = parse_python(program)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _READABLE.fullmatch(node.value):
            yield node.value


def _known_words(program: str) -> list[str]:
    """Words that a program may look for."""
    tree = parse_python(program)
    texts = [node.value for node in (ast.walk(tree) if tree else ()) if isinstance(node, ast.Constant)]
    return [
        text for text in dict.fromkeys(texts) if isinstance(text, str) and re.fullmatch(r"[A-Za-z]{3,}", text)
    ]


def _words_given(program: str) -> list[str]:
    """Words that a script gives a name to or hands to a function: the name of a column may be among them."""
    tree = parse_python(program)
    found = []
    for statement in tree.body if tree else ():
        for node in ast.walk(statement) if isinstance(statement, ast.Assign | ast.Expr) else ():
            values = (
                node.args
                if isinstance(node, ast.Call)
                else [node.value]
                if isinstance(node, ast.Assign)
                else []
            )
            found += [
                value.value
                for value in values
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
            ]
    return [word for word in found if word.isidentifier()]


def _shown_content(input: str) -> str:
    """The lines of an input that shows a file: its name or a heading, then the content."""
    lines = input.strip().splitlines()
    is_code = sum(line.rstrip().endswith(("{", "}", ";")) for line in lines) > 1
    if len(lines) >= 3 and not is_code:
        return "\n".join(lines[1:] if re.search(r"[:\]]\s*$|^\S+\.\w{2,4}\b", lines[0]) else lines) + "\n"
    return ""


def _invented_content(name: str, program: str) -> str:
    """Content that fits the name; a table gets the columns that the program looks up by name."""
    kind = name.rpartition(".")[2]
    if kind == "json":
        as_list = re.search(r"\bfor \w+ in data\b|\[\s*0\s*\]", program)
        return json.dumps(_RECORDS if as_list else _RECORDS[0], indent=1) + "\n"
    if kind not in ("csv", "tsv"):
        words = [word for word in _words_given(program) if len(word) > 2]
        # What is looked for is there twice in a line, and in two lines.
        return _TEXT + "".join(f"{word} and {word}\nthe other {word}\n" for word in words[:2])
    rows = _TABLE.strip().split("\n")
    keys = dict.fromkeys(re.findall(r"\[['\"](\w+)['\"]\]", program) + _words_given(program))
    columns = [key for key in keys if key not in rows[0]]
    for column, start in zip(columns[:3], (4, 15, 8), strict=False):
        rows = [f"{row},{column if at == 0 else start + 3 * at % 7}" for at, row in enumerate(rows)]
    table = "\n".join(rows) + "\n"
    return table.replace(",", "\t") if kind == "tsv" else table
