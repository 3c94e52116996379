"""The packages of this machine: what requirements.txt pins for it, what is installed, and what to install in an image that has a torch."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from src.schema import UserError

ROOT = Path(__file__).resolve().parents[2]
NOT_INSTALLED = "not installed"
KEPT = ("torch", "numpy", "scipy", "matplotlib")  # other packages of an image were built for these
# the line of requirements.txt from which an image brings it, or the tests alone need it
KERNEL_AND_CHECKS = "# notebook"


def pins(environment: dict[str, str] | None = None) -> dict[str, str]:
    """The pinned version of each package, here or where markers have the values of `environment`; what has no build is left out."""
    return _pinned((ROOT / "requirements.txt").read_text(encoding="utf-8"), environment)


def _pinned(text: str, environment: dict[str, str] | None = None) -> dict[str, str]:
    from packaging.requirements import Requirement

    lines = text.splitlines()
    stated = [line.partition("#")[0].strip() for line in lines]
    found = [Requirement(line) for line in stated if line and not line.startswith("-")]
    return {
        item.name: str(item.specifier).removeprefix("==")
        for item in found
        if item.marker is None or item.marker.evaluate(environment)
    }


def installed_version(package: str) -> str:
    """The version of a package, or "not installed"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return NOT_INSTALLED


def install_beside_image() -> None:
    """Install the pins that an image such as Colab's lacks. Its torch stays, and so does a pin that this process has loaded.

    Raises UserError where pip cannot, and where it had to replace something else that is loaded.
    """
    kept = kept_packages()
    needed, _, _ = (ROOT / "requirements.txt").read_text(encoding="utf-8").partition(KERNEL_AND_CHECKS)
    pinned = {_plain(name): version for name, version in _pinned(needed).items()}
    wanted = [f"{name}=={version}" for name, version in pinned.items() if name not in kept]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "kept.txt"
        fixed = [f"{name}=={version}\n" for name, version in kept.items() if name in pinned]
        constraints.write_text("".join(fixed), encoding="utf-8")
        words = "-m pip install --quiet --disable-pip-version-check --constraint".split()
        done = subprocess.run(
            [sys.executable, *words, str(constraints), *wanted], stderr=subprocess.PIPE, text=True
        )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise UserError(
            f"pip could not install what the image lacks ({' '.join(errors) or done.stderr.strip()}); "
            "check the network (on Kaggle: Settings, Internet), or use an environment of your own: README.md"
        )
    importlib.invalidate_caches()
    replaced = [name for name, version in kept.items() if installed_version(name) != version]
    if replaced:
        raise UserError(
            f"{', '.join(replaced)} had to be replaced while in use: restart the session and run all cells again"
        )


def kept_packages() -> dict[str, str]:
    """The version of each installed package that an image needs as it is."""
    owners = importlib.metadata.packages_distributions()
    modules = {name.partition(".")[0] for name in sys.modules}
    names = {*KEPT, *(owner for module in modules for owner in owners.get(module, ()))}
    found = {_plain(name): installed_version(name) for name in sorted(names)}
    return {name: version for name, version in found.items() if version != NOT_INSTALLED}


def _plain(name: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
