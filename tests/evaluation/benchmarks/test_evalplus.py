"""Verdicts on HumanEval+ and MBPP+ equal those that the package evalplus 0.3.1 gave, completion by completion."""

import json
from functools import partial

import pytest

from benchmarks.evaluation.evalplus import RESULTS, completions
from src.evaluation.benchmarks.calls import HUMANEVAL, MBPP
from src.evaluation.benchmarks.catalog import load_benchmark
from src.evaluation.execution.judge import judge
from src.evaluation.predictions import reference_sample
from src.schema import UserError

RECORD = json.loads(RESULTS.read_text(encoding="utf-8"))


def examples_of(dataset):
    try:
        return load_benchmark(f"{dataset}plus")
    except UserError as error:
        pytest.skip(str(error))


def verdicts(sandbox, pairs):
    found = sandbox.map([partial(judge, sample=sample, code=code) for sample, code in pairs])
    return [(item.base == "passed", item.outcome == "passed") for item in found]


def test_the_recorded_comparison_is_of_more_than_300_completions_of_varied_quality():
    records = RECORD["completions"]
    assert RECORD["n"] == len(records) >= 300
    assert RECORD["equal"] + len(RECORD["different"]) == RECORD["n"]
    assert {name.split("/")[0] for name, *_ in records} == {"HumanEval", "Mbpp"}
    assert len({kind for _, kind, *_ in records}) > 10
    assert 0.1 < RECORD["all_passed"] / RECORD["n"] < 0.9


@pytest.mark.campaign
@pytest.mark.parametrize("dataset", [HUMANEVAL, MBPP])
def test_solutions_score_100(sandbox, dataset):
    examples = examples_of(dataset)
    found = verdicts(sandbox, [(reference_sample(item), item.output) for item in examples])
    assert [item.id for item, passed in zip(examples, found, strict=True) if passed != (True, True)] == []


@pytest.mark.campaign
@pytest.mark.parametrize("dataset", [HUMANEVAL, MBPP])
def test_verdicts_equal_those_of_the_package(sandbox, dataset):
    examples = examples_of(dataset)
    programs = {(item.task_id, item.kind): item.program for item in completions(dataset, examples)}
    samples = {item.id: reference_sample(item) for item in examples}
    recorded = {
        (name, kind): (base, plus) for name, kind, base, plus in RECORD["completions"] if name in samples
    }
    assert len(recorded) > 50
    known = {(item["id"], item["kind"]) for item in RECORD["different"]}
    found = verdicts(sandbox, [(samples[name], programs[name, kind]) for name, kind in recorded])
    assert {key for key, passed in zip(recorded, found, strict=True) if passed != recorded[key]} == known
