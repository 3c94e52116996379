"""Makes the files that a program reads, with the content that its sample shows or content that fits their names."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable

from src.languages.syntax import parse_python

MAX_FILES = 6
_READABLE = re.compile(
    r"[\w-][\w .-]{0,60}\.(?:txt|csv|tsv|json|log|md|html|xml|ini|conf|yaml|yml|dat|text|py)"
)
_TEXT = (
    "alpha beta gamma\nThe quick brown fox jumps over the lazy dog.\nalpha 12 apples and 7 pears\n\n"
    "beta, error: 404\nlast line\n"
)
_TABLE = "id,name,age,city,price\n1,Ann,34,Oslo,10.5\n2,Bob,28,Rome,3.25\n3,Cy,45,Oslo,7\n"
_RECORDS = [
    {"id": 1, "name": "Ann", "age": 34, "key": "value"},
    {"id": 2, "name": "Bob", "age": 28, "key": "other"},
]


def files_for(program: str, input: str) -> dict[str, str]:
    """Content for each plain file name among the strings of `program`: the sample's, or invented."""
    names = list(dict.fromkeys(_names_in(program)))[:MAX_FILES]
    shown = _shown_content(input)
    return {name: shown or _invented_content(name, program) for name in names}


def _names_in(program: str) -> Iterable[str]:
    tree = parse_python(program)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _READABLE.fullmatch(node.value):
            yield node.value


def _shown_content(input: str) -> str:
    """The lines of an input that shows a file: its name or a heading, then the content."""
    lines = input.strip().splitlines()
    if len(lines) >= 3:
        return "\n".join(lines[1:] if re.search(r"[:\]]\s*$|^\S+\.\w{2,4}\b", lines[0]) else lines) + "\n"
    return ""


def _invented_content(name: str, program: str) -> str:
    """Content that fits the name; a table gets the columns that the program looks up by name."""
    kind = name.rpartition(".")[2]
    if kind == "json":
        as_list = re.search(r"\bfor \w+ in data\b|\[\s*0\s*\]", program)
        return json.dumps(_RECORDS if as_list else _RECORDS[0], indent=1) + "\n"
    if kind not in ("csv", "tsv"):
        return _TEXT
    rows = _TABLE.strip().split("\n")
    keys = dict.fromkeys(re.findall(r"\[['\"](\w+)['\"]\]", program))
    columns = [key for key in keys if key not in rows[0]]
    for column, start in zip(columns[:3], (4, 15, 8), strict=False):
        rows = [f"{row},{column if at == 0 else start + 3 * at % 7}" for at, row in enumerate(rows)]
    table = "\n".join(rows) + "\n"
    return table.replace(",", "\t") if kind == "tsv" else table
