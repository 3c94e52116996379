"""No answer ends or blocks the scoring of the others: what kills its process is scored without the stage that did."""

from __future__ import annotations

import time

import psutil
import pytest

from src.evaluation.metrics import measures
from src.evaluation.scoring import pool
from src.evaluation.scoring.pool import ScoringSettings, score_in_workers
from src.sandbox.sandbox import Limits
from src.schema import Sample, SampleScore, UserError

SETTINGS = ScoringSettings(Limits(wall_s=5, cpu_s=5), allow_unsandboxed=False, workers=2)
GOOD = [
    Sample("a", "Print 1.", "", "print(1)", "print(1)", "python"),
    Sample("b", "Add.", "", "def add(a, b):\n    return a + b", "def add(a, b):\n    return a + b", "python",
           "assert add(1, 2) == 3"),
    Sample("c", "Count.", "", "SELECT COUNT(*) FROM t", "SELECT COUNT(*) FROM t", "sql"),
]  # fmt: skip
BAD = Sample("bad", "Print 2.", "", "print(2)", "print(a := 'POISON')", "python", "assert a")

# The worker, with a parser that does `behaviour` on an answer that holds the word POISON.
POISONED = """
import json, os, sys, time
from src.evaluation.scoring import sample, worker
real = sample.{parser}
def parser(*arguments):
    if any("POISON" in repr(argument) for argument in arguments):
        {behaviour}
    return real(*arguments)
sample.{parser} = parser
worker.main(json.loads(sys.argv[1]))
"""
HANG, SEGFAULT, GROW, RAISE = (
    "while True: pass", "os.kill(os.getpid(), 11)", "kept = b'x' * (4 << 30); time.sleep(60)", "raise OverflowError('big')",
)  # fmt: skip


def poison(monkeypatch: pytest.MonkeyPatch, parser: str, behaviour: str) -> None:
    program = POISONED.format(parser=parser, behaviour=behaviour)
    monkeypatch.setattr(pool, "WORKER", ("-c", program))
    monkeypatch.setattr(pool, "READING_CPU_S", 1.0)


def scored(samples: list[Sample]) -> dict[str, SampleScore]:
    return {sample.id: score for sample, score in score_in_workers(samples, SETTINGS)}


@pytest.fixture(scope="module")
def unpoisoned() -> dict[str, SampleScore]:
    return scored(GOOD)


def test_every_sample_is_scored_once(unpoisoned: dict[str, SampleScore]):
    assert set(unpoisoned) == {"a", "b", "c"}
    assert [unpoisoned[key].execution for key in "abc"] == ["passed"] * 3
    assert unpoisoned["b"].functional == "passed"
    assert unpoisoned["a"].codebleu == pytest.approx(100)
    assert unpoisoned["c"].codebleu is None


@pytest.mark.parametrize(
    ("parser", "behaviour", "expected"),
    [
        ("extract", HANG, ("", "error", "failed", "unreadable")),
        ("extract", SEGFAULT, ("", "error", "failed", "unreadable")),
        ("extract", GROW, ("", "error", "failed", "unreadable")),
        ("extract", RAISE, ("", "error", "failed", "unreadable")),
        ("execute", HANG, ("print(a := 'POISON')", "killed", "passed", "unreadable")),
        ("judge", SEGFAULT, ("print(a := 'POISON')", "passed", "killed", "unreadable")),
        ("bleu_statistics", HANG, ("print(a := 'POISON')", "passed", "passed", "")),
        ("codebleu_score", SEGFAULT, ("print(a := 'POISON')", "passed", "passed", "")),
    ],
)
def test_a_parser_that_never_returns_or_crashes_costs_its_own_sample_only(
    monkeypatch, caplog, unpoisoned, parser: str, behaviour: str, expected: tuple[str, str, str, str]
):
    poison(monkeypatch, parser, behaviour)
    found = scored([GOOD[0], BAD, *GOOD[1:]])
    bad = found.pop("bad")
    assert (bad.code, bad.execution, bad.functional, bad.error) == expected
    assert bad.codebleu == 0
    assert found == unpoisoned
    assert "sample bad: no " in caplog.text


def test_a_sample_that_kills_what_stands_in_for_a_stage_still_has_a_score(monkeypatch, unpoisoned):
    poison(monkeypatch, "_text_metrics", SEGFAULT)
    found = scored([BAD, *GOOD])
    bad = found.pop("bad")
    assert (bad.error, bad.execution, bad.functional, bad.codebleu, bad.statistics) == (
        "unreadable",
        "killed",
        "killed",
        0,
        {},
    )
    assert found == unpoisoned
    assert measures([bad, *found.values()])["execution_success"].counts.all()


def test_the_time_that_a_hanging_parser_takes_is_its_limit(monkeypatch):
    poison(monkeypatch, "extract", HANG)
    began = time.monotonic()
    assert set(scored([BAD, *GOOD])) == {"bad", "a", "b", "c"}
    assert time.monotonic() - began < 90  # two starts of a process and a second of hanging, on a busy machine


def test_leaving_the_scoring_ends_its_processes():
    before = set(psutil.Process().children(recursive=True))
    iterator = score_in_workers(GOOD, SETTINGS)
    next(iterator)
    started = [item for item in psutil.Process().children(recursive=True) if item not in before]
    assert started
    iterator.close()
    _, alive = psutil.wait_procs(started, timeout=20)
    assert [item for item in alive if item.status() != psutil.STATUS_ZOMBIE] == []


def test_a_worker_that_cannot_start_is_one_line(monkeypatch):
    monkeypatch.setattr(pool, "WORKER", ("-c", "import nowhere"))
    with pytest.raises(UserError, match=r"cannot be started .*No module named 'nowhere'"):
        scored(GOOD)


@pytest.mark.parametrize("seed", ["1", "random"])
def test_the_hash_seed_of_this_process_changes_nothing(monkeypatch, seed: str):
    """Whatever depends on the order of sets."""
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    told = "import json, os; print(json.dumps({'error': 'seed ' + os.environ['PYTHONHASHSEED']}))"
    monkeypatch.setattr(pool, "WORKER", ("-c", told))
    with pytest.raises(UserError, match=r"^seed 0$"):
        scored(GOOD)


def test_a_sample_whose_process_the_system_ended_is_scored_again(monkeypatch, caplog, tmp_path, unpoisoned):
    once = f"open({str(tmp_path / 'once')!r}, 'x'); os.kill(os.getpid(), 9)"
    poison(monkeypatch, "extract", f"os.path.exists({str(tmp_path / 'once')!r}) or exec({once!r})")
    bad = scored([BAD])["bad"]
    assert (bad.code, bad.execution, bad.functional) == ("print(a := 'POISON')", "passed", "passed")
    assert (tmp_path / "once").exists()
    assert "bad" not in caplog.text


# Counts what waits in a file, and says of it that the clock from start to end has stopped it.
COUNTED = """
import json, sys
from src.evaluation.scoring import worker
from src.sandbox.launch import Worker
real = Worker.run
def run(self, *arguments):
    header, blobs = real(self, *arguments)
    if header.get("stopped") == "waited":
        print("waited", file=open({path!r}, "a"))
        header["stopped"] = {stopped!r}
    return header, blobs
Worker.run = run
worker.main(json.loads(sys.argv[1]))
"""


@pytest.mark.parametrize(("stopped", "times"), [("waited", 1), ("timeout", 2)])
def test_what_a_busy_machine_may_have_ended_is_scored_again_after_all_others(
    monkeypatch, tmp_path, stopped, times
):
    log = tmp_path / "log"
    monkeypatch.setattr(pool, "WORKER", ("-c", COUNTED.format(path=str(log), stopped=stopped)))
    waiting = Sample("1", "", "", "def f():", "import time\ntime.sleep(60)", "python")
    right = [Sample(id, "", "", "print(1)", "print(1)", "python") for id in "23"]
    settings = ScoringSettings(Limits(cpu_s=5, wall_s=1), allow_unsandboxed=False, workers=2)
    scores = [(sample.id, score.execution) for sample, score in score_in_workers([waiting, *right], settings)]
    assert dict(scores) == {"1": "timeout", "2": "passed", "3": "passed"}
    assert log.read_text().count("waited") == times
    if times == 2:
        assert scores[-1][0] == "1"
