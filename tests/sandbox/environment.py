"""Limits for quick tests, the mark of tests that need a sandbox, and Python processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from src.sandbox import launch
from src.sandbox.sandbox import Limits, unavailable_reason

ROOT = Path(__file__).parents[2]
QUICK = Limits(wall_s=2, cpu_s=2, memory_mib=512, output_bytes=20_000, processes=32, file_mib=16)
needs_sandbox = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))


def run_script(text: str, *before: str, **options) -> subprocess.Popen:
    """A Python of the system with this project on its path: another user may not read this one's own."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin") or sys.executable
    path = os.pathsep.join([*(str(Path(p).parent) for p in launch._bubblewraps()), os.environ["PATH"]])
    environment = {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [*before, python, "-c", text],
        env=environment,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
