"""A long run on a tiny model: does memory, or anything else, grow?

    python -m benchmarks.reliability.soak [--steps 20000] [--samples 5000] [--json FILE]

Its last result: benchmarks/results/soak.json. Training, generation and scoring each run in a process of their own with a temporary folder of their own, which is
watched from outside: resident memory and open descriptors over time, then the processes, files and logs left over.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import ROOT

POLL_INTERVAL_S = 0.1
WARM_UP = 0.2  # share of the work that memory may still grow in; as much after it is compared with as much at the end
LARGEST_GROWTH = 0.05
MIN_SNAPSHOTS = 5
FOLDERS = {"train": "out", "generate": "answers", "score": "runs"}  # of each phase, in their order
PHASES = tuple(FOLDERS)


@dataclass(frozen=True)
class Snapshot:
    """A process at one moment."""

    rss_mib: float
    descriptors: int
    progress: int  # bytes of what it writes line by line while it works


@dataclass(frozen=True)
class Phase:
    """What was measured of one process."""

    name: str
    done: int  # steps or samples
    seconds: float
    rss_after_warm_up_mib: float  # median over the fifth of the work after the warm-up
    rss_at_end_mib: float  # median over the last fifth
    growth: float
    descriptors_after_warm_up: int  # most at a time
    descriptors_at_end: int
    left_over: tuple[str, ...]  # processes of its group, files in its temporary folder
    log_bytes: int  # all that it printed and wrote as logs
    folder_files: int


def settings(root: Path, steps: int) -> list[str]:
    from tests import tiny

    return tiny.overrides(
        root / "model", root / "data", root / "out", f"training.max_steps={steps}", "training.batch_size=1",
        "training.learning_rate=1e-4", "training.logging_steps=100", "training.eval_steps=1000",
        "training.save_steps=1000", "training.save_total_limit=2", "training.report_to=tensorboard",
        "evaluation.batch_size=50", "evaluation.max_new_tokens=12",
    )  # fmt: skip


def train(root: Path, steps: int, samples: int) -> None:
    from src.config import load_config
    from src.training.trainer import fine_tune

    fine_tune(load_config(overrides=settings(root, steps)), "lora")


def generate(root: Path, steps: int, samples: int) -> None:
    from src.config import load_config
    from src.evaluation.answers import RunRequest, answer
    from src.evaluation.benchmarks.test_set import TestSet
    from src.schema import Example

    examples = [
        Example(f"{n:05}", f"Print {n} and its square.", "", f"print({n}, {n} ** 2)", "python")
        for n in range(samples)
    ]
    config = load_config(overrides=settings(root, steps))
    answer(RunRequest(str(root / "model"), None, TestSet("soak", examples), config, root, "answers"))


def score(root: Path, steps: int, samples: int) -> None:
    """Scores the generated answers, each behind a program that runs: random words would never reach the sandbox."""
    from src.config import load_config
    from src.evaluation.runs import run_predictions

    rows = [json.loads(line) for line in (root / "answers" / "generations.jsonl").read_text().splitlines()]
    for number, row in enumerate(rows):
        program = f"def square(x):\n    return x * x\n\nprint({number}, square({number}))"
        row["prediction"] = f"```python\n{program}\n```\n{row['prediction']}"
    (root / "given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run_predictions(root / "given.jsonl", load_config(overrides=settings(root, steps)), root / "runs")


def watch(name: str, root: Path, steps: int, samples: int) -> Phase:
    """Run a phase and take snapshots of it."""
    scratch = root / f"tmp-{name}"
    scratch.mkdir()
    command = [sys.executable, "-m", "benchmarks.reliability.soak", "--phase", name, "--root", root]
    command += ["--steps", steps, "--samples", samples]
    environment = os.environ | {"TMPDIR": str(scratch), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    started = time.monotonic()
    seen: list[Snapshot] = []
    with (root / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, stdout=log, stderr=log, env=environment,
            start_new_session=True,
        )  # fmt: skip
        while process.poll() is None:
            seen.append(_snapshot(process.pid, root, name))
            time.sleep(POLL_INTERVAL_S)
    if process.returncode:
        raise SystemExit(f"{name} failed: {(root / f'{name}.log').read_text()[-2000:]}")
    seconds = time.monotonic() - started
    warm, end = _part(seen, WARM_UP, 2 * WARM_UP), _part(seen, 1 - WARM_UP, 1)
    before, after = (statistics.median(shot.rss_mib for shot in part) for part in (warm, end))
    folder = root / FOLDERS[name]
    logs = [root / f"{name}.log", *folder.rglob("events.out*"), *folder.rglob("trainer_state.json")]
    return Phase(
        name, steps if name == "train" else samples, round(seconds, 1), round(before, 1), round(after, 1),
        round(after / before - 1, 4), *(max(shot.descriptors for shot in part) for part in (warm, end)),
        tuple(_left_over(process.pid, scratch, folder)), sum(path.stat().st_size for path in logs),
        sum(path.is_file() for path in folder.rglob("*")),
    )  # fmt: skip


def _part(seen: list[Snapshot], first: float, last: float) -> list[Snapshot]:
    """The snapshots between two shares of the work, measured by what was written, not by the time: starting takes long."""
    seen = [shot for shot in seen if shot.rss_mib]
    whole = max(shot.progress for shot in seen)
    found = [shot for shot in seen if first * whole <= shot.progress < last * whole]
    if len(found) < MIN_SNAPSHOTS:
        raise SystemExit(
            f"only {len(found)} snapshots of a fifth of the work: give more --steps and --samples"
        )
    return found


def _snapshot(pid: int, root: Path, name: str) -> Snapshot:
    """Nothing is resident where it has just ended."""
    growing = {"train": "train.log", "generate": "answers/answers.jsonl", "score": "runs/*/scored.jsonl"}[
        name
    ]
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return Snapshot(
            pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20),
            len(list(Path(f"/proc/{pid}/fd").iterdir())),
            sum(path.stat().st_size for path in root.glob(growing)),
        )
    except (OSError, IndexError):
        return Snapshot(0.0, 0, 0)


def _left_over(session: int, scratch: Path, folder: Path) -> list[str]:
    """Processes of the session after two seconds, and files that nobody will read."""
    time.sleep(2)
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        if int(rest.split()[3]) == session:
            found.append(f"process {name.partition('(')[2]}")
    found += [f"temporary {path.name}" for path in scratch.iterdir()]
    leftover = [*folder.rglob(".*"), *folder.rglob("*.tmp"), *folder.rglob("*partial*")]
    return found + [f"file {path.name}" for path in leftover]


def main() -> int:
    parser = argparse.ArgumentParser(description="Run long and look for growth.")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.phase:
        {"train": train, "generate": generate, "score": score}[args.phase](
            args.root, args.steps, args.samples
        )
        return 0
    from tests import tiny

    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        root = Path(folder)
        tiny.save_model(root / "model")
        tiny.save_data(root / "data")
        phases = []
        for name in PHASES:
            phases.append(watch(name, root, args.steps, args.samples))
            print(phases[-1], flush=True)
    if args.json:
        args.json.write_text(json.dumps([asdict(phase) for phase in phases], indent=1) + "\n")
    return int(any(phase.growth > LARGEST_GROWTH or phase.left_over for phase in phases))


if __name__ == "__main__":
    sys.exit(main())
