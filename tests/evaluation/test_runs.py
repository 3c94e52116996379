"""Scoring is a function of the samples alone, and what is scored stays scored."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from src.config import Config, load_config
from src.evaluation import runs
from src.evaluation.predictions import predictions_text
from src.evaluation.runs import run_predictions
from src.evaluation.score_store import ScoreStore
from src.schema import Sample

ADD = "def add(a, b):\n    return a + b"
SAMPLES = [
    Sample("1", "Add two numbers.", "", ADD, ADD, "python", "assert add(1, 2) == 3"),
    Sample(
        "2",
        "Add two numbers.",
        "",
        ADD,
        "def add(a, b):\n    return a - b",
        "python",
        "assert add(1, 2) == 3",
    ),
    Sample("3", "Print one.", "", "print(1)", "```python\nprint(1)\n```", "python"),
    Sample("4", "Print one.", "", "print(1)", "", "python"),
    Sample("5", "Greet.", "", "console.log('hi')", "console.log('hi'", "javascript"),
    Sample("6", "All names.", "", "SELECT name FROM people;", "SELECT name FROM people;", "sql"),
    Sample("7", "Describe.", "", "A short text.", "Another text.", ""),
]


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(overrides=["evaluation.bootstrap_resamples=200"])


def _file(path: Path, samples: list[Sample]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(predictions_text(samples), encoding="utf-8")
    return path


def _without_provenance(folder: Path) -> str:
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert scores.pop("provenance")
    return json.dumps(scores)


def test_the_outcomes_are_those_of_the_samples(tmp_path: Path, config: Config):
    scored = run_predictions(_file(tmp_path / "p.jsonl", SAMPLES), config, tmp_path / "runs")
    by_id = {score.id: score for score in scored.scores}
    assert [by_id[key].functional for key in "1234"] == ["passed", "failed", "passed", "failed"]
    assert [by_id[key].execution for key in "124"] == ["passed", "passed", "error"]
    assert [by_id[key].defines_only for key in "13"] == [True, False]
    assert [by_id[key].error for key in "1245"] == ["", "assertion", "no_code", "syntax"]
    assert by_id["1"].exact
    assert by_id["4"].codebleu == 0
    assert by_id["7"].codebleu is None
    metrics = scored.run.metrics
    assert metrics["functional_accuracy"].value == 50
    assert metrics["functional_accuracy"].n == 4
    assert metrics["functional_accuracy"].coverage == pytest.approx(4 / 7)
    assert scored.run.n == 7
    assert set(scored.run.by_language) == {"javascript", "other", "python", "sql"}


def test_scores_do_not_depend_on_workers_or_the_order_of_lines(tmp_path: Path, config: Config):
    shuffled = random.Random(3).sample(SAMPLES, len(SAMPLES))
    run_predictions(_file(tmp_path / "one" / "p.jsonl", SAMPLES), config, tmp_path / "one")
    many = load_config(overrides=["evaluation.bootstrap_resamples=200", "evaluation.workers=4"])
    run_predictions(_file(tmp_path / "many" / "p.jsonl", shuffled), many, tmp_path / "many")
    assert _without_provenance(tmp_path / "one" / "p") == _without_provenance(tmp_path / "many" / "p")


def test_a_stopped_scoring_goes_on_where_it_was(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
):
    path = _file(tmp_path / "p.jsonl", SAMPLES)
    run_predictions(path, config, tmp_path)
    whole = _without_provenance(tmp_path / "p")
    store = tmp_path / "p" / "scored.jsonl"
    lines = store.read_text(encoding="utf-8").splitlines(keepends=True)
    store.write_text("".join(lines[:4]) + lines[4][:30], encoding="utf-8")
    measured: list[str] = []
    real = runs.score_samples

    def counting(samples, config, store, *rest):
        measured.extend(sample.id for sample in samples if store.get(sample) is None)
        return real(samples, config, store, *rest)

    monkeypatch.setattr(runs, "score_samples", counting)
    run_predictions(path, config, tmp_path)
    assert measured == ["4", "5", "6", "7"]
    assert _without_provenance(tmp_path / "p") == whole


def test_scores_of_another_answer_setting_or_code_do_not_count(tmp_path: Path, config: Config, monkeypatch):
    run_predictions(_file(tmp_path / "p.jsonl", SAMPLES[:1]), config, tmp_path)
    kept = tmp_path / "p" / "scored.jsonl"
    settings = json.loads(kept.read_text().splitlines()[0])["settings"]
    assert ScoreStore(kept, settings).get(SAMPLES[0]) is not None
    assert ScoreStore(kept, settings).get(SAMPLES[1]) is None
    monkeypatch.setattr("src.evaluation.score_store.code_fingerprint", lambda: "other")
    assert ScoreStore(kept, settings).get(SAMPLES[0]) is None
    monkeypatch.undo()
    assert ScoreStore(kept, settings | {"timeout_s": 1}).get(SAMPLES[0]) is None


def test_pass_at_k_is_reported_where_there_are_enough_completions(tmp_path: Path, config: Config):
    right, wrong = SAMPLES[0].prediction, SAMPLES[1].prediction
    completions = [
        Sample("1", "Add.", "", ADD, right if n < 3 else wrong, "python", SAMPLES[0].tests, completion=n)
        for n in range(10)
    ]
    run = run_predictions(_file(tmp_path / "p.jsonl", completions), config, tmp_path).run
    assert run.n == 1
    assert run.metrics["functional_accuracy"].value == pytest.approx(30)
    assert run.metrics["pass@10"].value == pytest.approx(100)
