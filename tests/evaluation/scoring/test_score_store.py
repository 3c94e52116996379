"""Stored scores count for the same sample, settings and code, and for no other."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from src.evaluation.scoring import score_store
from src.evaluation.scoring.score_store import ScoreStore, code_fingerprint, sample_digest
from tests.evaluation.samples import SAMPLES, sample_score

SOURCES = Path(__file__).resolve().parents[3] / "src"
PACKAGES = {
    "languages": 6,
    "sandbox": 10,
    "evaluation": 30,
}  # what decides a score, and at least how many files
SETTINGS = {"timeout_s": 10, "sandbox": "bubblewrap"}


def test_a_score_is_found_again_for_its_sample_alone(tmp_path: Path):
    stored = sample_score("1", bleu=(1, 2), codebleu=31.5, flags=("fenced",))
    ScoreStore(tmp_path / "scored.jsonl", SETTINGS).add(SAMPLES[:1], [stored])
    store = ScoreStore(tmp_path / "scored.jsonl", SETTINGS)
    assert store.get(SAMPLES[0]) == dataclasses.replace(stored, bleu=store.get(SAMPLES[0]).bleu)
    assert list(store.get(SAMPLES[0]).bleu) == [1, 2]
    assert store.get(SAMPLES[1]) is None


def test_scores_of_other_settings_or_code_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "scored.jsonl"
    ScoreStore(path, SETTINGS).add(SAMPLES[:1], [sample_score("1")])
    kept = path.read_bytes()
    assert ScoreStore(path, SETTINGS).get(SAMPLES[0]) is not None
    assert ScoreStore(path, SETTINGS | {"timeout_s": 1}).get(SAMPLES[0]) is None
    path.write_bytes(kept)
    monkeypatch.setattr(score_store, "code_fingerprint", lambda: "other")
    assert ScoreStore(path, SETTINGS).get(SAMPLES[0]) is None


def test_every_field_of_a_sample_counts_in_its_digest():
    sample = SAMPLES[0]
    fields = [field.name for field in dataclasses.fields(sample)]
    changed = [
        dataclasses.replace(sample, **{name: 7 if name == "completion" else "changed"}) for name in fields
    ]
    digests = {sample_digest(item) for item in [sample, *changed]}
    assert len(digests) == 1 + len(fields)


def copied(folder: Path) -> Path:
    """A copy of src/ with the packages that decide a score, and one that does not."""
    for package in (*PACKAGES, "report"):
        shutil.copytree(SOURCES / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_any_change_of_a_file_that_decides_a_score_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sources = copied(tmp_path / "src")
    monkeypatch.setattr(score_store, "SOURCES", sources)
    fingerprint = code_fingerprint.__wrapped__
    unchanged = fingerprint()
    assert unchanged == code_fingerprint()  # that of the code itself
    for package, fewest in PACKAGES.items():
        files = sorted(path for path in (sources / package).rglob("*") if path.is_file())
        assert len(files) >= fewest, package
        for path in files:
            content = path.read_bytes()
            path.write_bytes(content + b"\n")
            assert fingerprint() != unchanged, path
            path.write_bytes(content)
    assert fingerprint() == unchanged


def test_other_packages_do_not_change_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sources = copied(tmp_path / "src")
    monkeypatch.setattr(score_store, "SOURCES", sources)
    unchanged = code_fingerprint.__wrapped__()
    (sources / "report" / "report.py").write_text("", encoding="utf-8")
    assert code_fingerprint.__wrapped__() == unchanged
