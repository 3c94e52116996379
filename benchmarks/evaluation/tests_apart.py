"""Verdicts of tests that run in a process of their own beside those of tests in the program's process, and the time of both.

    python -m benchmarks.evaluation.tests_apart --before TREE --humaneval HumanEval.jsonl.gz --mbpp MbppPlus.jsonl.gz

TREE is a checkout of this project from before the processes were parted (commit 495e91a). The completions are made
from the solutions of HumanEval, MBPP+ (its asserts) and the starter set: as they are, mutants, and solutions whose
results are of another type. Both ways judge each batch in turn. Only figures, ids, kinds and verdicts are written, to
benchmarks/results/tests_apart.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import RESULTS
from benchmarks.evaluation.evalplus import CHANGES, WRAPPER
from benchmarks.evaluation.mutations import mutants
from src.provenance import commit

MUTANTS = 3
CHANGED = 2  # kinds of changed results for each task, in rotation
BATCH = 150
STARTER = Path(__file__).parents[2] / "src" / "data" / "starter"
# Reads completions, one in a line, and writes a verdict for each: run in the folder of either tree.
JUDGE = """
import json, sys, time
sys.path.insert(0, "")
from functools import partial
from src.evaluation.execution.judge import judge
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Sample
def run(item, sandbox):
    tests = Sample(item["id"], "", "", item["reference"], "", "python", item["tests"], item["prefix"])
    return judge(sandbox, tests, item["code"])
with Sandbox(Limits(wall_s=20, cpu_s=10), workers=2) as sandbox:
    sandbox.python("x = 1", "assert x == 1")
    for line in sys.stdin:
        items = json.loads(line)
        began = time.perf_counter()
        found = [(e.outcome, e.detail) for e in sandbox.map(partial(run, item) for item in items)]
        print(json.dumps({"s": time.perf_counter() - began, "verdicts": found}), flush=True)
"""


@dataclass(frozen=True)
class Completion:
    """A program and the tests that judge it."""

    id: str
    kind: str
    code: str
    reference: str
    tests: str
    prefix: str = ""
    entry_point: str = ""


def tasks(humaneval: str, mbpp: str) -> Iterator[Completion]:
    """The solutions."""
    for row in _rows(humaneval):
        tests = f"{row['test']}\ncheck({row['entry_point']})\n"
        code = row["prompt"] + row["canonical_solution"]
        yield Completion(
            row["task_id"],
            "solution",
            code,
            row["canonical_solution"],
            tests,
            row["prompt"],
            row["entry_point"],
        )
    for row in _rows(mbpp):
        code = row["canonical_solution"]
        yield Completion(row["task_id"], "solution", code, code, row["assertion"], "", row["entry_point"])
    for path in sorted(STARTER.glob("*.jsonl")):
        for number, row in enumerate(map(json.loads, path.read_text(encoding="utf-8").splitlines())):
            if row.get("tests"):
                name = row["tests"].split("(", 1)[0].removeprefix("assert ").strip()
                yield Completion(
                    f"{path.stem}/{number}", "solution", row["output"], row["output"], row["tests"], "", name
                )


def completions(solution: Completion, number: int) -> Iterator[Completion]:
    """The solution, and what is made from it."""
    yield solution
    for changed in mutants(solution.code, MUTANTS, seed=number):
        yield _with(solution, "mutant", changed)
    kinds = list(CHANGES)
    for turn in range(CHANGED):
        kind = kinds[(number * CHANGED + turn) % len(kinds)]
        if solution.entry_point.isidentifier():
            wrapper = WRAPPER.format(change=CHANGES[kind], name=solution.entry_point)
            yield _with(solution, kind, solution.code + wrapper)


def _with(solution: Completion, kind: str, code: str) -> Completion:
    return Completion(**(asdict(solution) | {"kind": kind, "code": code}))


def _rows(path: str) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Judge:
    """One tree's judge, in a process of its own."""

    def __init__(self, tree: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", JUDGE], cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def verdicts(self, batch: list[Completion]) -> tuple[float, list[list[str]]]:
        """Seconds, and an outcome and a detail for each."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([asdict(item) for item in batch]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["s"], answer["verdicts"]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("before", "humaneval", "mbpp"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    found = [
        item
        for number, solution in enumerate(tasks(args.humaneval, args.mbpp))
        for item in completions(solution, number)
    ]
    judges = {"before": Judge(Path(args.before).resolve()), "apart": Judge(Path(__file__).parents[2])}
    seconds: dict[str, list[float]] = {name: [] for name in judges}
    verdicts: dict[str, list[list[str]]] = {name: [] for name in judges}
    for at in range(0, len(found), BATCH):
        order = list(judges) if at // BATCH % 2 else list(judges)[::-1]
        for name in order:
            took, decided = judges[name].verdicts(found[at : at + BATCH])
            seconds[name].append(took)
            verdicts[name] += decided
    for judge in judges.values():
        judge.close()
    differences = [
        {
            "id": item.id,
            "kind": item.kind,
            "before": before[0],
            "apart": apart[0],
            "details": [before[1][:60], apart[1][:60]],
        }
        for item, before, apart in zip(found, verdicts["before"], verdicts["apart"], strict=True)
        if before[0] != apart[0]
    ]
    result = {
        "commit": commit(), "completions": len(found), "kinds": Counter(item.kind for item in found),
        "passed": sum(outcome == "passed" for outcome, _ in verdicts["apart"]),
        "outcomes": Counter(outcome for outcome, _ in verdicts["apart"]),
        "programs_per_s": {name: round(len(found) / sum(took), 1) for name, took in seconds.items()},
        "median_ratio_of_times": round(statistics.median(a / b for a, b in zip(seconds["apart"], seconds["before"], strict=True)), 2),
        "batches": len(seconds["apart"]), "load": [round(x, 1) for x in os.getloadavg()],
        "differences": [{key: value for key, value in one.items() if key != "details"} for one in differences],
    }  # fmt: skip
    for one in differences:
        print(one)
    print(json.dumps({key: value for key, value in result.items() if key != "differences"}, indent=1))
    (RESULTS / "tests_apart.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
