"""What train_lora.py and train_qlora.py show."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from src import cli
from src.training import cli as training
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]


def _arguments(*flags: str) -> argparse.Namespace:
    parser = cli.parser("test")
    training.add_flags(parser)
    return parser.parse_args(flags)


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_a_dry_run_shows_the_work_and_does_none(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, method: str
) -> None:
    shown = training.train(
        tiny.config(tiny_model, tiny_data, tmp_path / "out"), _arguments("--dry_run"), method
    )
    assert shown.count("### Response:") == 2
    supervised = [line for line in shown.splitlines() if line.startswith("+ ")]
    assert all(line.startswith("+ print(") for line in supervised)
    assert sum(line.endswith(tiny.END) for line in supervised) == 2
    assert f"method        {method} on {tiny_model}" in shown
    assert "steps         8, each of 8 samples" in shown
    assert "0 truncated, 0 skipped" in shown
    assert "GiB needed" in shown
    assert "GiB free: fits" in shown
    assert not (tmp_path / "out").exists()


def test_the_end_says_what_was_written_and_what_comes_next(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=2", "data.max_length=90")
    printed = training.train(config, _arguments("--resume"), "lora")
    final = tmp_path / "lora" / "final"
    assert printed.startswith(f"wrote: {final}\n")
    for word in ("training_curve.png", "validation loss", "tokens/s", "peak memory", "truncated"):
        assert word in printed
    assert printed.endswith(f"next: python evaluate.py --model_path {final}")
    given = ("--config", "other.yaml", "--set", "evaluation.num_samples=4")
    again = training.train(config, _arguments("--resume", *given), "lora")
    assert again.startswith("kept, finished before with the same settings and data: ")
    assert again.endswith(f"next: python evaluate.py {' '.join(given)} --model_path {final}")


def test_resume_and_restart_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _arguments("--resume", "--restart")
    assert "not allowed with" in capsys.readouterr().err


HEAVY = "bitsandbytes peft datasets matplotlib torch._inductor.compile_fx torch._inductor.lowering"


def test_a_dry_run_of_lora_imports_no_quantisation_and_no_compiler(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    program = (
        "import runpy, sys; sys.argv = ['train_lora.py', *sys.argv[1:]]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
        f"print('imported:', [name for name in {HEAVY.split()} if name in sys.modules])"
    )
    flags = ["--dry_run", *tiny.flags(tiny_model, tiny_data, tmp_path)]
    done = subprocess.run([sys.executable, "-c", program, *flags], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "imported: []"
