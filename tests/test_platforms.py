"""Where there is no Linux: every script runs, what cannot be measured is named, and every pin has a build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.evaluation.answers import RunRequest, answer
from src.evaluation.benchmarks.test_set import load_test_set
from src.evaluation.predictions import ANSWERS
from src.training.trainer import fine_tune
from tests import forked, tiny

ROOT = Path(__file__).resolve().parents[1]
WINDOWS_LIKE = ROOT / "tests" / "windows_like"
FORBIDDEN = set('<>:"|?*\\')  # in names of files on Windows


def run_on_windows(calls: list[list[str]]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(WINDOWS_LIKE / "run_scripts.py"), json.dumps(calls)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{WINDOWS_LIKE}{os.pathsep}{ROOT}"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_every_script_runs_without_what_windows_lacks(tmp_path: Path, tiny_model: Path):
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in tiny.rows()), encoding="utf-8")
    checkpoints, reports, merged = tmp_path / "checkpoints", tmp_path / "reports", tmp_path / "merged"
    flags = tiny.flags(tiny_model, tmp_path / "data", checkpoints, "training.max_steps=2")
    shares = ("--set", "data.validation_fraction=0.15", "--set", "data.test_fraction=0.15")
    lora, qlora = (str(checkpoints / name / "final") for name in ("lora", "qlora"))
    done = run_on_windows(
        [
            ["download_data.py", "--source", "file", "--path", str(source), *flags, *shares],
            ["train_lora.py", *flags],
            ["train_qlora.py", *flags],
            ["evaluate.py", "--model_path", lora, "--output_dir", str(reports), *flags],
            ["inference.py", "--model_path", lora, "--instruction", "Print 1.", "--max_new_tokens", "4", *flags],
            ["inference.py", "--model_path", lora, "--merge_to", str(merged), *flags],
            [
                "compare_results.py", "--before_model", str(tiny_model), "--after_model", qlora,
                "--output_dir", str(reports), "--runs_dir", str(reports / "runs"), *flags,
            ],
        ],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "execution metrics: not run: needs Linux (WSL2, Docker)\n" in done.stderr
    assert (merged / "config.json").is_file()
    compared = json.loads((reports / "comparison.json").read_text(encoding="utf-8"))
    metrics = compared["before"]["metrics"]
    assert (metrics["bleu"]["coverage"], metrics["bleu"]["n"]) == (1, 4)
    assert metrics["codebleu"]["value"] is not None
    for name in ("execution_success", "functional_accuracy"):
        assert (metrics[name]["value"], metrics[name]["coverage"]) == (None, 0), name
    made = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert len(made) > 30
    assert not [path for path in made if FORBIDDEN & set(path.as_posix()) or path.name.endswith((".", " "))]
    assert not [path for path in made if path.name.endswith((".lock", ".tmp"))]


def test_running_programs_without_a_sandbox_is_refused_there(tmp_path: Path):
    answers = tmp_path / "answers.jsonl"
    row = {
        "id": "1",
        "instruction": "Print 1.",
        "input": "",
        "reference": "print(1)",
        "prediction": "print(1)",
    }
    answers.write_text(json.dumps(row), encoding="utf-8")
    done = run_on_windows(
        [
            [
                "evaluate.py", "--predictions", str(answers), "--output_dir", str(tmp_path),
                "--allow_unsandboxed",
            ]
        ],
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.endswith(
        "error: --allow_unsandboxed needs Linux (WSL2, Docker) too: leave it out for the other metrics\n"
    )


def test_on_an_apple_gpu_scripts_give_what_the_cpu_gives(tmp_path: Path, tiny_model: Path, tiny_data: Path):
    checkpoints, reports = tmp_path / "checkpoints", tmp_path / "reports"
    flags = tiny.flags(tiny_model, tiny_data, checkpoints, "training.max_steps=2", "model.device=auto")
    final = checkpoints / "lora" / "final"
    answers = [
        "evaluate.py",
        "--model_path",
        str(final),
        "--output_dir",
        str(reports),
        "--generate_only",
        *flags,
    ]
    calls = [
        ["train_lora.py", *flags],
        ["rm", str(final)],
        ["train_lora.py", "--resume", *flags],
        ["train_qlora.py", "--dry_run", *flags],
        [*answers, "--name", "greedy"],
        [*answers, "--name", "sampled", "--temperature", "0.7"],
        ["inference.py", "--model_path", str(final), "--instruction", "Print 1.", "--max_new_tokens", "4", *flags],
    ]  # fmt: skip
    done = forked.run([ROOT / "tests" / "apple_gpu.py", json.dumps(calls)])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "working on the CPU: a base in 4 or 8 bits was never tried on an Apple GPU" in done.stderr
    record = json.loads((final / "run.json").read_text(encoding="utf-8"))
    assert record["provenance"]["device"] == "Apple M0 (GPU)"
    metrics = record["metrics"]
    assert (metrics["attention"], metrics["cuda_graphs"], metrics["peak_gib"]) == ("sdpa_by_sample", False, 1)
    on_cpu = tiny.config(tiny_model, tiny_data, tmp_path / "cpu", "training.max_steps=2")
    trained = fine_tune(on_cpu, "lora")
    assert metrics["validation_loss"] == pytest.approx(trained.metrics["validation_loss"], abs=1e-4)
    answer(RunRequest(str(final), None, load_test_set(on_cpu), on_cpu, tmp_path / "runs", "on_cpu"))
    greedy, expected = reports / "runs" / "greedy" / ANSWERS, tmp_path / "runs" / "on_cpu" / ANSWERS
    assert greedy.read_text(encoding="utf-8") == expected.read_text(encoding="utf-8")
