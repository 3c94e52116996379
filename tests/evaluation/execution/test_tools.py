"""Each language names the tools that its runner starts, and their versions are asked of them."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from src.evaluation.execution import runners
from src.evaluation.execution.runners import run_program
from src.evaluation.execution.tools import MISSING, find_tool, tool_versions
from src.languages.registry import LANGUAGES
from src.sandbox.sandbox import Limits
from src.schema import Execution


@dataclasses.dataclass
class Recording:
    """A sandbox that notes which tools it is asked for."""

    limits: Limits = dataclasses.field(default_factory=Limits)
    started: list[str] = dataclasses.field(default_factory=list)

    def command(
        self,
        files: Mapping[str, str],
        argv: Sequence[str],
        stdin: bytes = b"",
        compile_argv: Sequence[str] | None = None,
        **_: Any,
    ) -> Execution:
        self.started += [
            words[0] for words in (compile_argv, argv) if words and not words[0].startswith("./")
        ]
        return Execution("passed")

    def python(self, code: str, **_: Any) -> Execution:
        return Execution("passed")


@pytest.mark.parametrize("language", [name for name, item in LANGUAGES.items() if item.runs])
def test_a_language_names_the_tools_that_it_starts(language: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runners, "find_tool", lambda name: f"/usr/bin/{name}")
    sandbox = Recording()
    run_program(language, sandbox, "x = 1")  # type: ignore[arg-type]
    assert tuple(sandbox.started) == LANGUAGES[language].tools


def test_tools_are_those_of_the_commands():
    found = {name: " ".join(language.tools) for name, language in LANGUAGES.items() if language.tools}
    assert found == {
        "javascript": "node", "typescript": "tsc node", "bash": "bash", "c": "gcc", "cpp": "g++", "java": "javac java",
        "php": "php", "ruby": "ruby", "go": "go", "rust": "rustc",
    }  # fmt: skip
    assert LANGUAGES["go"].version == "version"


def test_versions_are_what_the_tools_say():
    said = subprocess.run(["/usr/bin/bash", "--version"], capture_output=True, text=True).stdout
    assert tool_versions("bash")["bash"] == " ".join(said.split())
    assert tool_versions("python")["python"].startswith("Python 3.")
    assert tool_versions("html") == {"commands": ""}


def test_a_tool_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("src.evaluation.execution.tools.SYSTEM_PATH", "/nowhere")
    assert find_tool("gcc") is None
    assert tool_versions("c")["gcc"] == MISSING
