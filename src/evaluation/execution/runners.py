"""Runs a program of any language in the sandbox, a fragment wrapped into a whole program."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from src.evaluation.execution.missing_dependencies import marked_missing
from src.evaluation.execution.tools import find_tool
from src.languages.language import SANDBOX_PYTHON, Language, Source
from src.languages.registry import LANGUAGES
from src.languages.syntax import MAX_CHARS
from src.schema import Execution

if TYPE_CHECKING:
    from src.sandbox.sandbox import Sandbox

FRAGMENT = "fragment"  # what such a program lacks is the code around it


def run_program(name: str, sandbox: Sandbox, code: str, stdin: bytes = b"") -> Execution:
    """Run one answer, `stdin` on its standard input: what is no program is not started, and what needs more than the machine has is not_run."""
    language = LANGUAGES.get(name)
    if language is None or not language.runs:
        return Execution(
            "not_run", f"no way to run {language.label if language else 'a language that is not known'}"
        )
    return refusal(code) or marked_missing(name, _run(language, sandbox, code, stdin))


def refusal(code: str) -> Execution | None:
    """The verdict on what is no program in any language, without running it; None for all else."""
    if not code.strip():
        return Execution("error", "no code")
    if len(code) > MAX_CHARS:
        return Execution("error", f"longer than {MAX_CHARS} characters")
    if "\0" in code:
        return Execution("error", "SyntaxError", stderr="a NUL character in the source")
    return None


def _run(language: Language, sandbox: Sandbox, code: str, stdin: bytes) -> Execution:
    error = language.syntax_error(code) if language.checked else None
    if error:
        return Execution("error", "SyntaxError", stderr=error)
    source = language.source(code) if language.run else None
    if source is None:
        return Execution("passed", "parsed only")
    if language.run == SANDBOX_PYTHON:
        return sandbox.python("\n".join(source.files.values()), stdin=stdin)
    return _without_context(language, source, _run_tools(language, sandbox, source, stdin))


def _run_tools(language: Language, sandbox: Sandbox, source: Source, stdin: bytes) -> Execution:
    """Run files with tools of the system; not_run where one of the tools is missing."""
    absent = next((tool for tool in language.tools if find_tool(tool) is None), None)
    if absent:
        return Execution("not_run", f"no {absent}")
    compile_argv, argv = (
        command.format(
            files=" ".join(source.files), start=source.start, limit_mib=sandbox.limits.memory_mib
        ).split()
        for command in (language.compile, language.run)
    )
    limits = dataclasses.replace(sandbox.limits, reserved_mib=language.memory_mib)
    execution = sandbox.command(source.files, argv, stdin, compile_argv=compile_argv, limits=limits)
    if execution.detail.startswith("compile"):  # tsc writes its errors to stdout
        return dataclasses.replace(execution, stdout="", stderr=execution.stdout + execution.stderr)
    return execution


def _without_context(language: Language, source: Source, execution: Execution) -> Execution:
    """A fragment that does not compile for lack of context is not_run, not an error."""
    if execution.outcome != "error" or "compile" not in execution.detail or language.unknown_name is None:
        return execution
    taken_from = source.taken_from
    unknown = language.unknown_name.compiled.search(execution.stderr)
    if unknown and (source.wrapped or (taken_from and taken_from.compiled.search(execution.stderr))):
        return dataclasses.replace(
            execution, outcome="not_run", detail=f"fragment: {unknown.group()}", lacks=FRAGMENT
        )
    return execution
