"""The test set of a run: the prepared test split, or a benchmark whose own solutions pass its tests here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from src.config import Config
from src.evaluation.benchmarks.catalog import BENCHMARKS, DEFAULT_SPLIT, RELEASES, load_benchmark
from src.schema import Example, UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TestSet:
    """The examples every compared model answers."""

    __test__ = False  # its name makes pytest look for tests

    name: str
    examples: list[Example]
    source: dict[str, str] = field(default_factory=dict)  # origin and licence of a prepared data set


def load_test_set(
    config: Config, benchmark: str = "codealpaca", path: str | None = None, split: str = DEFAULT_SPLIT
) -> TestSet:
    """The first config.evaluation.num_samples examples (0: all) of the test split or of a benchmark.

    The test split is in the order of its ids, which are hashes of the content: the first n are a random n.
    Raises UserError where there are fewer than requested, or where most solutions of a file fail its tests.
    """
    if benchmark == "codealpaca":
        if path or split != DEFAULT_SPLIT:
            flag = "--benchmark_path" if path else "--benchmark_split"
            raise UserError(f"{flag} goes with --benchmark {' or '.join(BENCHMARKS)}")
        from src.data.dataset import load_card, load_split

        card = load_card(config.data)
        name, examples = Path(config.data.dataset_path).name, load_split(config.data, "test", card)
        source = {"test_set_origin": card.origin, "test_set_licence": card.licence}
    else:
        name, examples, source = benchmark, load_benchmark(benchmark, path, split), {}
    requested = config.evaluation.num_samples
    if requested > len(examples):
        raise UserError(
            f"evaluation.num_samples is {requested} but the test set {name} has {len(examples)} samples; "
            "give --num_samples 0 for all of them"
        )
    chosen = examples[:requested] if requested else examples
    if path and benchmark not in RELEASES:  # whose expected values are what the solutions return
        require_solutions(chosen, path)
    return TestSet(name, chosen, source)


def require_solutions(examples: Sequence[Example], source: str) -> None:
    """Raise UserError where most of a benchmark's own solutions fail its tests: scores would say nothing.

    Those that need a package which is not here are a warning only. Where there is no sandbox, nothing is known.
    """
    from src.evaluation.execution.judge import judge
    from src.evaluation.predictions import reference_sample
    from src.sandbox.sandbox import Sandbox, unavailable_reason

    if unavailable_reason():
        return
    with Sandbox() as sandbox:
        jobs = [partial(judge, sample=reference_sample(item), code=item.output) for item in examples]
        verdicts = list(zip(examples, sandbox.map(jobs), strict=True))
    failed = [
        f"{example.id}: {verdict.detail}"
        for example, verdict in verdicts
        if verdict and verdict.outcome not in ("passed", "not_run")
    ]
    lacking = sum(verdict is not None and bool(verdict.lacks) for _, verdict in verdicts)
    if 2 * (len(failed) - lacking) > len(examples):
        raise UserError(
            f"{len(failed)} of {len(examples)} solutions in {source} fail its own tests, run as Python ({failed[0][:120]}). "
            "Check --benchmark_path."
        )
    if failed:
        shown = f"{len(failed)} of {len(examples)}"
        log.warning("%s solutions in %s fail its own tests here (%s)", shown, source, failed[0][:120])
