"""Prepends what a sample's input defines, names or tables, to a program that needs it."""

from __future__ import annotations

import ast
import re

from src.evaluation.differential.program_analysis import MAX_SETUP_CHARS, setup_program
from src.languages.syntax import parse_python, syntax_error
from src.schema import Sample

_TABLE = re.compile(r"(?i)\bcreate\s+table\b")
_SCRIPT_NAMES = re.compile(r"(?:^|[;,\n])[^\S\n]*+(?:(?:const|let|var)\s++)?([A-Za-z_$][\w$]*+)\s*+=[^=>]")


def with_input(sample: Sample, program: str) -> str:
    """`program`, after the sample's input where that is code that defines what the program uses."""
    if sample.prefix or not sample.input.strip():
        return program
    make = {"python": _with_names, "sql": _with_tables, "javascript": _with_script}.get(sample.language)
    return make(sample.input, program) if make else program


def _with_names(input: str, program: str) -> str:
    setup = setup_program(input)
    before, tree = parse_python(setup), parse_python(program)
    if not setup or before is None or tree is None or not _bound(before) & (_loaded(tree) - _bound(tree)):
        return program
    return f"{setup}\n{program}"


def _with_tables(input: str, program: str) -> str:
    if not _TABLE.search(input) or _TABLE.search(program):
        return program
    return f"{input.rstrip('; ')};\n{program}"


def _with_script(input: str, program: str) -> str:
    """JavaScript: only where the input parses, and the program declares none of its names itself."""
    names = _SCRIPT_NAMES.findall(input) if len(input) <= MAX_SETUP_CHARS else []
    used = [name for name in names if re.search(rf"(?<![\w$.]){re.escape(name)}(?![\w$])", program)]
    declared = [
        name
        for name in names
        if re.search(
            rf"^(?:const|let|var|function|class)\s+{re.escape(name)}(?![\w$])", program, re.MULTILINE
        )
    ]
    if not used or declared or syntax_error("javascript", input) is not None:
        return program
    return f"{input.rstrip()}\n;{program}"


def _bound(tree: ast.Module) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    names |= {(n.asname or n.name).split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.alias)}
    return names | {n.name for n in ast.walk(tree) if isinstance(n, kinds)}


def _loaded(tree: ast.Module) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
