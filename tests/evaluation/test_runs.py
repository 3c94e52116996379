"""A run is a function of its samples alone, and interrupted scoring resumes."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

import pytest

from src.config import Config, load_config
from src.evaluation import runs
from src.evaluation.predictions import write_answers
from src.evaluation.runs import run_predictions, samples_fingerprint
from src.schema import Sample, UserError
from tests.evaluation.samples import ADD, ADD_TEST, SAMPLES, SUBTRACT, write_predictions
from tests.models.records import run_record


def _without_provenance(folder: Path) -> str:
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert scores.pop("provenance")
    return json.dumps(scores)


def test_scores_do_not_depend_on_workers_or_the_order_of_lines(tmp_path: Path, config: Config):
    shuffled = random.Random(3).sample(SAMPLES, len(SAMPLES))
    run_predictions(write_predictions(tmp_path / "one" / "p.jsonl", SAMPLES), config, tmp_path / "one")
    many = load_config(overrides=["evaluation.bootstrap_resamples=200", "evaluation.workers=4"])
    run_predictions(write_predictions(tmp_path / "many" / "p.jsonl", shuffled), many, tmp_path / "many")
    assert _without_provenance(tmp_path / "one" / "p") == _without_provenance(tmp_path / "many" / "p")


def test_interrupted_scoring_resumes_where_it_stopped(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
):
    path = write_predictions(tmp_path / "p.jsonl", SAMPLES)
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
    kept = [json.loads(line)["score"]["id"] for line in lines[1:4]]  # scores are kept as they come
    assert sorted(measured + kept) == ["1", "2", "3", "4", "5", "6", "7"]
    assert _without_provenance(tmp_path / "p") == whole


def test_pass_at_k_is_reported_where_there_are_enough_completions(tmp_path: Path, config: Config):
    completions = [
        Sample("1", "Add.", "", ADD, ADD if n < 3 else SUBTRACT, "python", ADD_TEST, completion=n)
        for n in range(10)
    ]
    run = run_predictions(write_predictions(tmp_path / "p.jsonl", completions), config, tmp_path).run
    assert run.n == 1
    assert run.metrics["functional_accuracy"].value == pytest.approx(30)
    assert run.metrics["pass@10"].value == pytest.approx(100)


def test_answers_scored_later_keep_the_name_and_the_origin_of_their_generation(
    tmp_path: Path, config: Config
):
    training = dataclasses.asdict(run_record(history=[{"step": 5, "loss": 1.5}]).training)
    origin = {"name": "lora--starter", "base_model": "tiny", "training": training}
    path = write_answers(tmp_path / "elsewhere", SAMPLES[:1], origin)
    run = run_predictions(path, config, tmp_path / "runs").run
    assert [dataclasses.asdict(item) for item in run.trainings] == [training]
    assert "training" not in run.provenance
    assert (run.name, run.provenance["base_model"]) == ("lora--starter", "tiny")
    assert (tmp_path / "runs" / "lora--starter" / "scores.json").is_file()
    assert run_predictions(path, config, tmp_path / "runs", "mine").run.name == "mine"


def test_a_damaged_record_of_a_training_is_refused_before_anything_is_scored(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delattr(runs, "score_samples")
    path = write_answers(tmp_path / "damaged", SAMPLES[:1], {"name": "other", "training": {"method": 3}})
    with pytest.raises(UserError, match=r"origin\.json: .*Fetch it again, or delete it"):
        run_predictions(path, config, tmp_path / "runs")


def test_the_fingerprint_is_of_the_tasks_whatever_the_answers_and_their_order():
    answered = [dataclasses.replace(sample, prediction="another") for sample in SAMPLES]
    assert samples_fingerprint(answered[::-1]) == samples_fingerprint(SAMPLES)
    changed = [dataclasses.replace(SAMPLES[0], tests="assert add(2, 2) == 4"), *SAMPLES[1:]]
    assert samples_fingerprint(changed) != samples_fingerprint(SAMPLES)
    assert samples_fingerprint(SAMPLES[1:]) != samples_fingerprint(SAMPLES)
