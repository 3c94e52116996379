"""Writes the tables of docs/experiments.md between their markers, from the figures in experiments.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.experiment.plan import METHODS, RATE, RATES, SEEDS, Spec, final_specs, grid_specs, spec
from benchmarks.experiment.results import Result, Results
from benchmarks.experiment.scores import AGAINST, CHAT, TEST_SETS
from src.metrics.table import METRICS
from src.report.formatting import method_label, metric_label
from src.schema import UserError
from src.system.files import write_atomic

NONE = "–"  # not measured
NOTHING = "Not measured yet.\n"
TITLES = {
    "codealpaca": "Code Alpaca, test split", "humaneval": "HumanEval", "humanevalplus": "HumanEval+",
    "mbppplus": "MBPP+",
}  # fmt: skip


def write_tables(results: Results, page: Path, grid: Results | None = None) -> None:
    """Put every table between its markers. Raises UserError where a marker is missing on the page.

    `grid` holds the runs of the grid where these were made apart from the others.
    """
    content = page.read_text(encoding="utf-8")
    for name, table in tables(results, grid).items():
        begin, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->"
        if content.count(begin) != 1 or content.count(end) != 1 or content.index(begin) > content.index(end):
            raise UserError(f"{page}: expected {begin.strip()} and then {end}, once each; put them back")
        content = f"{content[: content.index(begin)]}{begin}\n{table}\n{content[content.index(end) :]}"
    write_atomic(page, content)


def tables(results: Results, grid: Results | None = None) -> dict[str, str]:
    """Every table in Markdown, by the name in its markers."""
    return {
        "summary": _summary(results),
        "environment": _environment(results),
        "rates": _rates(results),
        "training": _training(results),
        "curves": _curves(results),
        "grid": _grid(grid or results),
        "scores": _scores(results),
        "against_base": _differences(results, "."),
        "novelty": _novelty(results),
        "against_chat": _differences(results, CHAT),
        "qlora_against_lora": _differences(results, AGAINST),
    }


def spread(values: Sequence[float], form: str) -> str:
    """Mean and, where there is one, the range over the seeds: "1.234 (1.230 to 1.240)"."""
    if not values:
        return NONE
    mean, low, high = (format(value, form) for value in (fmean(values), min(values), max(values)))
    return mean if low == high else f"{mean} ({low} to {high})"


def _environment(results: Results) -> str:
    if not results.runs:
        return NOTHING
    about = results.environment
    shared = sorted({run.side_by_side for run in results.runs.values()})
    versions = ", ".join(f"{name} {version}" for name, version in dict(about["versions"]).items())
    rows = [
        ("Device", str(about["device"])),
        ("Training runs finished", str(len(results.runs))),
        ("Runs side by side on the GPU", ", ".join(map(str, shared))),
        *([("Commit", str(about["commit"]))] if about["commit"] != "unknown" else []),
        ("Versions", versions),
        ("Fingerprint of the data", str(about["data_fingerprint"])),
        ("Fingerprint of the base model", str(about["model_fingerprint"])),
        (
            "Learning rate chosen on validation loss",
            f"{results.rate:g}" if results.rate else "not chosen yet",
        ),
    ]
    return _table(("", ""), rows)


def _rates(results: Results) -> str:
    rows = []
    for rate in RATES:
        runs = _seeds(
            results, Spec("lora", spec(results.defaults, "lora", SEEDS[0], {RATE: rate}).changes, 0)
        )
        mark = " (chosen)" if rate == results.rate else ""
        rows.append((f"{rate:g}{mark}", *_outcome(runs)))
    return _table(("Learning rate", *OUTCOME), rows)


OUTCOME = ("Seeds", "Validation loss, mean (range)", "Best epoch", "Seconds", "Tokens/s")


def _outcome(runs: Sequence[Result]) -> tuple[str, ...]:
    return (
        _seed_names(runs),
        spread([run.validation_loss for run in runs], ".4f"),
        spread([run.best_epoch for run in runs], ".2f"),
        spread([run.seconds for run in runs], ".0f"),
        spread([run.tokens_per_s for run in runs], ",.0f"),
    )


def _training(results: Results) -> str:
    head = ("Configuration", "Method", *OUTCOME, "Peak GiB", "Trained parameters", "On the GPU")
    rows = []
    for label, specs in final_specs(results.defaults, results.rate).items():
        name = label if results.rate is None or label == "default" else f"learning rate {results.rate:g}"
        for method in METHODS:
            wanted = next(run for run in specs if run.method == method)
            for runs, place in (
                (_seeds(results, wanted), "shared"),
                (_seeds(results, wanted, True), "alone"),
            ):
                if runs:
                    rows.append((name, method_label(method), *_outcome(runs), *_size(runs), place))
    return _table(head, rows)


def _size(runs: Sequence[Result]) -> tuple[str, str]:
    return spread([run.peak_gib for run in runs], ".2f"), f"{runs[0].trained_parameters:,}"


def _curves(results: Results) -> str:
    """Validation loss by epoch, the mean over the seeds that were validated there."""
    label, specs = next(iter(final_specs(results.defaults, results.rate).items()))
    columns: dict[str, dict[float, list[float]]] = {}
    for method in METHODS:
        found = columns.setdefault(method, {})
        for run in _seeds(results, next(run for run in specs if run.method == method)):
            for epoch, loss in run.validation_curve:
                found.setdefault(epoch, []).append(loss)
    epochs = sorted({epoch for found in columns.values() for epoch in found})
    rows = [
        (f"{epoch:.2f}", *(spread(columns[method].get(epoch, []), ".4f") for method in METHODS))
        for epoch in epochs
    ]
    return _table(("Epoch", *(f"{method_label(method)}, {label}" for method in METHODS)), rows)


def _grid(results: Results) -> str:
    """One factor at a time; the difference is paired: over the seeds that both settings were trained with."""
    if results.rate is None:
        return NOTHING
    base = spec(results.defaults, "lora", SEEDS[0], {RATE: results.rate})
    before = {run.seed: run.validation_loss for run in _seeds(results, base)}
    rows = [
        ("none: the chosen configuration", "", *_outcome(_seeds(results, base)), NONE, _peak(results, base))
    ]
    for variant, run in grid_specs(results.defaults, results.rate):
        runs = _seeds(results, run)
        if runs and run.setting != base.setting:
            change = [each.validation_loss - before[each.seed] for each in runs if each.seed in before]
            rows.append(
                (variant.factor, variant.label, *_outcome(runs), spread(change, "+.4f"), _peak(results, run))
            )
    return _table(("Factor", "Value", *OUTCOME, "Loss against the first row", "Peak GiB"), rows)


def _peak(results: Results, run: Spec) -> str:
    return spread([each.peak_gib for each in _seeds(results, run)], ".2f")


IN_SHORT = {
    "BLEU": ("codealpaca", "bleu"),
    "Execution success": ("codealpaca", "execution_success"),
    "Functional accuracy": ("codealpaca", "functional_accuracy"),
    "HumanEval, pass@1": ("humaneval", "functional_accuracy"),
}


def _summary(results: Results) -> str:
    """The scores that answer the first question: one row per model, means over its seeds."""
    rows = []
    for name, runs in _models(results).items():
        values = [
            [
                run["metrics"][metric]["value"]
                for run in _scored(results, runs, kind)
                if metric in run["metrics"]
            ]
            for kind, metric in IN_SHORT.values()
        ]
        if any(values):
            rows.append((name, *(f"{fmean(found):.1f}" if found else NONE for found in values)))
    return _table(("Model", *IN_SHORT), rows)


def _models(results: Results) -> dict[str, list[str]]:
    """The runs of each row: those of the base, and each method at each learning rate with all its seeds."""
    rows = {"before": ["base"], "before, in its chat template": ["base-chat"]}
    for label, specs in final_specs(results.defaults, results.rate).items():
        for method in METHODS:
            rows[f"{method_label(method)}, {label}"] = [run.name for run in specs if run.method == method]
    return rows


def _scored(results: Results, runs: Sequence[str], kind: str) -> list[dict[str, Any]]:
    names = [f"{run}--{kind}" for run in runs]
    return [results.scores[name] for name in names if name in results.scores]


def _scores(results: Results) -> str:
    """One row per model and test set: the base's value, and of the fine-tuned the mean and range over seeds."""
    rows = []
    for kind, title in TITLES.items():
        for name, runs in _models(results).items():
            found = _scored(results, runs, kind)
            if found:
                rows.append((title, name, str(len(found)), str(found[0]["n"]), *_values(found), _cut(found)))
    labels = tuple(metric.label for metric in METRICS.values() if not metric.beside)
    return _table(("Test set", "Model", "Models", "Samples", *labels, "Cut off at the length limit"), rows)


def _values(found: Sequence[dict[str, Any]]) -> Iterable[str]:
    for metric in (name for name, entry in METRICS.items() if not entry.beside):
        values = [run["metrics"][metric]["value"] for run in found if metric in run["metrics"]]
        yield spread([value for value in values if value is not None], ".1f")


def _cut(found: Sequence[dict[str, Any]]) -> str:
    return spread([run["outcomes"].get("flags", {}).get("truncated", 0) for run in found], ".0f")


def _differences(results: Results, folder: str) -> str:
    rows = []
    for kind, title in TITLES.items():
        top = TEST_SETS[kind]
        report = top if folder == "." else f"{top}/{folder}"
        for found in results.differences:
            if found["report"] == report and not found["band"]:
                p = (f"{found['p_value']:.2g}", f"{found['p_holm']:.2g}")
                rows.append((title, method_label(found["after"]), *_difference(found), *p))
    head = ("Test set", "After", "Metric", "Samples", "Difference", "95 % interval", "p", "p (Holm)")
    return _table(head, rows)


def _novelty(results: Results) -> str:
    """What the test split gains by likeness to the nearest training answer."""
    rows = [
        (method_label(found["after"]), found["band"], *_difference(found))
        for found in results.differences
        if found["report"] == TEST_SETS["codealpaca"] and found["band"]
    ]
    head = ("After", "Nearest training answer", "Metric", "Samples", "Difference", "95 % interval")
    return _table(head, sorted(rows, key=lambda row: (row[0], row[2])))


def _difference(found: dict[str, Any]) -> tuple[str, ...]:
    low, high = found["ci95"]
    figures = f"{found['delta']:+.1f}", f"{low:+.1f} to {high:+.1f}"
    return metric_label(found["metric"]), str(found["n"]), *figures


def _seeds(results: Results, run: Spec, alone: bool = False) -> list[Result]:
    """The finished runs of a setting, by seed."""
    runs = (results.alone if alone else results.runs).values()
    return sorted((found for found in runs if found.setting == run.setting), key=lambda found: found.seed)


def _seed_names(runs: Sequence[Result]) -> str:
    return ", ".join(str(run.seed) for run in runs) or NONE


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return NOTHING
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
