"""Samples are as new as the data that the model was trained on say, and of unknown novelty where these are not here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from src.config import Config, DataConfig, load_config
from src.data.curation.novelty import band_of
from src.data.dataset import load_card, load_split
from src.data.preparation import prepare_data
from src.evaluation.benchmarks.novelty import run_novelty
from src.evaluation.comparison import compare
from src.evaluation.predictions import reference_sample
from src.evaluation.runs import run_predictions
from src.schema import Sample, UserError
from tests.data.preparing import data_config
from tests.evaluation.samples import write_predictions


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    config = data_config(tmp_path_factory.mktemp("data") / "set")
    prepare_data(config, "starter")
    return config


@pytest.fixture(scope="module")
def samples(data: DataConfig) -> list[Sample]:
    return [reference_sample(example) for example in load_split(data, "test")]


def test_the_adapter_of_these_data_has_the_figures_of_their_card(data, samples):
    card = load_card(data)
    origin = {"model": "checkpoints/lora/final", "training_data": card.fingerprint}
    found = run_novelty(samples[:30] + samples[:2], origin, data, None)
    assert found == {sample.id: card.novelty[sample.id] for sample in samples[:30]}


def test_what_was_trained_on_other_data_or_by_others_is_not_known(data, samples, tmp_path):
    other = {"model": "checkpoints/lora/final", "training_data": "0" * 16}
    assert run_novelty(samples, other, data, None) == {}
    assert run_novelty(samples, {"model": "smollm2-135m"}, data, None) == {}
    nowhere = data_config(tmp_path / "none")
    assert run_novelty(samples, {"model": "lora", "training_data": "0" * 16}, nowhere, None) == {}
    folder = Path(data.dataset_path)
    with pytest.raises(UserError, match=r"--training_data .* fingerprint .* was trained on 0000"):
        run_novelty(samples, other, nowhere, folder)
    with pytest.raises(UserError, match=r"no data in .*Run python download_data\.py first"):
        run_novelty(samples, {}, data, tmp_path / "none")


def test_given_answers_are_measured_where_they_are_of_the_test_split_or_data_are_named(
    data, samples, tmp_path
):
    assert run_novelty(samples, {}, data, None) == load_card(data).novelty
    train = load_split(data, "train")
    copied = Sample("own", train[0].instruction, train[0].input, train[0].output, "?", train[0].language)
    assert run_novelty([copied], {}, data, None) == {}
    named = run_novelty([copied], {}, data_config(tmp_path / "none"), Path(data.dataset_path))
    assert (named["own"].prompt, named["own"].answer, named["own"].renamed) == (100, 100, 100)


def test_gains_are_told_by_band_and_on_the_samples_that_are_unlike(data, samples, tmp_path, config: Config):
    """The better file answers what is like the training data with the reference, and nothing else."""
    novelty = load_card(data).novelty
    like = {key for key, item in novelty.items() if item.answer >= 65}
    files = {
        name: write_predictions(
            tmp_path / f"{name}.jsonl",
            [_answered(sample, "x = 1" if name == "before" or sample.id not in like else sample.reference) for sample in samples],
        )
        for name in ("before", "after")
    }  # fmt: skip
    config = load_config(overrides=[f"data.dataset_path={data.dataset_path}"])
    before, after = (run_predictions(file, config, tmp_path) for file in files.values())
    stored = json.loads((tmp_path / "after" / "scores.json").read_text())["novelty"]
    assert {key: item["answer"] for key, item in stored.items()} == {
        key: item.answer for key, item in novelty.items()
    }
    bands = compare([before], [after], "lora", config.evaluation, {}).comparisons["lora"].by_novelty
    assert bands["under 65 %"]["bleu"].n == 100 - len(like) == 69
    assert bands["under 65 %"]["bleu"].delta == 0
    assert bands["65 to 80 %"]["bleu"].delta > 50
    counted = {band: found["bleu"].n for band, found in bands.items() if band != "under 65 %"}
    assert counted == {
        band: sum(band_of(item.answer) == band for item in novelty.values()) for band in counted
    }
    assert sum(counted.values()) == 100


def _answered(sample: Sample, answer: str) -> Sample:
    """As text of a language that nothing runs, which would take longer and say nothing of novelty."""
    return Sample(sample.id, sample.instruction, sample.input, sample.reference, answer, "json")
