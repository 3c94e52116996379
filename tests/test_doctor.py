"""The doctor answers on every machine: what is missing is a line of its own, and exit code 2."""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from src import doctor
from src.doctor import CHECKS, Finding, examine
from tests import tiny

ROOT = Path(__file__).resolve().parents[1]


def _names(screen: str) -> list[str]:
    """What each finding is about; further lines of one are indented."""
    return [line[4:].split("  ")[0].strip() for line in screen.splitlines() if not line.startswith(" ")]


def test_without_any_package_every_line_is_there_and_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-S", "doctor.py"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert _names(done.stdout) == list(CHECKS)
    missing = "!!  packages     No module named 'packaging'. Run: python -m pip install -r requirements.txt"
    assert missing in " ".join(done.stdout.split("\n                 "))
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


def test_where_most_is_wrong_it_still_fits_a_screen_of_80_by_24(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A V100 with packages of other versions, behind a wall: all that keeps a newcomer from starting."""
    monkeypatch.setattr("src.system.pins.installed_version", lambda name: "0.1")
    monkeypatch.setattr("src.system.hub_access.unreachable_reason", lambda path="": "Connection timed out")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda number=0: (7, 0))
    monkeypatch.setattr("torch.cuda.get_arch_list", lambda: ["sm_75", "sm_80", "sm_90"])
    card = SimpleNamespace(name="Tesla V100-SXM2-16GB", total_memory=16 * 2**30, major=7, minor=0)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda number=0: card)
    monkeypatch.setattr("src.models.hardware.graphics_driver", lambda: f"{card.name}, driver 580.65.06")
    monkeypatch.setattr("sys.argv", ["doctor.py"])
    spec = importlib.util.spec_from_file_location("script_doctor", ROOT / "doctor.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with pytest.raises(SystemExit) as ended:
        script.main(script.arguments().parse_args([]))
    logging.disable(logging.NOTSET)
    screen = capsys.readouterr().out
    assert ended.value.code == 2
    assert _names(screen) == list(CHECKS)
    assert max(map(len, screen.splitlines())) <= 80
    assert len(screen.splitlines()) <= 23, screen  # and the prompt
    for part in ("no kernels for Tesla V100", "index cu126", "set HF_ENDPOINT to a mirror", "45 more"):
        assert part in " ".join(screen.split())


def test_tools_are_those_that_the_languages_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/go" if name == "go" else None)
    ok, text = doctor._tools(None)
    assert (ok, text.partition(";")[0]) == (True, "go")
    assert {"g++", "gcc", "node", "javac", "tsc"} <= set(text.partition("not found: ")[2].split(", "))


def test_a_machine_without_a_sandbox_is_told_so_in_two_lines(monkeypatch: pytest.MonkeyPatch):
    reason = f"bwrap does not start here (no permission to make a namespace): {'and so on ' * 50}"
    monkeypatch.setattr("src.sandbox.sandbox.unavailable_reason", lambda: reason)
    ok, text = doctor._sandbox(None)
    assert not ok
    assert text.startswith("no generated code is run (bwrap does not start here (no permission to")
    assert text.endswith("docs/sandbox.md")
    assert len(text) < 2 * 63
