"""Scores the answers that the experiments kept, compares them in pairs, and writes reports of figures alone."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.experiment.plan import METHODS, SEEDS, Defaults, Spec, final_specs, grid_specs
from benchmarks.experiment.results import FILE, Results, load_results, save_results
from src.evaluation.predictions import ANSWERS, read_origin, read_predictions, write_answers
from src.evaluation.scoring.score_store import ScoreStore
from src.schema import Sample, UserError

KINDS = {"codealpaca": ".", "humaneval": "humaneval"}  # test set -> its folder among the reports
AGAINST, VARIANTS, CHAT = "qlora_against_lora", "training_variants", "base_in_chat_template"
POOL = "-all_seeds--"  # in the name of a pool, between its method and its test set
SCORED = "scored.jsonl"  # of a run: the scores of its answers
WINDOW = 30  # characters of a line of data or answers; shorter lines prove nothing
REPORT_SOURCE = ROOT / "src" / "report"  # its files hold the reports' fixed text


@dataclass(frozen=True)
class Pair:
    """A comparison: the runs before and after, under a name in a report."""

    report: str  # folder below the reports
    name: str
    before: str
    after: str


def score(work: Path, reports: Path, alone: Path | None, settings: Sequence[str]) -> str:
    """The whole phase; `settings` are --config and --set words. Raises UserError where a report quotes a text."""
    results = load_results(work / FILE)
    if results is None:
        raise UserError(
            f"no {work / FILE}: run the phases train and answer first, and bring their files here"
        )
    runs = work / "answers" / "runs"
    names = sorted(path.parent.name for path in runs.glob(f"*/{ANSWERS}") if POOL not in path.parent.name)
    if not names:
        raise UserError(f"no answers in {runs}: run the phase answer first, and bring its files here")
    _score_each(runs, names, settings)
    pools = pool_seeds(runs, results)
    _score_each(runs, pools, settings)
    names += pools
    differences = [
        found for pair in _compare_all(pairs(results, set(names)), runs, reports, settings) for found in pair
    ]
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


def _score_each(runs: Path, names: Sequence[str], settings: Sequence[str]) -> None:
    for name in names:
        _call("evaluate.py", "--predictions", runs / name / ANSWERS, "--output_dir", runs.parent, *settings)
        print(f"scored {name}", flush=True)


def pool_seeds(runs: Path, results: Results) -> list[str]:
    """One run of the answers of all seeds, with their scores: a sample's completions are its answers by seed.

    Measures resample the completions of a sample together, so an interval over the pool is one of the mean over
    these seeds' models, for new samples. Returns the names of the pools.
    """
    made = []
    for stem, specs in [*_groups(results).items(), *_variants(results).items()]:
        for kind in KINDS:
            there = [run for run in specs if (runs / f"{run.name}--{kind}" / ANSWERS).exists()]
            if not there:
                continue
            name = f"{stem}{POOL}{kind}"
            shutil.rmtree(runs / name, ignore_errors=True)
            answers = [read_predictions(runs / f"{run.name}--{kind}" / ANSWERS) for run in there]
            origins = [read_origin(runs / f"{run.name}--{kind}" / ANSWERS) for run in there]
            samples = [
                dataclasses.replace(sample, completion=number)
                for number, part in enumerate(answers)
                for sample in part
            ]
            write_answers(runs / name, samples, _pooled_origin(name, there, origins))
            _pool_scores(runs / name, [runs / f"{run.name}--{kind}" for run in there], answers)
            made.append(name)
    return made


def _pool_scores(pool: Path, parts: Sequence[Path], answers: Sequence[Sequence[Sample]]) -> None:
    """Take over the scores of the parts, so that no program runs again."""
    for number, (part, samples) in enumerate(zip(parts, answers, strict=True)):
        lines = (part / SCORED).read_text(encoding="utf-8").split("\n")
        settings = json.loads(lines[0])["settings"]
        own, store = ScoreStore(part / SCORED, settings), ScoreStore(pool / SCORED, settings)
        known = [(sample, found) for sample in samples if (found := own.get(sample)) is not None]
        store.add(
            [dataclasses.replace(sample, completion=number) for sample, _ in known],
            [dataclasses.replace(found, completion=number) for _, found in known],
        )


def _pooled_origin(name: str, specs: Sequence[Spec], origins: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for key in ("decoding", "precision", "prompt", "test_set"):
        values = {json.dumps(origin.get(key)) for origin in origins}
        if len(values) > 1:
            raise UserError(
                f"the answers of {name} differ in their {key}: {', '.join(sorted(values))}; answer again"
            )
    return origins[0] | {
        "name": name,
        "model": f"those of the seeds {', '.join(str(run.seed) for run in specs)}",
        "fingerprint": ", ".join(str(origin.get("fingerprint")) for origin in origins),
    }


def _groups(results: Results) -> dict[str, list[Spec]]:
    """The runs of the main comparison by method and configuration ("lora-chosen"), one per seed."""
    return {
        f"{method}-{label}": [run for run in specs if run.method == method]
        for label, specs in final_specs(results.defaults, results.rate).items()
        for method in METHODS
    }


def _variants(results: Results) -> dict[str, list[Spec]]:
    """The runs of the grid's rows whose answers are compared, by their setting; none that is the chosen one itself."""
    if results.rate is None:
        return {}
    rows = [grid_specs(results.defaults, results.rate, seed) for seed in SEEDS]
    chosen = {run.name for run in _groups(results)["lora-chosen"]}
    found: dict[str, list[Spec]] = {}
    for variant, run in (row for of_seed in rows for row in of_seed):
        if variant.answers and run.name not in chosen:
            found.setdefault(run.setting, []).append(run)
    return found


def pairs(results: Results, there: set[str]) -> list[Pair]:
    """Every comparison whose answers are there; those of one report have one run before."""
    groups, variants = _groups(results), _variants(results)
    names = {} if results.rate is None else _names(results.defaults, results.rate)
    found = []
    for kind, folder in KINDS.items():
        for stem in groups:
            after = f"{stem}{POOL}{kind}"
            found.append(Pair(folder, stem.removesuffix("-chosen"), f"base--{kind}", after))
            found.append(Pair(f"{folder}/{CHAT}", stem.removesuffix("-chosen"), f"base-chat--{kind}", after))
        for label in ("chosen", "default"):
            methods = {stem: specs for stem, specs in groups.items() if stem.endswith(f"-{label}")}
            if methods and (pair := _by_seeds(methods, kind, there)):
                found.append(Pair(f"{folder}/{AGAINST}", "qlora", *pair))
                break
        for setting, specs in variants.items():
            if pair := _by_seeds({"lora-chosen": groups["lora-chosen"], setting: specs}, kind, there):
                found.append(Pair(f"{folder}/{VARIANTS}", names[setting], *pair))
    return [pair for pair in found if {pair.before, pair.after} <= there]


def _names(defaults: Defaults, rate: float) -> dict[str, str]:
    """What the rows of the grid are called, by their setting."""
    rows = grid_specs(defaults, rate)
    return {run.setting: f"{variant.factor}: {variant.label}" for variant, run in rows}


def _by_seeds(two: Mapping[str, Sequence[Spec]], kind: str, there: set[str]) -> tuple[str, str] | None:
    """Two groups' answers to compare: all seeds where both have the same, or else of one seed; None without any."""
    seeds = [[f"{run.name}--{kind}" for run in runs] for runs in zip(*two.values(), strict=True)]
    before, after = (f"{stem}{POOL}{kind}" for stem in two)
    if {before, after} <= there and all(len({*names} & there) != 1 for names in seeds):
        return before, after
    return next(((first, second) for first, second in seeds if {first, second} <= there), None)


def _compare_all(
    wanted: Sequence[Pair], runs: Path, reports: Path, settings: Sequence[str]
) -> Iterable[list[dict[str, Any]]]:
    """Write the reports afresh; the differences in each."""
    by_report: dict[str, list[Pair]] = {}
    for pair in wanted:
        by_report.setdefault(pair.report, []).append(pair)
    for report, members in by_report.items():
        folder = reports / report
        for number, pair in enumerate(members):
            files: list[str | Path] = ["--before_predictions", runs / pair.before / ANSWERS]
            files += ["--after_predictions", runs / pair.after / ANSWERS]
            places: list[str | Path] = ["--output_dir", folder, "--runs_dir", runs, "--name", pair.name]
            fresh = [] if number else ["--fresh"]
            origin = read_origin(runs / pair.before / ANSWERS)
            last = ["--set", "evaluation.examples=0", "--set", f"model.base_model={origin['base_model']}"]
            _call("compare_results.py", *files, *places, *fresh, *settings, *last)
            print(f"compared {pair.after} with {pair.before}", flush=True)
        yield _differences(report, folder / "comparison.json")


def _differences(report: str, path: Path) -> list[dict[str, Any]]:
    comparison = json.loads(path.read_text(encoding="utf-8"))
    return [
        {"report": report, "before": comparison["before"]["name"], "after": name, "metric": metric, **found}
        for name, method in comparison["comparisons"].items()
        for metric, found in method["difference"].items()
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
