"""Stores the scores of samples on the disk as they come, so that an interrupted scoring resumes."""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.evaluation.execution.tools import tool_versions
from src.metrics.table import METRICS
from src.provenance import digest
from src.schema import Sample, SampleScore
from src.system.jsonl_store import JsonlStore

SOURCES = Path(__file__).resolve().parents[2]
# Folders and files whose code decides a score, and the packages that this code leans on.
DECIDING_CODE = (
    "data/preprocessing.py data/thoughts.py languages sandbox evaluation/benchmarks/calls.py evaluation/codebleu "
    "evaluation/differential evaluation/execution evaluation/extraction evaluation/scoring/final_answer.py "
    "evaluation/scoring/pool.py evaluation/scoring/sample.py evaluation/scoring/worker.py "
    "metrics/text_statistics.py system/exhaustion.py system/worker_process.py"
).split()
DECIDING_PACKAGES = "sacrebleu html5lib sqlglot tinycss2 PyYAML".split()
PARSERS = "tree-sitter"  # and every package whose name begins so


@dataclass(frozen=True)
class _Entry:
    sample: str  # digest of the sample
    score: SampleScore


class ScoreStore:
    """Scores by sample; those of another sample, setting, tool, package or program do not count."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        key = {
            "settings": settings,
            "code": code_fingerprint(),
            "versions": package_versions(),
            "metrics": {name: metric.signature() for name, metric in METRICS.items() if metric.of_texts},
        }
        self._kept = JsonlStore(path, key, _Entry, lambda entry: entry.sample)

    def get(self, sample: Sample) -> SampleScore | None:
        found = self._kept.done.get(sample_digest(sample))
        return found.score if found else None

    def of(self, samples: Sequence[Sample]) -> list[SampleScore]:
        """The scores of samples that all have one, in their order."""
        return [self._kept.done[sample_digest(sample)].score for sample in samples]

    def add(self, samples: Sequence[Sample], scores: Sequence[SampleScore]) -> None:
        """Keep further scores; they are on the disk when this returns."""
        self._kept.add(
            [_Entry(sample_digest(sample), score) for sample, score in zip(samples, scores, strict=True)]
        )


def sample_digest(sample: Sample) -> str:
    """16 hex digits over every field of a sample and the versions of the tools that run its language.

    A tool that comes, goes or changes thus concerns the samples of its language only.
    """
    return digest(json.dumps([dataclasses.astuple(sample), tool_versions(sample.language)]))


@functools.cache
def package_versions() -> dict[str, str]:
    """Of Python, and of the packages that decide a score."""
    found = {item.name: item.version for item in importlib.metadata.distributions()}
    names = [name for name in found if name in DECIDING_PACKAGES or name.startswith(PARSERS)]
    return {"python": platform.python_version()} | {name: found[name] for name in sorted(names)}


@functools.cache
def code_fingerprint() -> str:
    """16 hex digits over the program that decides a score, whatever its comments, docstrings and layout."""
    hasher = hashlib.sha256()
    for path in deciding_files():
        hasher.update(path.relative_to(SOURCES).as_posix().encode())
        hasher.update(_program(path) if path.suffix == ".py" else path.read_bytes())
    return hasher.hexdigest()[:16]


def deciding_files() -> list[Path]:
    """Every file of DECIDING_CODE, sorted."""
    return sorted(path for name in DECIDING_CODE for path in _files(SOURCES / name))


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    assert place.is_dir(), f"{place} decides a score and has moved"
    yield from (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _program(path: Path) -> bytes:
    """The syntax tree of a module without positions and docstrings."""
    tree = ast.parse(path.read_bytes())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree).encode("utf-8", "surrogatepass")
