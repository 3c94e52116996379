"""Which compilers and interpreters of the system run a language, and their versions."""

from __future__ import annotations

import functools
import shutil
import subprocess

from src.sandbox.launch import ENVIRONMENT, find_recipe

SYSTEM_PATH = ENVIRONMENT["PATH"]  # what the sandbox shows; a tool in a private home is not there
TOOLS = {  # by the key of the language
    "javascript": ("node",),
    "typescript": ("tsc", "node"),
    "bash": ("bash",),
    "c": ("gcc",),
    "cpp": ("g++",),
    "java": ("javac", "java"),
    "php": ("php",),
    "ruby": ("ruby",),
    "go": ("go",),
    "rust": ("rustc",),
}
MISSING = "missing"
VERSION_TIMEOUT_S = 20.0


def find_tool(name: str) -> str | None:
    """The path of a tool that the sandbox can see."""
    return shutil.which(name, path=SYSTEM_PATH)


def tool_versions(language: str) -> dict[str, str]:
    """What each tool of a language says of its version, MISSING where it is not there; Python's is the sandbox's."""
    if language in ("python", "sql", ""):  # "" is run where it has tests
        recipe = find_recipe()[0]
        return {"python": _version(recipe.python) if recipe else MISSING}
    return {
        name: _version(path) if (path := find_tool(name)) else MISSING for name in TOOLS.get(language, ())
    }


@functools.cache
def _version(path: str) -> str:
    """All that it says: what stands in the first line alone differs from tool to tool."""
    words = [path, "version" if path.endswith("/go") else "--version"]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            env=ENVIRONMENT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return " ".join(f"{done.stdout} {done.stderr}".split())
