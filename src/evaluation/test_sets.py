"""Chooses what a model is tested on: the prepared test split, or a benchmark with tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from src.config import Config
from src.schema import Example, UserError

BENCHMARKS = ("codealpaca", "humaneval", "mbpp")


@dataclass(frozen=True)
class TestSet:
    """The examples every compared model answers."""

    __test__ = False  # its name makes pytest look for tests

    name: str
    examples: list[Example]


def load_test_set(config: Config, benchmark: str = "codealpaca", path: str | None = None) -> TestSet:
    """The first config.evaluation.num_samples examples (0: all) of the test split or of a benchmark.

    The test split is in the order of its ids, which are hashes of the content: the first n are a random n.
    Raises UserError where fewer are there than asked for.
    """
    if benchmark == "codealpaca":
        if path:
            raise UserError("--benchmark_path goes with --benchmark humaneval or mbpp")
        from src.data.dataset import load_split

        name, examples = Path(config.data.dataset_path).name, load_split(config.data, "test")
    else:
        from src.evaluation.benchmarks import load_benchmark

        name, examples = benchmark, load_benchmark(benchmark, path)
    wanted = config.evaluation.num_samples
    if wanted > len(examples):
        raise UserError(
            f"evaluation.num_samples is {wanted} but the test set {name} has {len(examples)} samples; "
            "give --num_samples 0 for all of them"
        )
    return TestSet(name, examples[:wanted] if wanted else examples)
