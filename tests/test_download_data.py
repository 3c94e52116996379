"""download_data.py as a user runs it: what it prints, what it writes, how it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

import download_data
from src import cli
from tests.data.preparing import row, rows, write_jsonl

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Call the script in this process; gives exit code, stdout and stderr."""

    def call(*words):
        monkeypatch.setattr(
            sys, "argv", ["download_data.py", "--set", f"data.dataset_path={tmp_path / 'set'}", *words]
        )
        code = 0
        try:
            cli.run(download_data.main, download_data.arguments())
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_it_says_what_it_wrote_what_it_left_out_and_what_comes_next(run, tmp_path):
    source = write_jsonl(tmp_path / "rows.jsonl", [*rows(200), row(1), {"instruction": "a"}])
    code, out, _ = run("--source", "file", "--path", source)
    assert code == 0
    assert "200 of 202 rows kept, fingerprint " in out
    assert "left out: 1 copy of an earlier row (line 201)" in out
    assert "left out: 1 output missing (line 202)" in out
    assert "wrote train.jsonl, validation.jsonl, test.jsonl, card.json, data_card.md, data_card.png" in out
    assert out.splitlines()[-1] == f"next: python train_lora.py --set data.dataset_path={tmp_path / 'set'}"
    for name in (
        "train.jsonl",
        "validation.jsonl",
        "test.jsonl",
        "card.json",
        "data_card.md",
        "data_card.png",
    ):
        assert (tmp_path / "set" / name).is_file()


def test_stats_prints_the_card_and_prepares_nothing(run, tmp_path):
    code, out, err = run("--stats")
    assert code == 2
    assert "Run python download_data.py --set" in err
    run("--source", "starter")
    code, out, _ = run("--stats")
    assert code == 0
    assert out == (tmp_path / "set" / "data_card.md").read_text()


def test_overlap_with_humaneval_is_reported_and_removed(run, tmp_path):
    from src.evaluation.benchmarks.catalog import load_benchmark

    task = load_benchmark("humaneval")[0]
    leak = {"instruction": "Solve this", "input": task.prefix, "output": task.prefix + task.output}
    source = write_jsonl(tmp_path / "rows.jsonl", [*rows(200), leak])
    words = ["--path", source, "--benchmark", "humaneval", "--set", "data.test_fraction=0.03"]
    code, out, _ = run(*words)
    assert code == 0
    assert (
        "n-grams or near-duplicates shared with humaneval: 1 training rows; data.remove_contamination=true drops them"
        in out
    )
    code, out, _ = run(*words, "--set", "data.remove_contamination=true")
    assert "shared with humaneval: 1 training rows (removed)" in out
    assert "200 of 201 rows kept" in out


def test_tokens_are_counted_with_the_models_tokenizer(run, tmp_path, tiny_model):
    words = ["--source", "starter", "--set", f"model.base_model={tiny_model}", "--count_tokens"]
    assert run(*words)[0] == 0
    assert "whole sample, tokens of" in run("--stats")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--source", "file"], "--source file needs --path FILE or data.paths"),
        (["--source", "starter", "--path", "a.json"], "--path goes with --source file"),
        (["--path", "missing.json"], "no data file missing.json; check --path"),
        (["--benchmark_path", "x.jsonl"], "--benchmark_path needs --benchmark"),
        (["--set", "data.test_fraction=0.9"], "data.test_fraction must be a number from 0 to 0.5"),
        (["--set", "data.paths=3"], "data.paths must be a list of texts"),
        (["--set", "data.path=x"], "did you mean data.paths?"),
        (["--source", "nowhere"], "invalid choice"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(run, words, message):
    code, _, err = run(*words)
    assert code == 2
    assert message in err


def test_help_answers_at_once_without_heavy_imports():
    check = "import sys, download_data as d; d.arguments().format_help(); print([m for m in ('torch','datasets','numpy','matplotlib') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
