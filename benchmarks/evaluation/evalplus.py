"""Verdicts on HumanEval+ and MBPP+ beside those of the package evalplus, on completions made from the tasks' solutions.

    python -m benchmarks.evaluation.evalplus --humaneval HumanEvalPlus.jsonl.gz --mbpp MbppPlus.jsonl.gz --python PYTHON

PYTHON is an interpreter that has evalplus 0.3.1. Only ids, kinds of completions and verdicts are written, to benchmarks/results/evalplus.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.evaluation.mutations import mutants
from src.evaluation.benchmarks.calls import HUMANEVAL, MBPP, parse_calls
from src.evaluation.benchmarks.catalog import load_benchmark
from src.evaluation.execution.judge import judge
from src.evaluation.predictions import reference_sample
from src.sandbox.sandbox import Sandbox
from src.schema import Example

RESULTS = Path(__file__).parents[1] / "results" / "evalplus.json"
# Of a call and of a task, in wall time: the package's own, and what a busy machine needs, tried where verdicts differ.
LIMITS_S, MORE_S = (1.0, 60.0), (30.0, 600.0)
WRONG = 6  # mutants of a solution that are looked at

# What a wrapper makes of a result r, and of the arguments: where EvalPlus's comparison tells types and roundings apart.
CHANGES = {
    "tuple for list": "tuple(r) if type(r) is list else r",
    "list for tuple": "list(r) if type(r) is tuple else r",
    "float for int": "float(r) if type(r) is int and abs(r) < 2**53 else r",
    "int for float": "int(r) if type(r) is float and r == r and abs(r) < 2**53 and r == int(r) else r",
    "int for bool": "int(r) if type(r) is bool else r",
    "a rounding more": "r * (1 + 1e-9) if type(r) is float else [x * (1 + 1e-9) if type(x) is float else x for x in r] if type(r) is list else r",
    "two roundings less": "round(r, 2) if type(r) is float else r",
    "an iterator": "iter(r) if type(r) is list else r",
    "a set": "set(r) if type(r) in (list, tuple) and all(type(x) in (int, str) for x in r) else r",
    "in reverse": "r[::-1] if type(r) in (list, tuple) else r",
    "a text": "str(r)",
    "nothing for nothing": "r or None",
}
WRAPPER = """

def _wrapped(function):
    def change(*arguments):
        r = function(*arguments)
        return {change}
    return change

{name} = _wrapped({name})
"""


@dataclass(frozen=True)
class Completion:
    """One program to be judged by both."""

    dataset: str
    task_id: str
    kind: str
    program: str


def completions(dataset: str, examples: Sequence[Example]) -> list[Completion]:
    """Of each task two: a mutant, and by turns the solution itself or the solution with another kind of result."""
    found = []
    for number, example in enumerate(examples):
        calls = parse_calls(example.tests)
        assert calls is not None
        solution = example.prefix + example.output
        mutant = mutants(solution, WRONG, seed=number)
        if mutant:
            found.append(Completion(dataset, example.id, "mutant", mutant[number % len(mutant)]))
        kinds = ["solution", *CHANGES]
        kind = kinds[number % len(kinds)]
        change = CHANGES.get(kind)
        wrapper = WRAPPER.format(change=change, name=calls.entry_point) if change else ""
        found.append(Completion(dataset, example.id, kind, solution + wrapper))
    return found


def judge_here(
    examples: Sequence[Example], found: Sequence[Completion], workers: int
) -> list[tuple[bool, bool]]:
    """Passed on the base inputs, and on all, by this project."""
    samples = {example.id: reference_sample(example) for example in examples}
    with Sandbox(workers=workers) as sandbox:
        jobs = [partial(judge, sample=samples[item.task_id], code=item.program) for item in found]
        verdicts = list(sandbox.map(jobs))
    assert all(verdict is not None and verdict.outcome != "not_run" for verdict in verdicts)
    return [(v.base == "passed", v.outcome == "passed") for v in verdicts if v]


THEIRS = """
import json, os, sys
files, tasks, (call_s, task_s) = json.load(sys.stdin)
getenv = os.getenv  # what the package reads of the environment is a text, which it cannot compare
os.getenv = lambda name, other=None: task_s if name == "EVALPLUS_TIMEOUT_PER_TASK" else getenv(name, other)
os.environ["HUMANEVAL_OVERRIDE_PATH"], os.environ["MBPP_OVERRIDE_PATH"] = files
from evalplus.data import get_human_eval_plus, get_mbpp_plus
from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS
from evalplus.evaluate import check_correctness
from evalplus.gen.util import trusted_exec
problems = {"humaneval": get_human_eval_plus(), "mbpp": get_mbpp_plus()}
def expected(dataset, problem):
    found = {}
    for part in ("base", "plus"):
        only = dataset == "mbpp" and problem["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS
        code = problem["prompt"] + problem["canonical_solution"]
        found[part], found[part + "_time"] = trusted_exec(
            code, problem[part + "_input"], problem["entry_point"], record_time=True, output_not_none=only)
    return found
last = None
for dataset, task, program in tasks:
    problem = problems[dataset][task]
    if last != (dataset, task):
        last, outputs = (dataset, task), expected(dataset, problem)
    done = check_correctness(dataset, 0, problem, program, outputs, fast_check=True, min_time_limit=call_s)
    print(json.dumps([done["base"][0] == "pass", done["plus"][0] == "pass"]), flush=True)
"""


def judge_by_package(
    python: str, files: Sequence[Path], found: Sequence[Completion], limits_s: tuple[float, float] = LIMITS_S
) -> list[tuple[bool, bool]]:
    """The same by the package; a completion passes all where it passes both sets of inputs."""
    tasks = [(item.dataset, item.task_id, item.program) for item in found]
    done = subprocess.run(
        [python, "-c", THEIRS],
        input=json.dumps([list(map(str, files)), tasks, limits_s]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    pairs = [json.loads(line) for line in done.stdout.splitlines()]
    return [(base, base and plus) for base, plus in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--humaneval", type=Path, required=True, help="HumanEvalPlus.jsonl.gz")
    parser.add_argument("--mbpp", type=Path, required=True, help="MbppPlus.jsonl.gz")
    parser.add_argument("--python", required=True, help="an interpreter that has evalplus 0.3.1")
    parser.add_argument("--every", type=int, default=1, help="only every so many tasks")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    records: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        plain = [_unpacked(path, Path(folder)) for path in (options.humaneval, options.mbpp)]
        for dataset, path in ((HUMANEVAL, options.humaneval), (MBPP, options.mbpp)):
            examples = load_benchmark(f"{dataset}plus", str(path))
            found = completions(dataset, examples)[:: options.every]
            mine = judge_here(examples, found, options.workers)
            package = partial(judge_by_package, options.python, plain)
            others = package(found)
            late = [at for at, pair in enumerate(zip(mine, others, strict=True)) if pair[0] != pair[1]]
            again = dict(zip(late, package([found[at] for at in late], limits_s=MORE_S), strict=True))
            for at, item in enumerate(found):
                record = {"id": item.task_id, "kind": item.kind, "evalplus": again.get(at, others[at])}
                records.append(record | {"here": mine[at], "again": at in again})
    RESULTS.write_text(summary(records), encoding="utf-8")
    print(
        f"{len(records)} completions, {sum(r['here'] == r['evalplus'] for r in records)} equal; wrote {RESULTS}"
    )


def summary(records: Sequence[dict[str, Any]]) -> str:
    """The figures and one line for each completion."""
    counts = {
        "n": len(records),
        "equal": sum(r["here"] == r["evalplus"] for r in records),
        "base_passed": sum(r["evalplus"][0] for r in records),
        "all_passed": sum(r["evalplus"][1] for r in records),
        "with_more_time": [[r["id"], r["kind"]] for r in records if r["again"]],
        "different": [r for r in records if r["here"] != r["evalplus"]],
    }
    head = json.dumps({"evalplus": "0.3.1", **counts}, indent=1)[:-2]
    lines = ",\n  ".join(json.dumps([r["id"], r["kind"], *r["evalplus"]]) for r in records)
    return f'{head},\n "completions": [\n  {lines}\n ]\n}}\n'


def _unpacked(path: Path, folder: Path) -> Path:
    """The file without its compression, as the package reads it."""
    target = folder / path.stem
    target.write_bytes(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    return target


if __name__ == "__main__":
    main()
