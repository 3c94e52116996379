"""Runs a program of any supported language in the sandbox, a fragment wrapped into a whole program."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from src.evaluation.execution.missing_dependencies import marked_missing
from src.evaluation.execution.tools import find_tool
from src.evaluation.execution.wrap_fragments import (
    NO_MAIN,
    go_program,
    java_program,
    php_program,
    rust_program,
)
from src.evaluation.execution.wrap_fragments_c import c_program, cpp_program
from src.languages.registry import LANGUAGES
from src.languages.sql_syntax import to_sqlite
from src.languages.syntax import MAX_CHARS, syntax_error
from src.schema import Execution

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox

Runner = Callable[["Sandbox", str], Execution]

_NODE_MIB = 4096  # address space, most of it never touched
_JAVA_MIB = 8192
_JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# Errors of compiling a fragment that mean a lack of context, not a wrong program.
_UNKNOWN_NAME = re.compile(
    r"cannot find symbol|undeclared|was not declared|does not name a type|unknown type name|undefined:"
    r"|undefined reference"
    r"|has not been declared|invalid use of undefined type|package .{0,200} does not exist"
    r"|cannot find (?:value|type|function)|incomplete type"
)


def check_syntax(language: str, sandbox: Sandbox, code: str) -> Execution:
    """A language that does nothing by itself: what its strict parser accepts has passed."""
    error = syntax_error(language, code)
    return Execution("error", "SyntaxError", stderr=error) if error else Execution("passed")


def run_python(sandbox: Sandbox, code: str) -> Execution:
    return sandbox.python(code)


def run_javascript(sandbox: Sandbox, code: str) -> Execution:
    module = re.search(r"^[^\S\n]*+(?:import\s[^(]|export\s)", code, re.MULTILINE)
    name = "main.mjs" if module else "main.js"
    return _run(sandbox, {name: code}, ["node", name], memory_mib=_NODE_MIB)


def run_typescript(sandbox: Sandbox, code: str) -> Execution:
    compile_argv = ["tsc", "--target", "es2020", "--module", "commonjs", "main.ts"]
    execution = _run(sandbox, {"main.ts": code}, ["node", "main.js"], compile_argv, memory_mib=_NODE_MIB)
    if execution.detail.startswith("compile"):  # tsc writes its errors to stdout
        return dataclasses.replace(execution, stdout="", stderr=execution.stdout + execution.stderr)
    return execution


def run_bash(sandbox: Sandbox, code: str) -> Execution:
    return _run(sandbox, {"main.sh": code}, ["bash", "main.sh"])


def run_php(sandbox: Sandbox, code: str) -> Execution:
    argv = ["php", "-d", "display_errors=stderr", "-d", "log_errors=0", "main.php"]
    return _run(sandbox, {"main.php": php_program(code)}, argv)


def run_ruby(sandbox: Sandbox, code: str) -> Execution:
    return _run(sandbox, {"main.rb": code}, ["ruby", "main.rb"])


def run_sql(sandbox: Sandbox, code: str) -> Execution:
    """Parsed strictly; run in sqlite only where `code` itself creates the tables it needs."""
    error = syntax_error("sql", code)
    if error:
        return Execution("error", "SyntaxError", stderr=error)
    script = to_sqlite(code)
    if script is None or not re.search(r"(?i)\bcreate\s+table\b", code):
        return Execution("passed", "parsed only")
    program = "import sqlite3\nconnection = sqlite3.connect(':memory:')\n" + "".join(
        f"for row in connection.execute({statement!r}): print(row)\n" for statement in script
    )
    return sandbox.python(program)


def run_c(sandbox: Sandbox, code: str) -> Execution:
    program, wrapped = c_program(code)
    compile_argv = ["gcc", "-w", "-O0", "-o", "main", "main.c", "-lm", "-pthread"]
    return _fragment(_run(sandbox, {"main.c": program}, ["./main"], compile_argv), wrapped)


def run_cpp(sandbox: Sandbox, code: str) -> Execution:
    program, wrapped = cpp_program(code)
    compile_argv = ["g++", "-w", "-O0", "-std=c++17", "-o", "main", "main.cpp", "-pthread"]
    return _fragment(_run(sandbox, {"main.cpp": program}, ["./main"], compile_argv), wrapped)


def run_java(sandbox: Sandbox, code: str) -> Execution:
    files, main_class, wrapped = java_program(code)
    compile_argv = ["javac", "-nowarn", *(f"-J{option}" for option in _JVM_OPTIONS), *files]
    argv = ["java", *_JVM_OPTIONS, "-Xshare:auto", "-cp", ".", main_class]
    execution = _run(sandbox, files, argv, compile_argv, memory_mib=_JAVA_MIB)
    # A class with no main is part of a program, whose other classes it may name; a variable it must make itself.
    lacks_class = main_class == NO_MAIN and re.search(r"symbol:\s+class \w", execution.stderr) is not None
    return _fragment(execution, wrapped or lacks_class)


def run_go(sandbox: Sandbox, code: str) -> Execution:
    program, wrapped = go_program(code)
    compile_argv = ["go", "build", "-o", "main", "main.go"]
    return _fragment(
        _run(sandbox, {"main.go": program}, ["./main"], compile_argv, memory_mib=_NODE_MIB), wrapped
    )


def run_rust(sandbox: Sandbox, code: str) -> Execution:
    program, wrapped = rust_program(code)
    compile_argv = ["rustc", "-A", "warnings", "-o", "main", "main.rs"]
    return _fragment(_run(sandbox, {"main.rs": program}, ["./main"], compile_argv), wrapped)


def _run(
    sandbox: Sandbox,
    files: Mapping[str, str],
    argv: Sequence[str],
    compile_argv: Sequence[str] | None = None,
    memory_mib: int | None = None,
) -> Execution:
    """Run files with tools of the system; not_run where one of the tools is missing."""
    for tool in ((compile_argv or argv)[0], argv[0]):
        if not tool.startswith("./") and find_tool(tool) is None:
            return Execution("not_run", f"no {tool}")
    limits = sandbox.limits
    if memory_mib:
        limits = dataclasses.replace(limits, memory_mib=max(memory_mib, limits.memory_mib))
    return sandbox.command(files, argv, compile_argv=compile_argv, limits=limits)


def refusal(code: str) -> Execution | None:
    """The verdict on what is no program in any language, without running it; None for all else."""
    if not code.strip():
        return Execution("error", "no code")
    if len(code) > MAX_CHARS:
        return Execution("error", f"longer than {MAX_CHARS} characters")
    if "\0" in code:
        return Execution("error", "SyntaxError", stderr="a NUL character in the source")
    return None


def _fragment(execution: Execution, wrapped: bool) -> Execution:
    """A wrapped fragment that fails for lack of context is not_run, not an error."""
    if wrapped and execution.outcome == "error" and "compile" in execution.detail:
        unknown = _UNKNOWN_NAME.search(execution.stderr)
        if unknown:
            return dataclasses.replace(execution, outcome="not_run", detail=f"fragment: {unknown.group()}")
    return execution


RUNNERS: dict[str, Runner] = {  # by the key of the language; no other can be run
    "python": run_python,
    "javascript": run_javascript,
    "typescript": run_typescript,
    "bash": run_bash,
    "sql": run_sql,
    "c": run_c,
    "cpp": run_cpp,
    "java": run_java,
    "php": run_php,
    "ruby": run_ruby,
    "go": run_go,
    "rust": run_rust,
    "html": partial(check_syntax, "html"),
    "css": partial(check_syntax, "css"),
    "json": partial(check_syntax, "json"),
    "yaml": partial(check_syntax, "yaml"),
}


def run_program(language: str, sandbox: Sandbox, code: str) -> Execution:
    """Run one answer: what is no program is not started, and what needs more than the machine has is not_run."""
    if language not in RUNNERS:
        shown = LANGUAGES[language].label if language in LANGUAGES else "a language that is not known"
        return Execution("not_run", f"no way to run {shown}")
    return refusal(code) or marked_missing(language, RUNNERS[language](sandbox, code))
