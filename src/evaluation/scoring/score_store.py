"""Stores the scores of samples on the disk as they come, so that an interrupted scoring resumes."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.jsonl_store import JsonlStore
from src.provenance import digest
from src.schema import Sample, SampleScore, from_dict

SOURCES = Path(__file__).resolve().parents[2]
SCORING_PACKAGES = ("languages", "sandbox", "evaluation")  # whose code decides a score


@dataclass(frozen=True)
class _Entry:
    sample: str  # digest of the sample
    score: SampleScore


class ScoreStore:
    """Scores by sample; those of another sample, setting or version of the code do not count."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        key = {"settings": settings, "code": code_fingerprint()}
        self._entries = JsonlStore(
            path, key, lambda values: _Entry(values["sample"], from_dict(SampleScore, values["score"]))
        )
        self.done = {item.sample: item.score for item in self._entries.entries}

    def get(self, sample: Sample) -> SampleScore | None:
        return self.done.get(sample_digest(sample))

    def add(self, samples: Sequence[Sample], scores: Sequence[SampleScore]) -> None:
        """Keep further scores; they are on the disk when this returns."""
        new = [_Entry(sample_digest(sample), score) for sample, score in zip(samples, scores, strict=True)]
        self._entries.append(new)
        self.done |= {item.sample: item.score for item in new}


def sample_digest(sample: Sample) -> str:
    """16 hex digits over every field of a sample."""
    return digest(json.dumps(dataclasses.astuple(sample)))


@functools.cache
def code_fingerprint() -> str:
    """16 hex digits over the source that decides a score."""
    hasher = hashlib.sha256()
    paths = [path for package in SCORING_PACKAGES for path in (SOURCES / package).rglob("*.py")]
    assert len(paths) > 40, "the packages that decide a score have moved"
    for path in sorted(paths):
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:16]
