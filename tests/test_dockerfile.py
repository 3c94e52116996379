"""What can be checked of the Dockerfile without an engine: what it copies, installs and leaves out."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from src.languages.registry import LANGUAGES
from src.system.pins import pins

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
RUNS = re.findall(r"^RUN (.+)$", TEXT, re.MULTILINE)
HOME, PROJECT = "/home/user", "/project"
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
    assert f"WORKDIR {PROJECT}\n" in TEXT


def test_every_run_line_is_a_whole_command():
    assert len(RUNS) == 4
    for line in RUNS:
        done = subprocess.run(["sh", "-n"], input=line, capture_output=True, text=True)
        assert done.returncode == 0, (line, done.stderr)


def test_the_packages_are_installed_from_nothing_but_what_was_copied(tmp_path: Path):
    """What make would run in a folder that holds the copied files only."""
    [copied] = re.findall(r"^COPY --chown=user (.+) \./$", TEXT, re.MULTILINE)
    for name in copied.split():
        shutil.copy(ROOT / name, tmp_path)
    [target] = re.findall(r"^RUN make (\S+)", TEXT, re.MULTILINE)
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "-m venv .venv" in done.stdout
    assert re.search(r"^\.venv/bin/python -m pip install .*-r requirements\.txt$", done.stdout, re.MULTILINE)


def test_the_command_and_the_scripts_take_the_environment_that_was_made():
    assert re.findall(r"^ENV PATH=(\S+):\$PATH$", TEXT, re.MULTILINE) == [f"{PROJECT}/.venv/bin"]
    [command] = re.findall(r'^CMD \["(\S+)"\]$', TEXT, re.MULTILINE)
    assert command in RUNS[0].split()  # installed above
    assert "ENTRYPOINT" not in TEXT


def test_volumes_are_mounted_where_the_user_may_write():
    """Docker gives a new volume the owner of the folder that it covers; one that is missing would belong to root."""
    volumes = re.findall(r"-v [\w-]+:(\S+)", TEXT)
    assert len(volumes) == 4
    [made] = [line.removeprefix("mkdir -p ").split() for line in RUNS if line.startswith("mkdir -p ")]
    assert {str(Path(PROJECT) / name) for name in made} == set(volumes)
    assert f"{HOME}/.cache/huggingface" in volumes


def test_arm64_gets_every_pin_that_x86_64_gets():
    assert "For x86-64 and arm64" in TEXT
    x86, arm = ({"sys_platform": "linux", "platform_machine": machine} for machine in ("x86_64", "aarch64"))
    assert len(pins(x86)) > 40
    assert pins(x86) == pins(arm)
    workflow = yaml.safe_load((ROOT / ".github/workflows/platforms.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["resolve"]["strategy"]["matrix"]  # every pin has a wheel there
    [python] = re.findall(r"^FROM python:(\d+\.\d+)\.", TEXT, re.MULTILINE)
    assert python in matrix["python"]
    assert {"x86_64-manylinux_2_28", "aarch64-manylinux_2_28"} <= set(matrix["platform"])
