"""The packages of this machine: what requirements.txt pins for it, and what is installed."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pins(environment: dict[str, str] | None = None) -> dict[str, str]:
    """The pinned version of each package, here or where markers have the values of `environment`; what has no build is left out."""
    from packaging.requirements import Requirement

    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
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
        return "not installed"
