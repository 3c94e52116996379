"""Kills download_data, generate, scoring and comparison at random moments, and asks what the next run does.

    python -m benchmarks.reliability.crash_stages [--kills 10] [--stage generation ...] [--seed 0] [--json FILE]

Its last result: benchmarks/results/crash_stages.json. Each point starts the stage in a fork, kills it (SIGKILL), looks at what lies on the disk, and starts it again. A point
holds when no file was half written, nothing that was finished is computed again, the result is that of a run left
alone, and no process or file is left over.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability.crash_campaign import in_child

SAMPLES = 60
ANSWERED = 24  # samples of the generation stage
PR_SET_CHILD_SUBREAPER = 36
REPORT = ("comparison.json", "comparison.md", "comparison.html", "comparison.png", "comparison_dark.png")


@dataclass(frozen=True)
class Stage:
    """A script's work on folders under one root."""

    name: str
    work: Callable[[Path, Path], None]  # inputs, output
    finished: Callable[[Path], set[str]]  # what an output folder holds that need not be computed again
    result: Callable[[Path], Any]  # what equal runs have in common


@dataclass(frozen=True)
class Point:
    """One kill."""

    stage: str
    after_s: float
    died: bool
    kept: int  # finished pieces that lay on the disk after the kill
    twice: int  # of these, computed again
    equal: bool
    left_over: tuple[str, ...]  # files and processes


def make_inputs(root: Path) -> None:
    """Rows, a tiny model with its data, and three predictions files."""
    from tests import tiny

    tiny.save_model(root / "model")
    tiny.save_data(root / "data", 300)
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tiny.rows(300)))
    for name, wrong in (("before", 2), ("after", 5), ("other", 7)):
        lines = [
            {
                "id": f"{n:03}", "instruction": f"Print {n}.", "input": "", "reference": f"print({n})",
                "prediction": f"print({n if n % wrong else 0})", "language": "python",
            }
            for n in range(SAMPLES)
        ]  # fmt: skip
        (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _settings(root: Path, output: Path) -> list[str]:
    from tests import tiny

    more = (f"evaluation.num_samples={ANSWERED}", "evaluation.batch_size=2", "evaluation.max_new_tokens=40")
    return tiny.overrides(root / "model", root / "data", output, *more)


def prepare(root: Path, output: Path) -> None:
    from src.config import load_config
    from src.data.preparation import prepare_data

    fractions = ("validation_fraction=0.15", "test_fraction=0.15", "near_duplicate_threshold=1")
    changes = [*(f"data.{item}" for item in fractions), f"data.dataset_path={output}"]
    prepare_data(load_config(overrides=changes).data, "file", [str(root / "rows.jsonl")])


def generate(root: Path, output: Path) -> None:
    from src.config import load_config
    from src.evaluation.answers import RunRequest, answer
    from src.evaluation.benchmarks.test_set import load_test_set
    from src.generation import generate
    from src.system.files import sole_writer

    real = generate._answer_in_slots

    def noted(*arguments: Any) -> Any:
        _note(output, [f"{key[0]} {key[1]}" for key in arguments[2]])
        return real(*arguments)

    generate._answer_in_slots = noted
    config = load_config(overrides=_settings(root, output))
    with sole_writer(output, "wait"):
        answer(
            RunRequest(str(root / "model"), None, load_test_set(config), config, output.parent, output.name)
        )


def score(root: Path, output: Path) -> None:
    _call("evaluate", root, output, "--predictions", root / "before.jsonl", "--output_dir", output)


def compare(root: Path, output: Path) -> None:
    """Adds a method to the report that a comparison before it made."""
    for name in ("after", "other"):
        _call(
            "compare_results", root, output, "--before_predictions", root / "before.jsonl", "--after_predictions",
            root / f"{name}.jsonl", "--output_dir", output, "--runs_dir", output / "runs",
        )  # fmt: skip


def _call(script: str, root: Path, output: Path, *words: str | Path) -> None:
    import importlib

    from src.evaluation import evaluator

    real = evaluator.score_in_workers

    def noted(samples: Any, settings: Any) -> Any:
        for sample, scored in real(samples, settings):
            _note(output, [sample.id])
            yield sample, scored

    evaluator.score_in_workers = noted
    module = importlib.import_module(script)
    flags = [word for item in _settings(root, output) for word in ("--set", item)]
    try:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            module.main(module.arguments().parse_args([*map(str, words), *flags]))
    finally:
        evaluator.score_in_workers = real  # the next call would note everything twice


def _note(output: Path, pieces: list[str]) -> None:
    """Remember what is computed, beside the output folder."""
    with output.with_suffix(".computed").open("a") as stream:
        stream.writelines(f"{piece}\n" for piece in pieces)


def _lines(paths: list[Path]) -> list[dict[str, Any]]:
    """Whole lines but the first, which is the key."""
    return [json.loads(line) for path in paths for line in path.read_text().split("\n")[1:-1]]


def _answered(output: Path) -> set[str]:
    return {f"{line['id']} {line['completion']}" for line in _lines(list(output.glob("answers.jsonl")))}


def _scored(output: Path) -> set[str]:
    """Scores by run: two runs may hold the same answer to the same task."""
    paths = output.glob("runs/*/scored.jsonl")
    return {f"{path.parent.name} {line['sample']}" for path in paths for line in _lines([path])}


def _data(output: Path) -> Any:
    return {path.name: path.read_bytes() for path in output.iterdir()}


def _answers(output: Path) -> Any:
    return (output / "generations.jsonl").read_text()


def _scores(output: Path) -> Any:
    made = json.loads((output / "runs" / "before" / "scores.json").read_text())
    return {key: made[key] for key in ("metrics", "outcomes", "n")}


def _report(output: Path) -> Any:
    from src.evaluation.comparison import load_comparison

    made = load_comparison(output / "comparison.json")
    assert made is not None
    return {name: method.difference for name, method in made.comparisons.items()}


STAGES = {
    "data": Stage("data", prepare, lambda output: set(), _data),
    "generation": Stage("generation", generate, _answered, _answers),
    "scoring": Stage("scoring", score, _scored, _scores),
    "comparison": Stage("comparison", compare, _scored, _report),
}


def campaign(root: Path, stage: Stage, kills: int, seed: int) -> list[Point]:
    """`kills` points of one stage, spread over the time that it takes alone."""
    alone = root / f"{stage.name}-alone"
    started = time.perf_counter()
    assert in_child(lambda: stage.work(root, alone)) == 0, f"{stage.name} failed when left alone"
    whole_s = time.perf_counter() - started
    draw = random.Random(seed)
    return [
        _point(root, stage, alone, root / f"{stage.name}-{number}", draw.uniform(0.05, 0.6) * whole_s)
        for number in range(kills)
    ]


def _point(root: Path, stage: Stage, alone: Path, output: Path, after_s: float) -> Point:
    status = in_child(lambda: stage.work(root, output), kill_after_s=after_s)
    processes = _left_running()
    kept = stage.finished(output)
    whole = _readable(output)
    computed = output.with_suffix(".computed")
    before = len(computed.read_text().split("\n")) - 1 if computed.exists() else 0
    assert in_child(lambda: stage.work(root, output)) == 0, f"{stage.name}: the run after the kill failed"
    again = computed.read_text().split("\n")[before:-1] if computed.exists() else []
    # of scores only the number is known: what lies there is named by a digest of the sample
    twice = len(kept & set(again)) if stage.name == "generation" else 0
    if stage.name in ("scoring", "comparison"):
        twice = max(0, len(kept) + len(again) - len(stage.finished(output)))
    extra = _names(output) - _names(alone)
    return Point(
        stage.name, round(after_s, 2), status == -signal.SIGKILL, len(kept), twice,
        whole and stage.result(output) == stage.result(alone), (*processes, *sorted(extra)),
    )  # fmt: skip


def _readable(output: Path) -> bool:
    """Whether no file under its final name is cut off; stores that grow may end in a part of a line."""
    for path in output.rglob("*.json"):
        json.loads(path.read_text())
    pictures = [path.read_bytes() for path in output.rglob("*.png")]
    predictions = list(output.rglob("generations.jsonl"))
    return all(item.endswith(b"IEND\xaeB`\x82") for item in pictures) and all(
        path.read_text().endswith("\n") for path in predictions
    )


def _names(output: Path) -> set[str]:
    return {str(path.relative_to(output)) for path in output.rglob("*")}


def _left_running() -> tuple[str, ...]:
    """Children of killed runs, which come to this process as their subreaper; they have five seconds to end."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return ()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return tuple(f"process {Path(f'/proc/{pid}/comm').read_text().strip()}" for pid in children)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Kill the stages beside training and look at what they keep."
    )
    parser.add_argument("--kills", type=int, default=10, help="of each stage")
    parser.add_argument("--stage", action="append", choices=tuple(STAGES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    for name, value in (("OMP_NUM_THREADS", "1"), ("HF_HUB_OFFLINE", "1"), ("TQDM_DISABLE", "1")):
        os.environ.setdefault(name, value)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    import tests.tiny  # noqa: F401  # all imported once, before the forks

    with tempfile.TemporaryDirectory(prefix="crash-stages-") as folder:
        root = Path(folder)
        assert in_child(lambda: make_inputs(root)) == 0
        points = [
            point
            for name in args.stage or STAGES
            for point in campaign(root, STAGES[name], args.kills, args.seed)
        ]
    bad = [point for point in points if point.twice or point.left_over or not point.equal]
    for point in points:
        print(f"{'BAD ' if point in bad else 'good'} {point}")
    print(
        f"{len(points) - len(bad)} of {len(points)} hold; {sum(point.died for point in points)} were killed before their end"
    )
    if args.json:
        args.json.write_text(json.dumps([asdict(point) for point in points], indent=1) + "\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
