"""The real experiment: LoRA and QLoRA on Code Alpaca, the defaults tried one by one, with the product's own scripts.

    python -m benchmarks.experiment.run train  --model FOLDER --data FOLDER [--minutes 8] [--jobs 6]     on a GPU
    python -m benchmarks.experiment.run answer --model FOLDER --data FOLDER [--benchmarks FOLDER]        on the same machine
    python -m benchmarks.experiment.run score  --data FOLDER                                             on any machine
    python -m benchmarks.experiment.run table

Writes reports/code_alpaca, and the tables of docs/experiments.md, which says what the question is, how it is measured
and how to read the result. Every phase can be stopped and started again: what is finished is not done again.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT
from benchmarks.experiment import in_turn
from benchmarks.experiment.plan import Spec, answered_specs, best_rate, flat, overrides, wanted
from benchmarks.experiment.results import FILE, GRID, Results, load_results, read_result, save_results
from benchmarks.experiment.scores import BASE, BASE_CHAT, TEST_SETS, score
from benchmarks.experiment.side_by_side import Ended, Job, run_side_by_side
from src import cli
from src.schema import UserError

PHASES = ("train", "answer", "score", "table")
WORK = Path("checkpoints/experiments")
REPORTS = Path("reports/code_alpaca")
PAGE = Path("docs/experiments.md")
BENCHMARK_FILES = {
    "humaneval": "HumanEval.jsonl.gz", "humanevalplus": "HumanEvalPlus.jsonl.gz", "mbppplus": "MbppPlus.jsonl.gz",
}  # fmt: skip  # in the folder of --benchmarks
LOGS, ANSWERS = "logs", "answers"  # folders of the work folder; the others are named by their run


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser("Repeat the experiments of docs/experiments.md, one phase a call.")
    parser.add_argument("phase", choices=PHASES)
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        metavar="DIR",
        help="gets a folder per run, logs, answers and figures",
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="train, answer: the base model's folder")
    parser.add_argument("--data", type=Path, metavar="DIR", help="all but table: what download_data.py wrote")
    parser.add_argument(
        "--benchmarks",
        type=Path,
        metavar="DIR",
        help=f"answer: folder of {', '.join(BENCHMARK_FILES.values())}; those that are there are answered",
    )
    parser.add_argument("--jobs", type=int, default=6, metavar="N", help="runs side by side on the GPU")
    parser.add_argument("--minutes", type=float, default=8.0, metavar="M", help="then stop cleanly")
    parser.add_argument(
        "--memory_gib",
        type=float,
        default=72.0,
        metavar="GIB",
        help="of the GPU, shared by the runs side by side",
    )
    parser.add_argument(
        "--only", nargs="+", default=["*"], metavar="PATTERN", help="train: only runs of such names"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="train, answer: also pack figures and answers"
    )
    parser.add_argument(
        "--alone",
        type=Path,
        metavar="FILE",
        help="score: experiments.json of runs that shared the GPU with none",
    )
    parser.add_argument(
        "--reports", type=Path, default=REPORTS, metavar="DIR", help="score, table: the reports"
    )
    parser.add_argument(
        "--page", type=Path, default=PAGE, metavar="FILE", help="table: the page with the tables"
    )
    return parser


@dataclass(frozen=True)
class Place:
    """The work folder, and the paths in it by which its runs name model and data: the same on every machine."""

    work: Path
    model: str
    data: str

    @classmethod
    def at(cls, args: argparse.Namespace) -> Place:
        """Link the model and the data into the work folder. Raises UserError where one is not given or not there."""
        names = []
        for kind in ("model", "data"):
            given: Path | None = getattr(args, kind)
            if given is None or not given.is_dir():
                raise UserError(f"--{kind}: expected a folder, got {given}; give --{kind} FOLDER")
            link = args.work / kind / given.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(given.resolve())
            names.append(f"{kind}/{given.name}")
        return cls(args.work.resolve(), *names)

    def final(self, run: Spec) -> Path:
        return self.work / run.name / run.method / "final"

    def has_adapter(self, run: Spec) -> bool:
        """False too where a bundle brought the figures of a run and no weights."""
        return (self.final(run) / "adapter_model.safetensors").exists()

    def origin(self, run: str, kind: str) -> Path:
        """The file that says where the run's answers to a test set come from: written last."""
        return self.work / ANSWERS / "runs" / f"{run}--{kind}" / "origin.json"

    def is_answered(self, run: Spec) -> bool:
        """Whether its answers to all test sets are here, from this machine or another: then its weights are not needed."""
        return all(self.origin(run.name, kind).exists() for kind in TEST_SETS)

    def has_answers(self, run: str, kind: str, folder: Path) -> bool:
        """Whether the run's answers are younger than the model in `folder` (an adapter's, or the base's)."""
        noted = self.origin(run, kind)
        record = folder / ("run.json" if (folder / "run.json").exists() else "config.json")
        return noted.exists() and noted.stat().st_mtime > record.stat().st_mtime

    def job(self, name: str, script: str, words: Sequence[str]) -> Job:
        """A Python script in this folder."""
        command = [sys.executable, str(ROOT / script), *words]
        return Job(name, command, self.work / LOGS / f"{name}.log", self.work)


def _settings(args: argparse.Namespace) -> list[str]:
    """This call's settings, for a script of the product."""
    config = ["--config", str(args.config.resolve())] if args.config else []
    return ["--quiet", *config, *(word for item in args.overrides for word in ("--set", item))]


class Training:
    """The runs of one call: which comes next, and how those ended that did."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.place = Place.at(args)
        self.path = args.work / FILE
        self.defaults = flat(cli.configure(args))
        self.results = load_results(self.path) or Results(self.defaults, {}, {})
        if dict(self.results.defaults) != self.defaults:
            raise UserError(
                f"{self.path} started from other settings; give another --work, or delete this one"
            )
        self.started: dict[str, Spec] = {}
        self.failed: set[str] = set()

    def next_job(self) -> Job | None:
        """The most important run that is neither finished nor under way; None where there is none now."""
        losses = self.results.losses | dict.fromkeys(self.failed)
        kept = {run.name for run in answered_specs(self.defaults, best_rate(self.defaults, losses))}
        for run in wanted(self.defaults, losses):
            usable = run.name not in kept or self.place.has_adapter(run) or self.place.is_answered(run)
            there = run.name in losses and usable
            selected = any(fnmatch.fnmatch(run.name, pattern) for pattern in self.args.only)
            if run.name in self.started or there or not selected:
                continue
            self.started[run.name] = run
            return self._job(run)
        return None

    def _job(self, run: Spec) -> Job:
        sets = [
            f"model.base_model={self.place.model}",
            f"data.dataset_path={self.place.data}",
            f"training.output_dir={run.name}",
            f"training.memory_budget_gib={self.args.memory_gib / self.args.jobs:.4g}",
            "training.report_to=none",
            *overrides(run, self.defaults),
        ]
        words = [word for item in sets for word in ("--set", item)]
        return self.place.job(run.name, f"train_{run.method}.py", [*_settings(self.args), *words, "--resume"])

    def ended(self, end: Ended) -> None:
        """Keep what the run measured, print how it went, and delete its checkpoints."""
        run = self.started[end.job.name]
        if end.code:
            print(f"{run.name}: {'stopped' if end.stopped else 'failed: ' + end.last_words}", flush=True)
            self.failed |= set() if end.stopped else {run.name}
            return
        final = self.place.final(run)
        found, environment = read_result(run, final, end.seconds, self.args.jobs)
        runs = {**self.results.runs, run.name: found}
        self.results = dataclasses.replace(
            self.results, runs=runs, environment=self.results.environment or environment
        )
        rate = best_rate(self.defaults, self.results.losses | dict.fromkeys(self.failed))
        self.results = dataclasses.replace(self.results, rate=rate)
        save_results(self.results, self.path)
        for checkpoint in final.parent.glob("checkpoint-*"):
            shutil.rmtree(checkpoint)
        print(
            f"{run.name}: validation loss {found.validation_loss:.4f} at epoch {found.best_epoch:g}, "
            f"{found.seconds:.0f} s, {found.tokens_per_s:,.0f} tokens/s, {found.peak_gib:.2f} GiB",
            flush=True,
        )


def train(args: argparse.Namespace) -> str:
    training = Training(args)
    complete = _run(args, training.next_job, training.ended)
    _bundle(args)
    runs, rate = training.results.runs, training.results.rate
    if not runs:
        raise UserError(f"no run finished; read {args.work / LOGS}")
    if not complete or training.failed:
        return f"{len(runs)} runs finished, not all; the same command continues"
    chosen = f"learning rate {rate:g} chosen" if rate else "no learning rate chosen yet"
    return f"{len(runs)} runs finished, {chosen}\nnext: answer, on this machine"


def answer(args: argparse.Namespace) -> str:
    """Answers of the base and of every run that is compared, the most important first; nothing is scored."""
    place = Place.at(args)
    results = load_results(args.work / FILE)
    if results is None:
        raise UserError(f"no {args.work / FILE}: run the phase train first")
    models = [(BASE, place.model)]
    if _has_chat_template(place.work / place.model):
        models.append((BASE_CHAT, place.model))
    for run in answered_specs(results.defaults, results.rate):
        if place.has_adapter(run):
            models.append((run.name, f"{run.name}/{run.method}/final"))
        elif not place.is_answered(run):
            print(f"{run.name}: no adapter here, left out", flush=True)
    sets = [
        kind for kind in TEST_SETS if kind not in BENCHMARK_FILES or _benchmark_file(args, kind).is_file()
    ]
    for kind in TEST_SETS:
        if kind not in sets:
            print(f"{kind}: no {_benchmark_file(args, kind)}, left out", flush=True)
    missing = {
        (name, model): [kind for kind in sets if not place.has_answers(name, kind, place.work / model)]
        for name, model in models
    }
    jobs = iter([_answer_job(args, place, *model, kinds) for model, kinds in missing.items() if kinds])
    failed: list[str] = []
    complete = _run(args, lambda: next(jobs, None), lambda end: _answered(end, failed))
    _bundle(args)
    if failed or not complete:
        return "not all answers are there; the same command continues"
    return "next: score, on any machine that has this --work folder"


def _benchmark_file(args: argparse.Namespace, kind: str) -> Path:
    return Path(args.benchmarks or "") / BENCHMARK_FILES[kind]


def _has_chat_template(model: Path) -> bool:
    settings = model / "tokenizer_config.json"
    apart = (model / "chat_template.jinja").exists()
    return apart or (settings.exists() and '"chat_template"' in settings.read_text(encoding="utf-8"))


def _answer_job(args: argparse.Namespace, place: Place, name: str, model: str, kinds: Sequence[str]) -> Job:
    """The model's answers to these test sets, one after the other in one process."""
    calls = [[*_settings(args), *_answer_words(args, place, name, model, kind)] for kind in kinds]
    words = [word for call in calls for word in (in_turn.AND, *call)]
    return place.job(name, "benchmarks/experiment/in_turn.py", words)


def _answer_words(args: argparse.Namespace, place: Place, name: str, model: str, kind: str) -> list[str]:
    words = ["--generate_only", "--model_path", model, "--name", f"{name}--{kind}", "--output_dir", ANSWERS]
    words += ["--num_samples", "0", "--set", f"data.dataset_path={place.data}"]
    words += ["--base_model", place.model] if model != place.model else []
    words += ["--set", "prompt.before=chat"] if name == BASE_CHAT else []
    if kind in BENCHMARK_FILES:
        words += ["--benchmark", kind, "--benchmark_path", str(_benchmark_file(args, kind).resolve())]
    return words


def _answered(end: Ended, failed: list[str]) -> None:
    if end.code and not end.stopped:
        failed.append(end.job.name)
    how = (
        f"answered in {end.seconds:.0f} s" if end.code == 0 else "stopped" if end.stopped else end.last_words
    )
    print(f"{end.job.name}: {how}", flush=True)


def _run(
    args: argparse.Namespace, next_job: Callable[[], Job | None], on_end: Callable[[Ended], None]
) -> bool:
    if args.jobs < 1 or args.minutes <= 0:
        raise UserError(f"--jobs and --minutes must be above 0, got {args.jobs} and {args.minutes:g}")
    return run_side_by_side(next_job, args.jobs, time.monotonic() + 60 * args.minutes, on_end)


def _bundle(args: argparse.Namespace) -> None:
    """Pack what other machines need of the work folder: figures, logs, answers; no weights."""
    if args.bundle is None:
        return
    patterns = (FILE, f"{LOGS}/*.log", f"{ANSWERS}/runs/*/*.json*", "*/*/final/run.json")
    args.bundle.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(args.bundle, "w:gz") as archive:
        for path in sorted(path for pattern in patterns for path in args.work.glob(pattern)):
            archive.add(path, path.relative_to(args.work))


def main(args: argparse.Namespace) -> None:
    if args.phase in ("train", "answer"):
        print({"train": train, "answer": answer}[args.phase](args))
        return
    from benchmarks.experiment.tables import write_tables

    if args.phase == "score":
        config = ["--config", str(args.config.resolve())] if args.config else []
        settings = [*config, *(word for item in args.overrides for word in ("--set", item))]
        if args.data is None or not args.data.is_dir():
            raise UserError(f"--data: expected the folder that the runs were trained on, got {args.data}")
        print(score(args.work, args.reports, args.data.resolve(), args.alone, settings))
    path = args.reports / FILE
    results = load_results(path)
    if results is None:
        raise UserError(f"no {path}: run the phase score first")
    write_tables(results, args.page, load_results(args.reports / GRID))
    print(f"wrote the tables of {len(results.runs)} runs into {args.page}")


if __name__ == "__main__":
    cli.run(main, arguments())
