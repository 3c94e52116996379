"""A script's last line, copied into the shell, continues with the same model, data and settings."""

from __future__ import annotations

import importlib.util
import io
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

from src import cli
from src.config import load_config
from src.evaluation import cli as evaluation
from src.schema import Run
from tests import tiny

ROOT = Path(__file__).resolve().parents[1]


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"followed_{name[:-3]}", ROOT / name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _words(line: str) -> tuple[str, list[str]]:
    """Script and flags of a `next:` line."""
    python, script, *flags = shlex.split(line.removeprefix("next: "))
    assert python == "python"
    return script, flags


def test_each_line_leads_to_the_next_script_on_the_same_settings(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)  # where the default --output_dir lies
    monkeypatch.setattr(sys, "stdin", io.StringIO("Print 3.\n"))
    output = tmp_path / "with spaces"  # a folder that the shell would take apart
    flags = tiny.flags(tiny_model, tiny_data, output, "training.max_steps=2", "evaluation.num_samples=2")
    line = "next: " + shlex.join(["python", "evaluate.py", "--model_path", str(tiny_model), *flags])
    walked = []
    while line.startswith("next: "):
        script, given = _words(line)
        walked.append(script)
        assert len(walked) < 9, walked
        module = _script(script)
        args = module.arguments().parse_args(given)
        assert args.overrides == flags[1::2]
        module.main(args)
        line = capsys.readouterr().out.splitlines()[-1]
    assert walked == [
        "evaluate.py", "train_lora.py", "evaluate.py", "compare_results.py", "inference.py",
    ]  # fmt: skip
    assert (tmp_path / "reports" / "comparison.md").exists()
    assert (
        len(list((tmp_path / "reports" / "runs").iterdir())) == 2
    )  # the answers of the first step are used again


def test_a_dry_run_ends_with_the_command_that_trains(tiny_model, tiny_data, tmp_path: Path, capsys):
    flags = tiny.flags(tiny_model, tiny_data, tmp_path)
    for script in ("train_lora.py", "train_qlora.py"):
        module = _script(script)
        module.main(module.arguments().parse_args(["--dry_run", "--base_model", str(tiny_model), *flags]))
        line = capsys.readouterr().out.splitlines()[-1]
        assert _words(line) == (script, [*flags, "--base_model", str(tiny_model)])


def test_merging_ends_with_the_command_that_prompts_the_merged_model(
    tiny_model, tiny_data, tiny_adapter, tmp_path: Path, capsys
):
    flags = tiny.flags(tiny_model, tiny_data, tmp_path)
    module = _script("inference.py")
    merged = tmp_path / "merged"
    module.main(
        module.arguments().parse_args(["--model_path", str(tiny_adapter), "--merge_to", str(merged), *flags])
    )
    written, line = capsys.readouterr().out.splitlines()[-2:]
    assert written.startswith(f"wrote {merged} in float32")
    assert _words(line) == ("inference.py", [*flags, "--model_path", str(merged)])


EVALUATED = [  # flags of evaluate.py, the base that the run names, script and flags that come next
    (["--model_path", "a/final"], "base", "compare_results.py --before_model base --after_model a/final"),
    (
        "--model_path a/final --benchmark mbpp --benchmark_path m.jsonl --num_samples 0".split(),
        "base",
        "compare_results.py --before_model base --after_model a/final --num_samples 0 --benchmark mbpp "
        "--benchmark_path m.jsonl",
    ),
    (
        ["--model_path", "a/final", "--base_model", "mine", "--num_completions", "5", "--temperature", "0.8"],
        "mine",
        "compare_results.py --before_model mine --after_model a/final --base_model mine --num_completions 5 "
        "--temperature 0.8",
    ),
    (
        ["--model_path", "a/final", "--output_dir", "out", "--allow_unsandboxed"],
        "base",
        "compare_results.py --before_model base --after_model a/final --allow_unsandboxed --output_dir out "
        "--runs_dir out/runs",
    ),
    (
        ["--model_path", "base", "--config", "my.yaml"],
        "base",
        "train_lora.py --config my.yaml --base_model base",
    ),
]


@pytest.mark.parametrize(("given", "base", "expected"), EVALUATED)
def test_the_comparison_repeats_the_settings_of_the_evaluation(given: list[str], base: str, expected: str):
    args = _script("evaluate.py").arguments().parse_args(given)
    run = Run("name", 1, {}, {}, {}, {"base_model": base})
    config = load_config(overrides=["training.output_dir=/no/such/folder"])
    script, flags = _words(evaluation.after_evaluation(args, config, run))
    assert shlex.join([script, *flags]) == expected
    _script(script).arguments().parse_args(flags)


def test_predictions_lead_to_a_comparison_with_another_file():
    args = _script("evaluate.py").arguments().parse_args(["--predictions", "p.jsonl", "--output_dir", "out"])
    said = evaluation.after_evaluation(args, load_config(), Run("name", 1, {}, {}, {}, {}))
    assert said.startswith(
        "to compare with another file: python compare_results.py --before_predictions p.jsonl"
    )
    assert said.endswith("--after_predictions FILE --output_dir out --runs_dir out/runs")
    compared = _script("compare_results.py").arguments()
    args = compared.parse_args(["--before_predictions", "a", "--after_predictions", "b"])
    assert evaluation.after_comparison(args) == "next: read reports/comparison.md"


def test_settings_and_flags_are_quoted_for_the_shell():
    args = cli.parser("test").parse_args(["--config", "my file.yaml", "--set", "lora.target_modules=[q, k]"])
    line = cli.next_command("evaluate.py", args, "--model_path", "a b")
    assert shlex.split(line) == [
        "python", "evaluate.py", "--config", "my file.yaml", "--set", "lora.target_modules=[q, k]",
        "--model_path", "a b",
    ]  # fmt: skip
