"""run.json is written and read whole, old ones are read as what they were, and damaged ones are refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from src.models.run_record import BaseKind, DataOrigin, read_record, seed_of, trainings, write_record
from src.schema import Training, UserError, decode, to_json
from tests import tiny
from tests.models.records import run_record, written

FIRST_KEYS = {
    "method",
    "base_model",
    "qlora",
    "metrics",
    "history",
    "identity",
    "provenance",
}  # of all versions


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_a_record_comes_back_whole(tmp_path: Path, method: str):
    record = run_record(
        method=method,
        base_kind=BaseKind("LlamaForCausalLM", 400, 32),
        data=DataOrigin("file", "\u4e2d.json", "not known"),
        metrics={"steps": 3, "validation_loss": 1.5, "offload": False},
        history=[{"loss": float("inf"), "step": 1}],
        identity={"lora.target_modules": ["q_proj"], "training.seed": 1},
    )
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


def test_training_writes_one_fingerprint_of_the_base(tiny_adapter: Path):
    record = read_record(tiny_adapter)
    assert record is not None
    assert record.provenance["model_fingerprint"] == record.identity["model.fingerprint"]
    assert record.base_kind == BaseKind.of(tiny.build_model())
    assert record.template == "alpaca"


def test_a_folder_without_a_record_was_trained_elsewhere(tmp_path: Path):
    assert read_record(tmp_path) is None
    assert read_record(tmp_path / "none") is None


def test_a_record_of_the_first_versions_is_read(tmp_path: Path):
    """Without base_kind and data; without a section prompt, when Alpaca's was the only template."""
    path = written(tmp_path, "prompt.template=chat") / "run.json"
    values = {key: value for key, value in json.loads(path.read_text()).items() if key in FIRST_KEYS}
    assert len(values) == len(FIRST_KEYS)
    del values["provenance"]["config"]["prompt"]
    path.write_text(json.dumps(values))
    record = read_record(tmp_path)
    assert record is not None
    assert (record.base_kind, record.data, record.template) == (None, None, "alpaca")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "full"}, "method: Input should be 'lora' or 'qlora'"),
        ({"history": [{"step": 1, "loss": "seven"}]}, "history"),
        ({"history": [{"step": 1, "epoch": []}]}, "history"),
        ({"provenance": {"config": {"training": None}}}, "does not say how the adapter was prompted"),
        ({"metrics": None}, "metrics: Input should be an object"),
        ({"base_model": 7}, "base_model: Input should be a valid string"),
        ({"base_kind": {}}, "base_kind.architecture: Field required"),
        ({"method": "qlora"}, "does not say how the base was quantised"),
        ({"method": "qlora", "qlora": {"bits": 4}}, "qlora.quant_type: Field required"),
        ({"provenance": {}}, "does not say how the adapter was prompted"),
        ({"of_a_later_version": 1}, "of_a_later_version: Unexpected keyword argument"),
    ],
)
def test_a_record_that_is_not_whole_is_refused_with_what_to_do(tmp_path: Path, changes: dict, message: str):
    path = written(tmp_path) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(UserError) as refused:
        read_record(tmp_path)
    assert f"run.json: {message}" in str(refused.value).replace("run.json does", "run.json: does")
    assert "Train again, or delete the file" in str(refused.value)


def test_a_folder_of_seeds_is_all_of_them_and_any_other_model_is_itself(tmp_path: Path):
    for seed in (43, 42, 100):
        written(tmp_path / f"seed-{seed}" / "final")
    (tmp_path / "seed-notes").mkdir()
    assert trainings(str(tmp_path)) == [str(tmp_path / f"seed-{seed}" / "final") for seed in (42, 43, 100)]
    one = str(tmp_path / "seed-42" / "final")
    assert trainings(one) == [one]
    assert trainings("org/base") == ["org/base"]
    (tmp_path / "adapter_config.json").touch()
    assert trainings(str(tmp_path)) == [str(tmp_path)]


def test_a_seed_that_is_not_finished_is_not_left_out(tmp_path: Path):
    written(tmp_path / "seed-42" / "final")
    (tmp_path / "seed-43" / "checkpoint-10").mkdir(parents=True)
    with pytest.raises(
        UserError, match="the training of seed-43 is not finished; finish it with --seeds and"
    ):
        trainings(str(tmp_path))


def test_the_seed_stands_in_the_name_of_the_folder_or_of_that_around_it():
    names = ("lora/seed-42", "lora/seed-42/final", "lora/final", "lora/seed-x/final", "seed-1/lora/final")
    assert [seed_of(Path(name)) for name in names] == ["42", "42", "", "", ""]


def test_the_training_of_a_record_is_what_a_report_says_of_it():
    history = [
        {"step": 5, "epoch": 0.5, "loss": float("nan")},
        {"step": 10, "epoch": 1.004, "loss": 1.25},
        {"step": 10, "epoch": 1.004, "eval_loss": 1.5},
        {"train_runtime": 3.0},
    ]
    made = run_record(
        "lora.r=8",
        "training.seed=7",
        base_model="smollm2-135m",
        data=DataOrigin("hub", "org/data", "CC0"),
        metrics={
            "train_samples": 265,
            "trainable_parameters": 10,
            "total_parameters": 100,
            "seconds": 12.5,
            "processes": 2,
        },
        history=history,
    )
    found = dataclasses.replace(made, provenance=made.provenance | {"device": "A GPU"}).training
    assert (found.method, found.base_model) == ("lora", "HuggingFaceTB/SmolLM2-135M-Instruct")
    assert (found.data, found.licence, found.samples) == ("org/data", "CC0", 265)
    assert (found.rank, found.seed, found.epochs, found.seconds) == (8, 7, 1.0, 12.5)
    assert (found.trained_parameters, found.all_parameters, found.machine) == (10, 100, "2 x A GPU")
    assert found.loss == [(5, None), (10, 1.25)]
    assert found.validation_loss == [(10, 1.5)]
    assert decode(Training, to_json(found)) == found


@pytest.mark.parametrize("processes", [None, "two", [], 1])
def test_a_machine_of_no_number_of_processes_is_named_alone(processes: object):
    record = run_record(metrics={"processes": processes}, provenance={"config": {}, "device": "H200"})
    assert record.training.machine == "H200"


def test_the_training_of_a_bare_record_says_what_is_not_known():
    found = run_record().training
    assert (found.samples, found.seconds, found.machine, found.loss) == (None, None, "", [])
    assert found.epochs == 3.0  # as configured, where no step was logged
