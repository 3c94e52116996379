"""Scores the answers that the experiments kept, compares methods over their seeds, and writes reports of figures alone."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.experiment.plan import METHODS, final_specs
from benchmarks.experiment.results import FILE, Results, load_results, save_results
from src.evaluation.predictions import ANSWERS, read_origin, read_predictions
from src.schema import Sample, UserError

BASE, BASE_CHAT = "base", "base-chat"  # the model before, prompted as the others or in its own chat template
TEST_SETS = {  # each with the folder of its reports
    "codealpaca": ".", "humaneval": "humaneval", "humanevalplus": "humanevalplus", "mbppplus": "mbppplus",
}  # fmt: skip
AGAINST, CHAT = "qlora_against_lora", "base_in_chat_template"
WINDOW = 30  # characters of a line of data or answers; shorter lines prove nothing
REPORT_SOURCE = ROOT / "src" / "report"  # its files hold the reports' fixed text


@dataclass(frozen=True)
class Pair:
    """A comparison of runs before and after, one a seed, under a name in a report."""

    report: str  # folder below the reports
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def score(work: Path, reports: Path, data: Path, alone: Path | None, settings: Sequence[str]) -> str:
    """The whole phase; `settings` are --config and --set words. Raises UserError where a report quotes a text."""
    results = load_results(work / FILE)
    if results is None:
        raise UserError(
            f"no {work / FILE}: run the phases train and answer first, and bring their files here"
        )
    runs = work / "answers" / "runs"
    names = sorted(path.parent.name for path in runs.glob(f"*/{ANSWERS}"))
    if not names:
        raise UserError(f"no answers in {runs}: run the phase answer first, and bring its files here")
    trained_on = ["--training_data", data]
    for name in names:
        folder = ["--output_dir", runs.parent]
        _call("evaluate.py", "--predictions", runs / name / ANSWERS, *folder, *trained_on, *settings)
        print(f"scored {name}", flush=True)
    compared = _compare_all(pairs(results, set(names)), runs, reports, [*trained_on, *settings])
    differences = [found for report in compared for found in report]
    other = load_results(alone) if alone else None
    results = dataclasses.replace(
        results,
        alone=other.runs if other else results.alone,
        scores={name: _figures(runs / name / "scores.json") for name in names},
        differences=differences,
    )
    save_results(results, reports / FILE)
    samples = [sample for name in names for sample in read_predictions(runs / name / ANSWERS)]
    quoted = quotations(reports, samples)
    if quoted:
        raise UserError(
            f"texts of samples stand in the reports, which must not be passed on: {'; '.join(quoted[:5])}"
        )
    return (
        f"wrote {reports}: {len(names)} runs scored; no text of {len(samples)} answers and their tasks in it"
    )


def pairs(results: Results, there: set[str]) -> list[Pair]:
    """Every comparison whose answers are there, with the seeds that are; those of one report have one run before."""
    groups = {
        f"{method}-{label}": [run for run in specs if run.method == method]
        for label, specs in final_specs(results.defaults, results.rate).items()
        for method in METHODS
    }
    found = []
    for kind, folder in TEST_SETS.items():
        answered = {
            stem: tuple(name for run in specs if (name := f"{run.name}--{kind}") in there)
            for stem, specs in groups.items()
        }
        for base, report in ((BASE, folder), (BASE_CHAT, f"{folder}/{CHAT}")):
            before = (f"{base}--{kind}",)
            found += [
                Pair(report, stem.removesuffix("-chosen"), before, after) for stem, after in answered.items()
            ]
        label = next((label for label in ("chosen", "default") if answered.get(f"qlora-{label}")), "default")
        lora, qlora = answered[f"lora-{label}"], answered[f"qlora-{label}"]
        found.append(Pair(f"{folder}/{AGAINST}", "qlora", lora, qlora))
    return [pair for pair in found if pair.before and pair.after and {*pair.before, *pair.after} <= there]


def _compare_all(
    wanted: Sequence[Pair], runs: Path, reports: Path, settings: Sequence[str | Path]
) -> Iterable[list[dict[str, Any]]]:
    """Write the reports afresh; the differences in each."""
    by_report: dict[str, list[Pair]] = {}
    for pair in wanted:
        by_report.setdefault(pair.report, []).append(pair)
    for report, members in by_report.items():
        folder = reports / report
        for number, pair in enumerate(members):
            files: list[str | Path] = []
            for flag, names in (("--before_predictions", pair.before), ("--after_predictions", pair.after)):
                files += [word for name in names for word in (flag, runs / name / ANSWERS)]
            places: list[str | Path] = ["--output_dir", folder, "--runs_dir", runs, "--name", pair.name]
            fresh = [] if number else ["--fresh"]
            fresh += ["--before_name", "LoRA"] if report.endswith(AGAINST) else []
            origin = read_origin(runs / pair.before[0] / ANSWERS)
            last = ["--set", "evaluation.examples=0", "--set", f"model.base_model={origin['base_model']}"]
            _call("compare_results.py", *files, *places, *fresh, *settings, *last)
            print(f"compared {', '.join(pair.after)} with {', '.join(pair.before)}", flush=True)
        yield _differences(report, folder / "comparison.json")


def _differences(report: str, path: Path) -> list[dict[str, Any]]:
    """Of every metric on all samples, band "", and on those of each band of novelty."""
    comparison = json.loads(path.read_text(encoding="utf-8"))
    return [
        {"report": report, "after": name, "band": band, "metric": metric, **found}
        for name, method in comparison["comparisons"].items()
        for band, by_metric in {"": method["difference"], **method["by_novelty"]}.items()
        for metric, found in by_metric.items()
    ]


def _figures(path: Path) -> dict[str, Any]:
    run = json.loads(path.read_text(encoding="utf-8"))
    metrics = {
        name: {key: found[key] for key in ("value", "ci95", "n")} for name, found in run["metrics"].items()
    }
    origin = {key: run["provenance"].get(key) for key in ("precision", "decoding", "sandbox", "commit")}
    return {"n": run["n"], "metrics": metrics, "outcomes": run["outcomes"], **origin}


def _call(script: str, *words: str | Path) -> None:
    command = [sys.executable, str(ROOT / script), "--quiet", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise UserError(f"{script} ended with {done.returncode}: {lines[-1][:400]}")


def quotations(folder: Path, samples: Sequence[Sample]) -> list[str]:
    """ "FILE quotes ID" for every file below `folder` that holds the first characters of a line of a sample or an answer.

    Escapes of HTML and JSON are undone first; what the report writer's own source holds is no quotation.
    """
    lines = {
        line.strip()[:WINDOW]: sample.id
        for sample in samples
        for text in (sample.instruction, sample.input, sample.reference, sample.prediction, sample.tests)
        for line in text.split("\n")
        if len(line.strip()) >= WINDOW
    }
    own = "".join(path.read_text("utf-8") for path in REPORT_SOURCE.rglob("*.*") if path.suffix != ".pyc")
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".md", ".html")):
        raw = path.read_text(encoding="utf-8")
        for text in (raw, html.unescape(raw), _without_escapes(raw)):
            hits = {text[at : at + WINDOW] for at in range(len(text))} & lines.keys()
            found += [f"{path} quotes {lines[hit]}" for hit in hits if hit not in own]
    return sorted(set(found))


def _without_escapes(text: str) -> str:
    """JSON's escapes undone; of characters beyond the basic plane the halves stay."""
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return plain.replace('\\"', '"').replace("\\t", "\t").replace("\\\\", "\\")
