"""The experiments: which runs are wanted, what is kept when they are cut off, and what the tables say."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.experiment import in_turn, plan
from benchmarks.experiment.results import FILE, GRID, Result, Results, load_results, save_results
from benchmarks.experiment.run import Training, arguments
from benchmarks.experiment.scores import REPORT_SOURCE, Pair, pairs, quotations
from benchmarks.experiment.side_by_side import Ended, Job, run_side_by_side
from benchmarks.experiment.tables import spread, tables, write_tables
from src.config import load_config
from src.schema import Sample, UserError
from tests import tiny

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "experiments.md"
# Whatever config.yaml says: these tests name runs by what differs from it.
PINNED = [
    "training.learning_rate=2e-4", "training.batch_size=32", "training.num_train_epochs=3", "lora.r=16",
    "lora.lora_alpha=32", "lora.lora_dropout=0.05", "lora.target_modules=auto",
]  # fmt: skip
DEFAULTS = plan.flat(load_config(overrides=PINNED))
SWEEP = [run.name for run in plan.sweep(DEFAULTS)]
SCORING_PACKAGES = ("tree_sitter", "sacrebleu", "magika", "datasets", "matplotlib", "pygments")


def swept(*losses: float | None) -> dict[str, float | None]:
    """The sweep's losses, in the order of its rates."""
    return dict(zip(SWEEP, losses, strict=True))


def result(run: plan.Spec, loss: float) -> Result:
    return Result(
        name=run.name, setting=run.setting, seed=run.seed, validation_loss=loss, best_step=100, best_epoch=0.78,
        steps=385, seconds=50.0, wall_s=70.0, tokens_per_s=40_000.0, tokens=2_000_000, peak_gib=5.5,
        trained_parameters=1_843_200, pack_tokens=8192, attention="varlen", checkpointing=False, side_by_side=6,
        validation_curve=((0.39, loss + 0.1), (0.78, loss)), training_curve=((0.1, 2.0),),
    )  # fmt: skip


def results(*runs: Result, **more: Any) -> Results:
    about = {"device": "a GPU", "commit": "abc", "versions": {"torch": "2"}}
    prints = {"data_fingerprint": "d", "model_fingerprint": "m", "hardware": {}}
    return Results(DEFAULTS, about | prints, {run.name: run for run in runs}, **more)


def test_the_sweep_comes_first_and_needs_no_choice():
    names = [run.name for run in plan.wanted(DEFAULTS, {})]
    assert names[: len(SWEEP)] == SWEEP
    assert {"lora-default-seed_44", "qlora-default-seed_42"} <= set(names)
    assert not any("r_8" in name for name in names)  # the grid waits for the rate


@pytest.mark.parametrize(
    ("losses", "rate"),
    [
        ((1.5, 1.4, 1.3, 1.2, 1.25), 1e-3),
        ((1.5, 1.4, 1.3, None, 1.35), 5e-4),  # a failed run is passed over
        ((1.2, 1.2, 1.3, 1.4, 1.5), 1e-4),  # the smaller of equals
    ],
)
def test_the_rate_of_the_lowest_validation_loss_is_chosen(losses: tuple[float | None, ...], rate: float):
    assert plan.best_rate(DEFAULTS, swept(*losses)) == rate


def test_no_rate_is_chosen_before_the_sweep_has_ended():
    assert plan.best_rate(DEFAULTS, dict.fromkeys(SWEEP[1:], 1.0)) is None
    with pytest.raises(UserError, match="every run"):
        plan.best_rate(DEFAULTS, dict.fromkeys(SWEEP))


def test_every_run_is_planned_once_and_a_change_to_the_default_is_none():
    losses = swept(5, 4, 3, 2, 1)
    while pending := [run for run in plan.wanted(DEFAULTS, losses) if run.name not in losses]:
        losses[pending[0].name] = 2.0 + len(losses) / 1000
    names = [run.name for run in plan.wanted(DEFAULTS, losses)]
    assert len(names) == len(set(names)) > 40
    rank = DEFAULTS["lora.r"]
    assert not any(f"-r_{rank}-" in name for name in names)
    assert plan.spec(DEFAULTS, "lora", 42, {"lora.r": rank}).name == "lora-default-seed_42"


def test_the_configuration_takes_every_planned_run():
    runs = plan.wanted(DEFAULTS, swept(5, 4, 3, 2, 1))
    assert len(runs) > 25
    for run in runs:
        config = load_config(overrides=[*PINNED, *plan.overrides(run, DEFAULTS)])
        assert config.training.seed == run.seed
        found = plan.flat(config)
        assert {key: found[key] for key, _ in run.changes} == dict(run.changes)


def test_validation_comes_after_equally_many_samples_whatever_the_batch():
    for size in (8, 16, 64):
        run = plan.spec(DEFAULTS, "lora", 42, {plan.BATCH: size})
        training = load_config(overrides=[*PINNED, *plan.overrides(run, DEFAULTS)]).training
        default = load_config(overrides=PINNED).training
        assert training.eval_steps * size == default.eval_steps * default.batch_size
        assert training.save_steps == training.eval_steps


def test_other_seeds_of_the_grid_begin_with_the_lowest_loss():
    losses = swept(5, 4, 3, 2, 1)
    rows = plan.grid_specs(DEFAULTS, 2e-3)
    losses |= {run.name: 2.0 for _, run in rows if run.name not in losses}
    best = next(run for variant, run in rows if variant.label == "all-linear")
    losses[best.name] = 0.5
    names = [run.name for run in plan.wanted(DEFAULTS, losses)]
    again = names[len(names) - names[::-1].index(rows[-1][1].name) :]
    assert again[0] == dataclasses.replace(best, seed=43).name
    assert {name[-2:] for name in again} == {"43", "44"}


@pytest.mark.parametrize("rate", [None, 2e-4, 1e-3])
def test_the_main_comparison_has_every_method_and_seed_once(rate: float | None):
    final = plan.final_specs(DEFAULTS | {plan.RATE: 2e-4}, rate)
    assert set(final) == {None: {"default"}, 2e-4: {"chosen"}, 1e-3: {"chosen", "default"}}[rate]
    for runs in final.values():
        assert len({run.name for run in runs}) == len(runs) == 6


def job(name: str, folder: Path, code: str) -> Job:
    return Job(name, [sys.executable, "-S", "-c", code], folder / f"{name}.log", folder)


def run_jobs(jobs: list[Job], at_once: int, seconds: float) -> tuple[bool, list[Ended]]:
    waiting, ended = iter(jobs), []
    complete = run_side_by_side(
        lambda: next(waiting, None), at_once, time.monotonic() + seconds, ended.append
    )
    return complete, ended


def test_children_run_side_by_side_and_it_is_known_how_each_ended(tmp_path: Path):
    wait = "import pathlib,time\npathlib.Path('{me}').touch()\nwhile not pathlib.Path('{other}').exists(): time.sleep(.01)"
    jobs = [
        job("a", tmp_path, wait.format(me="a", other="b")),
        job("b", tmp_path, wait.format(me="b", other="a")),
        job("c", tmp_path, "import sys; sys.exit('no disk')"),
    ]
    complete, ended = run_jobs(jobs, 2, 60)
    assert complete
    assert {(end.job.name, end.code) for end in ended} == {("a", 0), ("b", 0), ("c", 1)}
    assert ended[-1].last_words == "no disk"
    assert not ended[-1].stopped


def test_at_the_end_of_the_time_children_are_stopped_and_none_is_left(tmp_path: Path):
    code = "import signal,sys,time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\nprint('ready', flush=True)\ntime.sleep(99)"
    complete, ended = run_jobs([job("a", tmp_path, code), job("b", tmp_path, "")], 1, 1.5)
    assert not complete
    assert [(end.job.name, end.code, end.stopped) for end in ended] == [("a", 143, True)]


def test_results_are_read_as_they_were_written(tmp_path: Path):
    path = tmp_path / "experiments.json"
    assert load_results(path) is None
    run = plan.sweep(DEFAULTS)[0]
    saved = results(result(run, 1.25), rate=1e-3, alone={run.name: result(run, 1.2)})
    save_results(saved, path)
    found = load_results(path)
    assert found is not None
    assert found.losses == {run.name: 1.25}
    again = tmp_path / "again.json"
    save_results(found, again)
    assert again.read_text() == path.read_text()
    path.write_text('{"schema": 1}')
    with pytest.raises(UserError, match="no results"):
        load_results(path)


def training(folder: Path, *words: str) -> Training:
    for name in ("model", "data"):
        (folder / name).mkdir(exist_ok=True)
    given = ["train", "--work", str(folder / "work"), "--model", str(folder / "model")]
    sets = [word for item in PINNED for word in ("--set", item)]
    args = arguments().parse_args([*given, "--data", str(folder / "data"), *sets, *words])
    return Training(args)


def started(call: Training, count: int) -> list[str]:
    return [job.name for _ in range(count) if (job := call.next_job()) is not None]


def test_a_call_continues_where_the_last_was_cut_off(tmp_path: Path):
    runs = plan.sweep(DEFAULTS)
    found = results(*(result(run, 2.0 - number / 10) for number, run in enumerate(runs)), rate=2e-3)
    save_results(found, tmp_path / "work" / "experiments.json")
    chosen, default = runs[-1].name, runs[1].name
    # figures of these are there, but not the adapters that are to answer
    assert started(training(tmp_path), 2) == [default, chosen]
    for name in (chosen, default):
        final = tmp_path / "work" / name / "lora" / "final"
        final.mkdir(parents=True)
        (final / "adapter_model.safetensors").touch()
    first = training(tmp_path)
    names = started(first, 200)
    assert names[0] == chosen.replace("42", "43")
    assert len(names) == len(set(names))
    assert not set(names) & set(SWEEP)

    log = tmp_path / "log"
    log.write_text("error: out of memory\n")
    stopped, failed = (dataclasses.replace(job("x", tmp_path, ""), name=name, log=log) for name in names[:2])
    first.ended(Ended(stopped, 143, 1.0))
    first.ended(Ended(failed, 2, 1.0))
    assert first.failed == {names[1]}
    assert started(training(tmp_path), 2) == names[:2]  # both are tried again by the next call
    assert started(training(tmp_path, "--only", "qlora-default-*"), 9) == [
        f"qlora-default-seed_{seed}" for seed in plan.SEEDS
    ]


def test_a_failed_run_of_the_sweep_does_not_hold_up_the_rest(tmp_path: Path):
    call = training(tmp_path)
    names = started(call, 5)
    assert names == SWEEP
    log = tmp_path / "log"
    log.write_text("error: no\n")
    call.results = results(*(result(call.started[name], 1.5) for name in names[1:]))
    call.ended(Ended(dataclasses.replace(job("x", tmp_path, ""), name=names[0], log=log), 2, 1.0))
    assert plan.best_rate(DEFAULTS, call.results.losses | dict.fromkeys(call.failed)) == 2e-4


def test_results_of_other_settings_are_not_mixed(tmp_path: Path):
    save_results(results(), tmp_path / "work" / "experiments.json")
    with pytest.raises(UserError, match="other settings"):
        training(tmp_path, "--set", "lora.r=4")


@pytest.mark.parametrize(
    ("values", "text"),
    [((), "–"), ((1.25,), "1.25"), ((1.0, 2.0, 6.0), "3.00 (1.00 to 6.00)"), ((2.0, 2.001), "2.00")],
)
def test_a_cell_is_the_mean_and_the_range_over_seeds(values: tuple[float, ...], text: str):
    assert spread(values, ".2f") == text


def test_the_tables_pair_differences_by_seed_and_mark_the_choice():
    base = [plan.spec(DEFAULTS, "lora", seed, {plan.RATE: 1e-3}) for seed in plan.SEEDS]
    wide = [
        plan.spec(DEFAULTS, "lora", seed, {plan.RATE: 1e-3, "lora.target_modules": "all-linear"})
        for seed in plan.SEEDS[:2]
    ]
    runs = [result(run, loss) for run, loss in zip([*base, *wide], (1.0, 1.2, 1.4, 0.9, 1.3), strict=True)]
    shown = tables(results(*runs, rate=1e-3))
    assert tables(results(), results(*runs, rate=1e-3))["grid"] == shown["grid"]  # made apart from the others
    row = next(line for line in shown["grid"].splitlines() if "all-linear" in line)
    assert "| 42, 43 | 1.1000 (0.9000 to 1.3000) |" in row
    assert "| +0.0000 (-0.1000 to +0.1000) |" in row  # 0.9 - 1.0 and 1.3 - 1.2
    assert "| 0.001 (chosen) | 42, 43, 44 | 1.2000 (1.0000 to 1.4000) |" in shown["rates"]
    assert "| 0.0001 | – | – |" in shown["rates"]
    assert "| 0.78 | 1.2000 (1.0000 to 1.4000) | – |" in shown["curves"]


def test_what_was_cut_off_makes_tables_too(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    before = page.read_text(encoding="utf-8").count("<!-- ")
    for part in (results(), results(result(plan.sweep(DEFAULTS)[1], 1.5))):
        write_tables(part, page)
        write_tables(part, page)
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- ") == before == 2 * len(tables(results()))
    assert text.count("1.5000") == 3  # the sweep's row, the default's and its curve
    page.write_text(text.replace("<!-- end: grid -->", ""), encoding="utf-8")
    with pytest.raises(UserError, match="end: grid"):
        write_tables(results(), page)


def test_the_page_shows_the_committed_results(tmp_path: Path):
    results, grid = (load_results(ROOT / "reports" / "code_alpaca" / name) for name in (FILE, GRID))
    assert results is not None
    assert grid is not None
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    write_tables(results, page, grid)
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    assert (len(results.runs), len(grid.runs)) == (15, 45)


def test_scores_and_differences_stand_in_their_tables():
    lora = plan.spec(DEFAULTS, "lora", 42, {plan.RATE: 1e-3})
    figures = {"n": 202, "metrics": {"bleu": {"value": 40.0}}, "outcomes": {"flags": {"truncated": 3}}}
    scores = {
        "base--codealpaca": figures | {"metrics": {"bleu": {"value": 7.5}}},
        f"{lora.name}--codealpaca": figures,
    }
    difference = {
        "report": "./qlora_against_lora", "after": "qlora", "band": "", "metric": "bleu", "delta": -0.5,
        "ci95": [-1.5, 0.5], "p_value": 0.4, "p_holm": 0.8, "n": 202,
    }  # fmt: skip
    unlike = difference | {"report": ".", "band": "under 65 %", "delta": 0.25, "n": 59, "p_holm": None}
    differences = [difference, unlike]
    shown = tables(results(result(lora, 1.0), rate=1e-3, scores=scores, differences=differences))
    assert re.search(r"\| before \| 1 \| 202 \|.* 7\.5 \|", shown["scores"])
    assert re.search(r"\| LoRA, chosen \| 1 \| 202 \|.* 40\.0 \|", shown["scores"])
    assert "| QLoRA | BLEU | 202 | -0.5 | -1.5 to +0.5 | 0.4 | 0.8 |" in shown["qlora_against_lora"]
    assert "-0.5" not in shown["against_base"] + shown["novelty"]
    assert "| QLoRA | under 65 % | BLEU | 59 | +0.2 | -1.5 to +0.5 |" in shown["novelty"]
    assert "under 65" not in shown["against_base"] + shown["qlora_against_lora"]


def test_pairs_are_made_of_the_answers_that_are_there():
    lora, qlora = (
        [f"{run}-learning_rate_0.001-seed_{seed}--mbppplus" for seed in (42, 43)] for run in plan.METHODS
    )
    there = {"base--mbppplus", *lora, *qlora, "lora-default-seed_44--humaneval"}
    assert pairs(results(rate=1e-3), there) == [
        Pair("mbppplus", "lora", ("base--mbppplus",), tuple(lora)),
        Pair("mbppplus", "qlora", ("base--mbppplus",), tuple(qlora)),
        Pair("mbppplus/qlora_against_lora", "qlora", tuple(lora), tuple(qlora)),
    ]


def test_methods_are_compared_at_the_default_rate_where_the_chosen_has_no_answers():
    there = {"lora-default-seed_42--codealpaca", "qlora-default-seed_43--codealpaca"}
    assert pairs(results(rate=1e-3), there) == [
        Pair("./qlora_against_lora", "qlora", *((name,) for name in sorted(there)))
    ]


def test_the_calls_of_one_process_are_told_apart():
    assert [*in_turn.calls(["--and", "a", "b", "--and", "c"])] == [["a", "b"], ["c"]]


SECRET = 'print("a line of data that nobody may pass on <b>")'


@pytest.mark.parametrize("name", ["comparison.md", "comparison.json", "comparison.html"])
def test_a_line_of_a_sample_in_a_report_is_found(tmp_path: Path, name: str):
    samples = [Sample("id7", "Short.", "", f"x = 1\n    {SECRET}\n", "", "python")]
    escaped = {
        "comparison.md": SECRET,
        "comparison.json": json.dumps({"text": f"x\n    {SECRET}"}),
        "comparison.html": SECRET.replace('"', "&quot;").replace("<", "&lt;"),
    }
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_text(f"before {escaped[name]} after", encoding="utf-8")
    assert quotations(tmp_path, samples) == [f"{tmp_path / 'sub' / name} quotes id7"]
    (tmp_path / "sub" / name).write_text("id7 Short. x = 1", encoding="utf-8")
    assert quotations(tmp_path, samples) == []


def test_what_the_report_writer_itself_says_is_no_quotation(tmp_path: Path):
    page = (REPORT_SOURCE / "page" / "page.html").read_text(encoding="utf-8")
    own = next(line.strip() for line in page.splitlines() if len(line.strip()) > 30)
    (tmp_path / "comparison.html").write_text(own, encoding="utf-8")
    sample = Sample("id7", "Write a page.", "", own, "", "html")
    assert quotations(tmp_path, [sample]) == []
    (tmp_path / "comparison.html").write_text(f"{own}\n{SECRET}", encoding="utf-8")
    assert len(quotations(tmp_path, [dataclasses.replace(sample, prediction=SECRET)])) == 1


def experiment(phase: str, folder: Path, *words: str | Path, **variables: str) -> str:
    """What a phase prints, on two training steps of a tiny model."""
    changes = ("training.max_steps=2", "training.eval_steps=1", "training.save_steps=1")
    command = [sys.executable, "-m", "benchmarks.experiment.run", phase, "--work", str(folder / "work")]
    command += ["--reports", str(folder / "reports"), "--page", str(folder / "page.md"), *map(str, words)]
    done = subprocess.run(
        [*command, *tiny.flags("none", folder / "data", folder, *changes)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, env=os.environ | {"OMP_NUM_THREADS": "1"} | variables,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.campaign
def test_one_run_goes_through_all_phases_and_answers_need_no_scoring_package(
    tmp_path: Path, tiny_model: Path, tiny_data: Path
):
    (tmp_path / "page.md").write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in SCORING_PACKAGES)]
    (blocked / "sitecustomize.py").write_text("\n".join(lines))
    given = ["--model", tiny_model, "--data", tiny_data, "--jobs", "2", "--minutes", "4"]
    name = "lora-default-seed_42"

    assert f"{name}: validation loss" in experiment("train", tmp_path, *given, "--only", name)
    assert f"{name}: validation loss" not in experiment("train", tmp_path, *given, "--only", name)
    work = tmp_path / "work"
    assert not [*(work / name / "lora").glob("checkpoint-*")]

    bundle = tmp_path / "figures.tar.gz"
    answered = experiment("answer", tmp_path, *given, "--bundle", bundle, PYTHONPATH=str(blocked))
    assert "next: score" in answered
    assert "answered in" not in experiment("answer", tmp_path, *given)  # they are there
    with tarfile.open(bundle) as archive:
        assert f"answers/runs/{name}--codealpaca/origin.json" in archive.getnames()
        archive.extractall(tmp_path / "elsewhere", filter="data")
    shutil.rmtree(work)
    (tmp_path / "elsewhere").rename(work)  # as on a machine that has neither model nor adapters

    assert "no text of" in experiment("score", tmp_path, "--data", tiny_data)
    assert "tables of 1 runs" in experiment("table", tmp_path)
    comparison = json.loads((tmp_path / "reports" / "comparison.json").read_text())
    after = comparison["comparisons"]["lora-default"]["after"]["provenance"]
    assert after["precision"] == "float32, adapter merged"
    assert after["generated"]["commit"] == after["commit"]
    assert after["base_model"] == f"model/{tiny_model.name}"
    assert name in (work / "experiments.json").read_text()
    page = (tmp_path / "page.md").read_text()
    assert "| LoRA, default | 1 |" in page
    assert "| lora-default | 80 % and more |" in page or "| lora-default | under 50 % |" in page
    assert "| Code Alpaca, test split | lora-default | BLEU |" in page
