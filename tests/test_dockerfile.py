"""What can be checked of the Dockerfile without an engine: what it copies, installs and leaves out."""

from __future__ import annotations

import fnmatch
import re
import subprocess
from pathlib import Path

import pytest

from src.languages.registry import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
# Commands that the files of src/languages name, and the Debian packages that bring them.
RUNTIMES = {
    "node": "nodejs", "bash": "bash", "php": "php-cli", "ruby": "ruby", "gcc": "gcc", "g++": "g++",
    "javac": "default-jdk-headless",
}  # fmt: skip


def _left_out(path: str) -> bool:
    """Whether .dockerignore keeps `path` from the build: patterns are anchored at the root but for a leading **/."""
    parts = path.split("/")
    for pattern in IGNORED:
        anywhere = pattern.startswith("**/")
        bare = pattern.removeprefix("**/").split("/")
        for start in range(len(parts) if anywhere else 1):
            piece = parts[start : start + len(bare)]
            if len(piece) == len(bare) and all(map(fnmatch.fnmatchcase, piece, bare)):
                return True
    return False


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    if not listed:
        pytest.skip("not a git checkout")
    return listed


def test_the_base_is_pinned_to_a_patch_and_a_release():
    assert re.findall(r"^FROM (.+)$", TEXT, re.MULTILINE) == ["python:3.11.14-slim-bookworm"]


def test_what_is_copied_by_name_is_there_and_reaches_the_build():
    named = [
        word
        for line in re.findall(r"^COPY --chown=user (.+) \./$", TEXT, re.MULTILINE)
        for word in line.split()
    ]
    assert named == ["requirements.txt", "requirements-gpu.txt", "constraints.txt", "Makefile"]
    assert [name for name in named if name not in _tracked() or _left_out(name)] == []
    includes = re.findall(
        r"^-[cr] (\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(includes) <= set(named)


def test_the_packages_are_installed_by_a_target_that_needs_no_other_file():
    [target] = re.findall(r"^RUN make (\S+)", TEXT, re.MULTILINE)
    rule = re.search(
        rf"^{re.escape(target)}: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rule
    assert set(rule[1].split()) <= {"requirements.txt", "constraints.txt"}


def test_every_tracked_file_reaches_the_image_and_no_result_or_secret_does():
    assert [path for path in _tracked() if _left_out(path)] == []
    local = (
        ".venv/bin/python", "data/codealpaca/train.jsonl", "checkpoints/lora/final/run.json", "reports/runs/a/b",
        "models/x/model.safetensors", "src/data/__pycache__/a.pyc", ".ruff_cache/x", ".hypothesis/x", ".coverage",
    )  # fmt: skip
    assert [path for path in local if not _left_out(path)] == []


def test_the_languages_that_are_run_have_their_tools():
    started = {command for language in LANGUAGES.values() for command in language.tools}
    assert set(RUNTIMES) <= started
    installed = set(re.findall(r"apt-get install -y --no-install-recommends (.+?) +&&", TEXT)[0].split())
    assert set(RUNTIMES.values()) <= installed


def test_nothing_runs_as_root():
    assert re.findall(r"^(?:USER|COPY|CMD).*", TEXT, re.MULTILINE)[0] == "USER user"
