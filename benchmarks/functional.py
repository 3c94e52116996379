"""Measures the differential run: share of samples with a verdict, and how often the verdict is right.

    python -m benchmarks.functional --data CODE_ALPACA.json [--samples N] [--humaneval HUMANEVAL.jsonl.gz]

Prints figures only, never the text of a sample. Every reference is run against itself, against mutants
(one changed place each), against rewrites that keep its behaviour, and against the answer to another sample.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.mutations import mutants, rewrites
from src.data.language import detect
from src.evaluation import differential
from src.evaluation.benchmarks import load_benchmark
from src.evaluation.functional import judge
from src.evaluation.sandbox import Sandbox
from src.schema import Execution, Sample

Trial = tuple[str, Sample, str]  # what is tried, the sample, the code


def python_samples(path: Path, count: int, seed: int) -> list[Sample]:
    """Python samples of an Alpaca-format json, drawn at random."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    samples = [
        Sample(str(number), row["instruction"], row.get("input") or "", row["output"], "", "python")
        for number, row in enumerate(rows)
        if detect(row["instruction"], row.get("input") or "", row["output"]) == "python"
    ]
    random.Random(seed).shuffle(samples)
    return samples[:count] if count else samples


def trials(samples: Sequence[Sample], seed: int) -> Iterator[Trial]:
    """Everything tried on samples that have a verdict."""
    for number, sample in enumerate(samples):
        reference = differential.reference_program(sample.reference)
        yield "self", sample, reference
        yield "unrelated answer", sample, differential.reference_program(samples[number - 1].reference)
        for mutant in mutants(reference, 2, seed + number):
            yield "mutant", sample, mutant
        for kind, rewrite in rewrites(reference):
            yield f"rewrite: {kind}", sample, rewrite


def verdicts(sandbox: Sandbox, tried: Iterable[Trial], workers: int) -> Counter[tuple[str, bool]]:
    """How often each kind of trial passed and did not."""
    counts: Counter[tuple[str, bool]] = Counter()

    def one(trial: Trial) -> tuple[str, Execution | None]:
        kind, sample, code = trial
        return kind, judge(sandbox, sample, code)

    with ThreadPoolExecutor(workers) as pool:
        for kind, execution in pool.map(one, tried):
            if execution is not None:
                counts[kind, execution.outcome == "passed"] += 1
    return counts


def report_coverage(sandbox: Sandbox, samples: Sequence[Sample], workers: int) -> list[Sample]:
    """Print why references allow a verdict or none; return those that do."""
    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        behaviours = list(pool.map(lambda sample: differential.reference_behaviour(sandbox, sample), samples))
    reasons = Counter(behaviour.reason or "verdict" for behaviour in behaviours)
    for reason, count in reasons.most_common():
        print(f"{reason:32} {count:6} {100 * count / len(samples):6.1f} %")
    print(f"{len(samples)} references in {time.monotonic() - began:.0f} s")
    return [s for s, behaviour in zip(samples, behaviours, strict=True) if not behaviour.reason]


def report_agreement(counts: Counter[tuple[str, bool]]) -> None:
    for kind in sorted({kind for kind, _ in counts}):
        passed, others = counts[kind, True], counts[kind, False]
        print(
            f"{kind:32} n {passed + others:5}  agrees {passed:5}  {100 * passed / (passed + others):6.2f} %"
        )


def report_humaneval(sandbox: Sandbox, path: str) -> None:
    """Print the score of the canonical solutions and of ones that return nothing."""
    examples = load_benchmark("humaneval", path)
    samples = [Sample(e.id, e.instruction, "", e.output, "", "python", e.tests, e.prefix) for e in examples]
    for kind, body in (("canonical", ""), ("returns None", "    return None\n")):
        began = time.monotonic()
        jobs = [partial(judge, sample=s, code=body or s.reference) for s in samples]
        passed = sum(execution.outcome == "passed" for execution in sandbox.map(jobs))
        print(f"HumanEval {kind:22} {passed} of {len(jobs)} in {time.monotonic() - began:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=0, help="0: every Python sample")
    parser.add_argument("--humaneval")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    samples = python_samples(options.data, options.samples, options.seed)
    with Sandbox(workers=options.workers) as sandbox:
        judged = report_coverage(sandbox, samples, options.workers)
        report_agreement(verdicts(sandbox, trials(judged, options.seed), options.workers))
        if options.humaneval:
            report_humaneval(sandbox, options.humaneval)


if __name__ == "__main__":
    main()
