"""Keeps the scores of samples on the disk as they come, so that a stopped scoring goes on where it was."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.files import write_atomic
from src.provenance import digest
from src.schema import Sample, SampleScore, from_dict

SOURCES = Path(__file__).resolve().parents[1]


class ScoreStore:
    """Scores in a JSON lines file; those of another sample, setting or version of the code do not count."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.key = {"settings": settings, "code": code_fingerprint()}
        self.done: dict[str, SampleScore] = {}
        self._read()
        lines = [json.dumps(self.key), *(self._line(*item) for item in self.done.items())]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, "\n".join(lines) + "\n")

    def get(self, sample: Sample) -> SampleScore | None:
        return self.done.get(sample_digest(sample))

    def add(self, samples: Sequence[Sample], scores: Sequence[SampleScore]) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            for sample, score in zip(samples, scores, strict=True):
                self.done[sample_digest(sample)] = score
                stream.write(self._line(sample_digest(sample), score) + "\n")

    @staticmethod
    def _line(key: str, score: SampleScore) -> str:
        return json.dumps({"sample": key, "score": dataclasses.asdict(score)})

    def _read(self) -> None:
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
            if json.loads(lines[0]) != self.key:
                return
        except (OSError, ValueError, RecursionError):
            return
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                self.done[entry["sample"]] = from_dict(SampleScore, entry["score"])
            except (ValueError, TypeError, KeyError, RecursionError):
                break  # the line that a crash cut off


def sample_digest(sample: Sample) -> str:
    """16 hex digits over every field of a sample."""
    return digest(json.dumps(dataclasses.astuple(sample)))


@functools.cache
def code_fingerprint() -> str:
    """16 hex digits over the source that decides a score."""
    made = hashlib.sha256()
    for path in sorted([*(SOURCES / "evaluation").rglob("*.py"), *(SOURCES / "data").glob("*.py")]):
        made.update(path.read_bytes())
    return made.hexdigest()[:16]
