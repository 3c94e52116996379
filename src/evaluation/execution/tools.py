"""Which compilers and interpreters of the system run a language, and their versions."""

from __future__ import annotations

import functools
import shutil
import subprocess

from src.languages.language import SANDBOX_PYTHON
from src.languages.registry import LANGUAGES
from src.sandbox.launch import ENVIRONMENT, find_recipe

SYSTEM_PATH = ENVIRONMENT["PATH"]  # what the sandbox shows; a tool in a private home is not there
MISSING = "missing"
VERSION_TIMEOUT_S = 20.0


def find_tool(name: str) -> str | None:
    """The path of a tool that the sandbox can see."""
    return shutil.which(name, path=SYSTEM_PATH)


def tool_versions(name: str) -> dict[str, str]:
    """What each tool of a language says of its version, MISSING where it is not there; Python's is the sandbox's.

    With the commands that its programs may call and that are there: without them, such a program is not run.
    """
    language = LANGUAGES.get(name)
    if not name or (language and language.run == SANDBOX_PYTHON):  # "" is run where it has tests
        recipe = find_recipe()[0]
        return {"python": _version(recipe.python, "--version") if recipe else MISSING}
    if language is None:
        return {}
    paths = {tool: find_tool(tool) for tool in language.tools}
    versions = {tool: _version(path, language.version) if path else MISSING for tool, path in paths.items()}
    return versions | {"commands": _present(" ".join(names for _, names in language.missing), SYSTEM_PATH)}


@functools.cache
def _present(names: str, path: str) -> str:
    return " ".join(name for name in names.split() if shutil.which(name, path=path))


@functools.cache
def _version(path: str, question: str) -> str:
    """All that it says: what stands in the first line alone differs from tool to tool."""
    try:
        done = subprocess.run(
            [path, question],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            env=ENVIRONMENT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return " ".join(f"{done.stdout} {done.stderr}".split())
