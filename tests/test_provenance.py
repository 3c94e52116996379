"""A result says where it comes from and nothing about who made it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from src import provenance
from src.config import load_config


def test_it_names_commit_configuration_versions_and_hardware():
    assert "config" not in provenance.describe()
    made = provenance.describe(load_config(), device="here")
    assert set(made) >= {"commit", "command", "config", "versions", "hardware", "device"}
    assert made["config"]["lora"]["r"] == 16
    assert made["versions"]["torch"].startswith("2.")
    json.dumps(made)


def test_it_holds_no_environment_user_or_absolute_path(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret123")
    monkeypatch.setattr(
        sys, "argv", ["/home/somebody/project/train_lora.py", "--config", "/home/somebody/my.yaml"]
    )
    made = json.dumps(provenance.describe(load_config()))
    assert "hf_secret123" not in made
    assert "somebody" not in made
    assert os.environ["HOME"] not in made
    assert provenance.command() == "python train_lora.py --config my.yaml"


def test_the_commit_is_that_of_the_project_wherever_it_is_run_from(monkeypatch, tmp_path):
    here = subprocess.run(
        ["git", "-C", str(provenance.ROOT), "rev-parse", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    monkeypatch.chdir(tmp_path)
    assert provenance.commit().removesuffix("+dirty") == (here[:12] or "unknown")


def test_changed_code_is_dirty_and_results_that_were_written_are_not(monkeypatch, tmp_path):
    """The second report of a run is written beside the first, which git may know in an older form."""
    files = [tmp_path / name for name in ("reports/x/comparison.md", "benchmarks/results/a.json", "src/a.py")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("old")
    identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    for file, dirty in zip(files, (False, False, True), strict=True):
        file.write_text("new")
        assert provenance.commit().endswith("+dirty") == dirty, file


@pytest.mark.parametrize("launcher", ["/usr/lib/ipykernel_launcher.py", "/env/colab_kernel_launcher.py"])
def test_a_notebook_is_named_as_one_and_not_by_its_kernel(launcher: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", [launcher, "-f", "/root/kernel-1a2b.json"])
    assert provenance.command() == "# run in a notebook, such as notebooks/demo.ipynb"
