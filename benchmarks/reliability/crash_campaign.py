"""Kills training at random moments, resumes it, and compares the result with that of a run left alone.

    python -m benchmarks.reliability.crash_campaign [--points 30] [--method lora] [--seed 0] [--json FILE]

Its last results: benchmarks/results/crash_campaign.json and crash_campaign_qlora.json. Each point starts a tiny training run, kills it (SIGKILL), resumes it once or more, and asks: are adapter and loss
curve the same bits? Random moments are joined by set ones: the first step, inside the writing of a checkpoint,
inside the final save. A process that has everything imported forks the runs, so that a run takes about a second.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOMENTS = (
    "first step",
    "checkpoint files",
    "checkpoint mark",
    "old checkpoint deleted",
    "final files",
    "final moved",
)
SETTINGS = (
    "lora.lora_dropout=0.2",
    "training.max_steps=12",
    "training.logging_steps=5",
    "training.eval_steps=3",
    "training.save_steps=3",
    "training.save_total_limit=1",
)


@dataclass(frozen=True)
class Outcome:
    """One point of the campaign."""

    where: str
    died: bool  # the kill came before the run's end
    resumed: int  # times until the run ended
    equal: bool
    seconds: float


def campaign(root: Path, method: str, points: int, seed: int, set_only: bool = False) -> list[Outcome]:
    """Run all points under `root`; every run is forked from this process."""
    from tests import tiny

    in_child(lambda: (tiny.save_model(root / "model"), tiny.save_data(root / "data")))
    alone = root / "alone"
    started = time.perf_counter()
    assert in_child(lambda: train(root, alone, method)) == 0, "the run left alone failed"
    whole_s = time.perf_counter() - started
    wanted = state(alone / method)
    draw = random.Random(seed)
    set_moments = [MOMENTS[index % len(MOMENTS)] for index in range(points if set_only else points // 2)]
    plans: list[str | float] = [
        *set_moments,
        *(draw.uniform(0, 0.8 * whole_s) for _ in range(points - len(set_moments))),
    ]
    return [
        _point(root, root / f"point-{number}", method, plan, wanted, draw)
        for number, plan in enumerate(plans)
    ]


def _point(
    root: Path, output: Path, method: str, plan: str | float, wanted: dict[str, Any], draw: random.Random
) -> Outcome:
    started = time.perf_counter()
    if isinstance(plan, str):
        where = plan
        nth = draw.randint(1, 3)  # which of the moments of this kind
        status = in_child(lambda: (_die_at(plan, nth), train(root, output, method)))
    else:
        where = f"after {plan:.2f} s"
        status = in_child(lambda: train(root, output, method), kill_after_s=plan)
    died = status == -signal.SIGKILL
    resumed = 0
    while status != 0 and resumed < 5:
        resumed += 1
        again = draw.uniform(0.2, 1.0) if resumed == 1 and draw.random() < 0.3 else None  # killed twice
        status = in_child(lambda: train(root, output, method), kill_after_s=again)
    equal = status == 0 and state(output / method) == wanted
    return Outcome(where, died, resumed, equal, round(time.perf_counter() - started, 2))


def in_child(work: Callable[[], object], kill_after_s: float | None = None) -> int:
    """Exit status of `work` in a forked process; minus the signal where one ended it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            import torch

            torch.set_num_threads(1)
            work()
            status = 0
        except BaseException as error:
            traceback.print_exception(error)
        finally:
            os._exit(status)
    if kill_after_s is not None:
        end = time.monotonic() + kill_after_s
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def train(root: Path, output: Path, method: str) -> None:
    """The training run; resumes what is there."""
    from src.training.trainer import fine_tune
    from tests import tiny

    fine_tune(tiny.config(root / "model", root / "data", output, *SETTINGS), method, resume=True)


def state(folder: Path) -> dict[str, Any]:
    """What two equal runs have in common: adapter bytes, loss curve, counts, and no leftovers."""
    run = json.loads((folder / "final" / "run.json").read_text(encoding="utf-8"))
    curve = [
        {key: value for key, value in entry.items() if key != "tokens_per_s"} for entry in run["history"]
    ]
    counts = {key: run["metrics"][key] for key in ("steps", "best_step", "validation_loss", "tokens")}
    adapter = (folder / "final" / "adapter_model.safetensors").read_bytes()
    return {
        "adapter": hashlib.sha256(adapter).hexdigest(),
        "curve": curve,
        "counts": counts,
        "files": sorted(path.name for path in folder.iterdir()),
    }


def _die_at(moment: str, nth: int) -> None:
    """Arrange that this process kills itself at the nth time of `moment`."""
    import transformers

    from src.training import checkpoints, results, step_trainer

    owner, name, after = {
        "first step": (step_trainer.StepTrainer, "_accumulate", True),
        "checkpoint files": (transformers.Trainer, "_save_optimizer_and_scheduler", True),
        "checkpoint mark": (checkpoints, "mark_complete", False),
        "old checkpoint deleted": (step_trainer, "rotate_checkpoints", True),
        "final files": (checkpoints, "flush", False),
        "final moved": (results, "_replace", True),
    }[moment]
    if moment in ("first step", "final moved"):
        nth = 1
    if moment == "final files":
        owner, name = results, "draw_training_curve"
        nth = 1
    real = getattr(owner, name)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if calls == nth and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Kill training at random moments and compare what resuming gives."
    )
    parser.add_argument("--points", type=int, default=30)
    parser.add_argument("--method", choices=("lora", "qlora"), default="lora")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set_moments", action="store_true", help="no random moments, only the set ones")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import src.training.trainer  # noqa: F401  # imported once, before the forks
    import tests.tiny  # noqa: F401

    with tempfile.TemporaryDirectory(prefix="crash-campaign-") as folder:
        outcomes = campaign(Path(folder), args.method, args.points, args.seed, args.set_moments)
    for outcome in outcomes:
        verdict = "same bits" if outcome.equal else "DIFFERENT"
        print(
            f"{outcome.where:<24} died {outcome.died!s:<6} resumed {outcome.resumed}  {verdict}  {outcome.seconds} s"
        )
    equal, died = sum(item.equal for item in outcomes), sum(item.died for item in outcomes)
    print(
        f"{args.method}: {equal} of {len(outcomes)} the same as the run left alone; {died} were killed before their end"
    )
    if args.json:
        report = {
            "method": args.method,
            "points": len(outcomes),
            "equal": equal,
            "killed": died,
            "seed": args.seed,
        }
        args.json.write_text(
            json.dumps(report | {"outcomes": [vars(item) for item in outcomes]}, indent=1) + "\n"
        )
    return int(equal != len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
