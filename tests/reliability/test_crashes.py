"""Kills outside training, and two runs in one folder. Training's own: tests/training/test_trainer.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.config import Config
from src.evaluation.runs import run_predictions
from src.schema import UserError
from src.system.files import scratch_folder, sole_writer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.campaign
def test_a_kill_costs_no_finished_work_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Two kills each of preparation, generation, scoring and comparison; benchmarks/reliability/crash_stages.py does more."""
    report = tmp_path / "points.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reliability.crash_stages", "--kills", "2", "--json", str(report)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    points = json.loads(report.read_text())
    assert [point["stage"] for point in points[::2]] == ["data", "generation", "scoring", "comparison"]
    assert sum(point["died"] for point in points) >= 4
    assert all(point["equal"] and not point["twice"] and not point["left_over"] for point in points)


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "given.jsonl"
    line = {"id": "a", "instruction": "Add.", "input": "", "reference": "print(2)", "prediction": "print(2)"}
    path.write_text(json.dumps(line | {"language": "python"}) + "\n")
    return path


def test_two_evaluations_do_not_share_a_folder(tmp_path: Path, predictions: Path, config: Config) -> None:
    with (
        sole_writer(tmp_path / "runs" / "given", "wait"),
        pytest.raises(UserError, match=rf"another run \(pid {os.getpid()}\) is writing to .*given; .*--name"),
    ):
        run_predictions(predictions, config, tmp_path / "runs")
    run_predictions(predictions, config, tmp_path / "runs")
    assert {path.name for path in (tmp_path / "runs" / "given").iterdir()} == {"scored.jsonl", "scores.json"}


HOLD = """
import sys, time
from pathlib import Path
from src.system.files import sole_writer
with sole_writer(Path(sys.argv[1]), "wait"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_comparisons_do_not_share_a_report_and_a_killed_one_leaves_no_lock(
    tmp_path: Path, predictions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import compare_results
    from src import cli

    flags = ["--before_predictions", predictions, "--after_predictions", predictions, "--name", "same"]
    folders = ["--output_dir", tmp_path / "report", "--runs_dir", tmp_path / "runs"]
    few = ["--set", "evaluation.bootstrap_resamples=100"]
    monkeypatch.setattr(sys, "argv", ["compare_results.py", *map(str, [*flags, *folders, *few])])
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "report"], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SystemExit) as ended:
            cli.run(compare_results.main, compare_results.arguments())
        assert ended.value.code == 2
        assert f"another run (pid {other.pid}) is writing to" in capsys.readouterr().err
    finally:
        other.kill()
        other.communicate()
    (tmp_path / "report" / ".0011223344556677.tmp").write_text("half a report")
    cli.run(compare_results.main, compare_results.arguments())
    made = {path.name for path in (tmp_path / "report").iterdir()}
    assert made == {
        "README.md",
        *(f"comparison{end}" for end in (".json", ".md", ".html", ".png", "_dark.png")),
    }


def test_a_lock_is_held_by_one_at_a_time_however_often_it_is_released(tmp_path: Path) -> None:
    """The lock's file is removed at each release, which must not let two in."""
    code = """
import sys
from pathlib import Path
from src.system.files import sole_writer
from src.schema import UserError
folder, won = Path(sys.argv[1]), 0
while won < 200:
    try:
        with sole_writer(folder, "wait"):
            inside = folder / "inside"
            inside.mkdir()  # fails where another is in
            inside.rmdir()
            won += 1
    except UserError:
        pass
"""
    rivals = [subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT) for _ in range(3)]
    assert [rival.wait(timeout=120) for rival in rivals] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


ABANDON = """
import os, signal, sys
from pathlib import Path
from src.system.files import scratch_folder
with scratch_folder(Path(sys.argv[1]), ".work-") as folder:
    (folder / "half").write_text("")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_scratch_folders_of_the_killed_are_removed_and_those_of_the_living_kept(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ABANDON, tmp_path], cwd=ROOT, check=False)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    with scratch_folder(tmp_path, ".work-") as living:
        assert not folder.exists()
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [living]
        with scratch_folder(tmp_path, ".work-"):
            assert living.is_dir()
    assert list(tmp_path.iterdir()) == []
