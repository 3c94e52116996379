"""The doctor answers on every machine: what is missing is a line of its own, and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from src import doctor
from src.doctor import CHECKS, Finding, examine
from tests import tiny

ROOT = Path(__file__).resolve().parents[1]


def test_without_any_package_every_line_is_there_and_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-S", "doctor.py"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert [line[4:].split("  ")[0].strip() for line in done.stdout.splitlines()] == list(CHECKS)
    missing = "!!  packages     No module named 'packaging'. Run: python -m pip install -r requirements.txt"
    assert missing in done.stdout
    assert "ok  Python" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_machine_is_described_with_its_plan(monkeypatch: pytest.MonkeyPatch, tiny_model: Path):
    monkeypatch.setattr("src.system.hub_access.unreachable_reason", lambda: "timed out")
    monkeypatch.setattr("src.system.hub_access.endpoint", lambda: "https://mirror")
    config = tiny.configured(f"model.base_model={tiny_model}", "model.device=cpu")
    found = {item.name: item for item in examine(lambda: config)}
    assert found["hub"] == Finding(
        "hub", False, "https://mirror does not answer (timed out); set HF_ENDPOINT to a mirror"
    )
    assert found["works on"].text.startswith("cpu (")
    assert "CPU cores), float32." in found["works on"].text
    assert found["plan"].ok
    assert "LoRA 0.6 GiB" in found["plan"].text
    assert "packs of" in found["plan"].text


def test_another_version_is_named_beside_its_pin(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("src.system.pins.pins", lambda: {"torch": "1.0", "numpy": "2.4.6"})
    monkeypatch.setattr(
        "src.system.pins.installed_version", lambda name: {"torch": "2.13.0+cpu"}.get(name, "2.4.6")
    )
    ok, text = doctor._packages(None)
    assert (ok, text.partition(". Run")[0]) == (False, "torch 2.13.0, pinned 1.0")


def test_a_gpu_that_is_there_and_not_used_needs_attention(monkeypatch: pytest.MonkeyPatch, tiny_model: Path):
    config = tiny.configured(f"model.base_model={tiny_model}")
    monkeypatch.setattr("src.system.hub_access.unreachable_reason", lambda: "")
    for reason, ok in (("no GPU found", True), ("torch 2.13.0 has no kernels for Tesla V100", False)):
        monkeypatch.setattr("src.models.hardware._cuda_obstacle", lambda reason=reason: reason)
        [found] = [item for item in examine(lambda: config) if item.name == "works on"]
        assert (found.ok, reason in found.text) == (ok, True)


def test_tools_are_those_that_the_languages_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/go" if name == "go" else None)
    ok, text = doctor._tools(None)
    assert (ok, text.partition(";")[0]) == (True, "go")
    assert {"g++", "gcc", "node", "javac", "tsc"} <= set(text.partition("not found: ")[2].split(", "))
