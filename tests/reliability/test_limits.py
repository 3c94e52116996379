"""No space, no permission, no memory, no network: one clear line, exit code 2, what was done is kept, no leftovers."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from src import cli
from src.evaluation.predictions import read_predictions
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--set", "evaluation.bootstrap_resamples=100")


@dataclass(frozen=True)
class Ended:
    """A script's end."""

    code: int
    errors: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Calls a script in this process."""
    import importlib

    def call(script: str, *flags: str | Path) -> Ended:
        module = importlib.import_module(script.removesuffix(".py"))
        monkeypatch.setattr(sys, "argv", [script, *map(str, flags)])
        code = 0
        try:
            cli.run(module.main, module.arguments())
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, capsys.readouterr().err)

    return call


def run_apart(*words: str | Path, memory_mib: int = 0, **environment: str) -> Ended:
    """Runs Python in a process of its own, under a limit or with other variables."""

    def limit() -> None:
        if memory_mib:
            resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))

    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=250,
        preexec_fn=limit, env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )  # fmt: skip
    return Ended(done.returncode, done.stderr)


def assert_one_line(done: Ended, *parts: str) -> None:
    """Exit code 2, and besides warnings one line, which says `parts`."""
    assert done.code == 2, done.errors
    errors = [line for line in done.errors.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.errors
    assert "Traceback" not in done.errors
    for part in parts:
        assert part in errors[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"needs the right to mount a small disk ({made.stderr.strip()[:80]})")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _predictions(path: Path, count: int = 1, padding: int = 0) -> Path:
    line = {"instruction": "Add.", "input": "", "reference": "print(2)", "language": "python"}
    rows = [line | {"id": str(n), "prediction": "print(2)" + "  # " + "x" * padding} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _fill(disk: Path, leave: int) -> None:
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "filler").write_bytes(b"x" * max(0, free - leave))


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_stops_preparation_with_the_old_data_kept(
    run: Callable[..., Ended], small_disk: Path, tmp_path: Path
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in tiny.rows(200)))
    fractions = (
        "--set", "data.near_duplicate_threshold=1", "--set", f"data.dataset_path={small_disk / 'set'}",
    )  # fmt: skip
    assert run("download_data.py", "--path", source, *fractions).code == 0
    _fill(small_disk, 20_000)
    before = _tree(small_disk)
    done = run("download_data.py", "--path", source, *fractions, "--force")
    assert_one_line(done, "No space left on device", "data.dataset_path")
    assert _tree(small_disk) == before


def test_a_full_disk_stops_scoring_with_the_finished_scores_kept(
    run: Callable[..., Ended], small_disk: Path, tmp_path: Path
) -> None:
    answers = _predictions(tmp_path / "given.jsonl", 60, 2_000)
    flags = ("--predictions", answers, "--output_dir", small_disk, *FEW)
    _fill(small_disk, 60_000)
    assert_one_line(run("evaluate.py", *flags), "No space left on device", "what was finished is kept")
    [store] = small_disk.glob("runs/*/scored.jsonl")
    kept = len(store.read_text().split("\n")) - 2
    assert 5 < kept < 60
    assert not list(small_disk.glob("runs/*/.*"))
    (small_disk / "filler").unlink()
    assert run("evaluate.py", *flags).code == 0
    lines = store.read_text().split("\n")
    assert len(lines) == 62
    assert all(json.loads(line) for line in lines[:-1])


def test_a_full_disk_keeps_the_old_report(
    run: Callable[..., Ended], small_disk: Path, tmp_path: Path
) -> None:
    answers = _predictions(tmp_path / "given.jsonl", 4)
    flags = (
        "--before_predictions", answers, "--after_predictions", answers, "--output_dir", small_disk / "report",
        "--runs_dir", tmp_path / "runs", *FEW,
    )  # fmt: skip
    assert run("compare_results.py", *flags, "--name", "first").code == 0
    _fill(small_disk, 30_000)
    before = _tree(small_disk)
    assert_one_line(run("compare_results.py", *flags, "--name", "second"), "No space left on device")
    assert _tree(small_disk) == before


def test_a_full_disk_stops_training_in_one_line(
    run: Callable[..., Ended], small_disk: Path, tmp_path: Path, tiny_model: Path, tiny_data: Path
) -> None:
    _fill(small_disk, 100_000)
    flags = tiny.flags(tiny_model, tiny_data, small_disk / "out", "training.max_steps=4")
    done = run("train_lora.py", *flags)
    assert_one_line(done, "No space left on device")
    assert not list(small_disk.rglob("final*"))


@pytest.mark.parametrize("script", ["evaluate.py", "compare_results.py", "download_data.py"])
def test_a_folder_that_cannot_be_written_is_named(
    run: Callable[..., Ended], tmp_path: Path, script: str
) -> None:
    """A file stands where the folder should be: even root is refused."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    answers = _predictions(tmp_path / "given.jsonl")
    flags: dict[str, list[str | Path]] = {
        "evaluate.py": ["--predictions", answers, "--output_dir", blocked],
        "compare_results.py": ["--before_predictions", answers, "--after_predictions", answers, "--output_dir", blocked],
        "download_data.py": ["--source", "starter", "--set", f"data.dataset_path={blocked}"],
    }  # fmt: skip
    assert_one_line(run(script, *flags[script]), str(blocked))


def test_a_folder_that_cannot_be_trained_into_is_named(
    run: Callable[..., Ended], tmp_path: Path, tiny_model: Path, tiny_data: Path
) -> None:
    (blocked := tmp_path / "blocked").write_text("")
    done = run("train_lora.py", *tiny.flags(tiny_model, tiny_data, blocked, "training.max_steps=1"))
    assert_one_line(done, f"cannot write to {blocked}", "training.output_dir")
    assert blocked.read_text() == ""


def test_data_that_are_no_folder_are_named(
    run: Callable[..., Ended], tmp_path: Path, tiny_model: Path
) -> None:
    done = run("train_lora.py", *tiny.flags(tiny_model, Path("/dev/null"), tmp_path / "out"))
    assert_one_line(done, "no data in /dev/null. Run python download_data.py --set")
    assert not (tmp_path / "out").exists()


def test_a_read_only_disk_is_named(run: Callable[..., Ended], small_disk: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = run("evaluate.py", "--predictions", _predictions(tmp_path / "g.jsonl"), "--output_dir", small_disk)
    assert_one_line(done, "cannot write to", "Read-only file system")


def test_too_little_memory_for_the_model_is_one_line(tmp_path: Path, tiny_data: Path) -> None:
    """600 MB of weights do not fit into what is left of the limit after torch has loaded."""
    model = tiny.save_model(tmp_path / "model", vocab_size=400)
    config = json.loads((model / "config.json").read_text())
    from safetensors.torch import load_file, save_file

    weights = load_file(model / "model.safetensors")
    weights["model.embed_tokens.weight"] = weights["model.embed_tokens.weight"].repeat(10_000, 1)
    weights["lm_head.weight"] = weights["lm_head.weight"].repeat(10_000, 1)
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    (model / "config.json").write_text(json.dumps(config | {"vocab_size": 4_000_000}))
    flags = tiny.flags(model, tiny_data, tmp_path / "out")
    words = ("evaluate.py", "--model_path", model, "--output_dir", tmp_path / "r", *flags)
    done = run_apart(*words, memory_mib=1_600)
    shutil.rmtree(model)
    assert_one_line(done, "memory")


SHORT = {
    "HF_HUB_DOWNLOAD_TIMEOUT": "1",
    "HF_HUB_ETAG_TIMEOUT": "1",
    "no_proxy": "127.0.0.1",
    "HF_HUB_OFFLINE": "0",
}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", pytest.param("HF_ENDPOINT", marks=pytest.mark.campaign)])
def test_a_proxy_that_refuses_and_a_hub_that_is_not_there_are_one_line(tmp_path: Path, variable: str) -> None:
    environment = SHORT | {variable: "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "no_proxy": ""}
    done = run_apart("inference.py", "--model_path", "somebody/model", "--instruction", "x", **environment)
    assert_one_line(done, "somebody/model", "a local folder or smollm2-135m")


def test_a_proxy_that_refuses_is_one_line_for_data(tmp_path: Path) -> None:
    done = run_apart(
        "download_data.py", "--source", "hub", "--set", f"data.dataset_path={tmp_path / 'set'}",
        HTTPS_PROXY="http://127.0.0.1:9", HF_HUB_OFFLINE="0", HF_HOME=str(tmp_path / "home"),
    )  # fmt: skip
    assert_one_line(done, "cannot load sahil2801/CodeAlpaca-20k", "another --source")
    assert not (tmp_path / "set").exists()


def test_a_clock_that_goes_backwards_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files from the future and a clock at zero: what is up to date is decided by content, never by time."""
    import time

    from src.data.preparation import prepare_data
    from tests.data.preparing import data_config, rows, write_jsonl

    source = write_jsonl(tmp_path / "a.jsonl", rows(60))
    config = data_config(tmp_path / "set")
    made = prepare_data(config, "file", [source])
    for path in (tmp_path / "set").iterdir():
        os.utime(path, (4e9, 4e9))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    before = _tree(tmp_path / "set")
    assert prepare_data(config, "file", [source]) == made
    assert _tree(tmp_path / "set") == before
    assert len(read_predictions(_predictions(tmp_path / "p.jsonl", 3))) == 3
