"""Scores are those of the samples, and a run counts and aggregates them."""

from __future__ import annotations

from pathlib import Path

import pytest

from src.config import Config
from src.evaluation.evaluator import outcomes, pass_at_k_measures, score_samples, summarise_run
from src.evaluation.scoring.score_store import ScoreStore
from src.evaluation.statistics.estimates import estimate
from src.sandbox.sandbox import unavailable_reason
from src.schema import SampleScore
from tests.evaluation.samples import SAMPLES, sample_score

needs_sandbox = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory, config: Config) -> dict[str, SampleScore]:
    store = ScoreStore(tmp_path_factory.mktemp("scores") / "scored.jsonl", {})
    return {score.id: score for score in score_samples(SAMPLES, config.evaluation, store)}


@needs_sandbox
def test_the_outcomes_are_those_of_the_samples(scores: dict[str, SampleScore]):
    assert [scores[id].functional for id in "1234"] == ["passed", "failed", "passed", "failed"]
    assert [scores[id].execution for id in "124"] == ["passed", "passed", "error"]
    assert [scores[id].defines_only for id in "13"] == [True, False]
    assert [scores[id].error for id in "1245"] == ["", "assertion", "no_code", "syntax"]
    assert [scores[id].exact for id in "12"] == [True, False]
    assert scores["3"].code == "print(1)"
    assert scores["4"].codebleu == 0
    assert scores["7"].codebleu is None


@needs_sandbox
def test_a_run_states_values_coverage_and_languages_of_its_samples(
    scores: dict[str, SampleScore], config: Config
):
    run = summarise_run("run", list(scores.values()), config.evaluation, {})
    accuracy = run.metrics["functional_accuracy"]
    assert (accuracy.value, accuracy.n, accuracy.coverage) == (50, 4, pytest.approx(4 / 7))
    assert run.n == 7
    assert set(run.by_language) == {"javascript", "other", "python", "sql"}
    assert run.by_language["python"]["functional_accuracy"].n == 4


def test_the_mean_of_the_codebleu_package_stands_beside_ours(config: Config):
    figures = (("a", 40.0, 30.0), ("b", 60.0, 20.0), ("c", 0.0, None), ("d", None, None))
    scores = [sample_score(id, codebleu=ours, codebleu_package=theirs) for id, ours, theirs in figures]
    found = summarise_run("run", scores, config.evaluation, {}).metrics["codebleu"]
    assert (found.value, found.package_value, found.n) == (pytest.approx(100 / 3), 25, 3)


def test_what_the_store_holds_is_not_measured_again(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
):
    def measure(*arguments: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("src.evaluation.evaluator.score_in_workers", measure)
    store = ScoreStore(tmp_path / "scored.jsonl", {})
    held = [sample_score(sample.id) for sample in SAMPLES]
    store.add(SAMPLES, held)
    assert score_samples(SAMPLES[::-1], config.evaluation, store) == held[::-1]


def completions(id: str, passed: int, failed: int) -> list[SampleScore]:
    verdicts = ["passed"] * passed + ["failed"] * failed
    return [sample_score(id, functional=verdict, completion=n) for n, verdict in enumerate(verdicts)]


def test_pass_at_k_is_the_mean_over_samples_of_the_unbiased_estimate():
    measures = pass_at_k_measures([*completions("a", 1, 19), *completions("b", 0, 20), sample_score("c")])
    assert list(measures) == ["pass@10"]
    found = estimate(measures["pass@10"])
    # one of 20 is correct: it is among 10 of them with chance 1/2; "c" has no verdict and does not count
    assert (found.value, found.n) == (pytest.approx((50 + 0) / 2), 2)


def test_pass_at_k_counts_a_completion_that_lacks_a_package_as_failed():
    lacking = [
        sample_score("a", functional="not_run", functional_lacks="numpy", completion=n) for n in range(10)
    ]
    found = estimate(pass_at_k_measures([*lacking, *completions("b", 10, 0)])["pass@10"])
    assert (found.value, found.n) == (50, 2)


def test_base_tests_have_a_pass_at_k_of_their_own():
    scores = [sample_score("a", functional="failed", base="passed", completion=n) for n in range(10)] + [
        sample_score("b", functional="failed", base="failed", completion=n) for n in range(10)
    ]
    measures = pass_at_k_measures(scores)
    assert list(measures) == ["pass@10", "pass@1_base", "pass@10_base"]
    assert [float(measures[name].combine(measures[name].statistics.sum(axis=0))) for name in measures] == [
        0,
        50,
        50,
    ]


def test_pass_at_k_needs_k_completions_of_every_sample_with_a_verdict():
    assert pass_at_k_measures([*completions("a", 5, 5), *completions("b", 9, 0)]) == {}
    assert pass_at_k_measures([]) == {}


def test_every_outcome_is_counted_by_kind():
    found = outcomes(
        [
            sample_score("a", execution="passed", functional="passed", exact=True, flags=("fenced",)),
            sample_score("b", execution="passed", functional="failed", error="assertion", defines_only=True),
            sample_score("c", execution="not_run", execution_lacks="numpy", flags=("fenced", "truncated")),
        ]
    )
    assert found == {
        "execution": {"not_run": 1, "passed": 2},
        "functional": {"failed": 1, "no_verdict": 1, "passed": 1},
        "error": {"assertion": 1},
        "flags": {"fenced": 2, "truncated": 1},
        "other": {"defines_only": 1, "exact": 1, "lacking": 1},
    }
