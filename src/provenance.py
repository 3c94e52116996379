"""Where a result comes from: commit, configuration, fingerprints, versions and hardware."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.system.pins import installed_version

if TYPE_CHECKING:
    from src.config import Config

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = "torch transformers peft accelerate bitsandbytes datasets sacrebleu tree-sitter".split()
RESULTS = (":!reports", ":!benchmarks/results")  # what a command writes does not change what made it
KERNELS = ("ipykernel_launcher.py", "colab_kernel_launcher.py")  # what runs a notebook's cells


def describe(config: Config | None = None, **more: Any) -> dict[str, Any]:
    """The provenance in a results file. No environment variables, no user names, no absolute paths."""
    return {
        "commit": commit(),
        "command": command(),
        **({"config": dataclasses.asdict(config)} if config else {}),
        "versions": {"python": platform.python_version()}
        | {name: installed_version(name) for name in PACKAGES},
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "cpu_count": os.cpu_count() or 1,
        },
        **more,
    }


def commit() -> str:
    """The commit, with "+dirty" where tracked files other than results were changed; "unknown" outside git."""
    head = _git("rev-parse", "HEAD")
    if not head:
        return "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *RESULTS)
    return head[:12] + ("+dirty" if changed else "")


def command() -> str:
    """The command as typed, absolute paths shortened to their last part; in a notebook, where none was, a comment."""
    script, *words = sys.argv
    if script.endswith(KERNELS):
        return "# run in a notebook, such as notebooks/demo.ipynb"
    words = [Path(word).name if word.startswith("/") else word for word in words]
    return "python " + shlex.join([Path(script).name, *words])


def digest(text: str) -> str:
    """16 hex digits of SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _git(*words: str) -> str:
    try:
        result = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
