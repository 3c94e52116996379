"""The starter set keeps what it promises: size, mix, right references, no copies, nothing of HumanEval."""

import json
from collections import Counter

import pytest

from src.data.curation.cleaning import clean
from src.data.curation.contamination import find_overlaps
from src.data.curation.deduplication import jaccard
from src.data.curation.quality import find_defects
from src.data.curation.shingles import shingles, tokenise
from src.data.curation.splitting import find_neighbours
from src.data.sources.catalog import SPLITS, STARTER
from src.data.sources.readers import read_rows
from src.evaluation.benchmarks.catalog import load_benchmark
from src.languages.detection import detect
from src.languages.registry import has_parser, syntax_error
from src.schema import Example


@pytest.fixture(scope="module")
def splits():
    found = {name: [clean(row) for row in read_rows(STARTER / f"{name}.jsonl")] for name in SPLITS}
    assert all(isinstance(example, Example) for examples in found.values() for example in examples)
    return found


@pytest.fixture(scope="module")
def examples(splits):
    return [example for name in SPLITS for example in splits[name]]


def test_there_are_320_examples_or_more_in_three_splits(splits, examples):
    assert len(examples) >= 320
    assert len(splits["train"]) >= 200
    assert len(splits["validation"]) >= 20
    assert len(splits["test"]) >= 60


def test_the_languages_are_mixed_as_in_code_alpaca(examples):
    counts = Counter(example.language for example in examples)
    assert 0.4 <= counts["python"] / len(examples) <= 0.6
    assert {"javascript", "sql", "java", "c", "cpp", "html", "css", "bash"} <= set(counts)
    assert len(counts) >= 12
    assert "" not in counts


def test_about_a_third_has_an_input(examples):
    assert 0.3 <= sum(bool(example.input) for example in examples) / len(examples) <= 0.42


def test_80_python_examples_carry_asserts_and_50_of_them_are_in_test(splits, examples):
    tested = [example for example in examples if example.tests]
    assert all(example.language == "python" and "assert " in example.tests for example in tested)
    assert len(tested) >= 80
    assert sum(bool(example.tests) for example in splits["test"]) >= 50


def test_every_python_reference_passes_its_asserts(examples):
    tested = [example for example in examples if example.tests]
    assert tested
    for example in tested:
        names = {"__name__": "__main__"}
        exec(compile(f"{example.output}\n{example.tests}\n", example.id, "exec"), names)


def test_no_tests_pass_without_the_reference(examples):
    tested = [example for example in examples if example.tests]
    assert tested
    for example in tested:
        with pytest.raises((NameError, AssertionError)):
            exec(compile(example.tests, example.id, "exec"), {})


def test_every_reference_parses_in_its_language(examples):
    parsed = [example for example in examples if has_parser(example.language)]
    assert len(parsed) >= 0.85 * len(examples)
    faults = {
        example.id: error
        for example in parsed
        if (error := syntax_error(example.language, example.output)) is not None
    }
    assert faults == {}


def test_every_language_given_is_the_one_detected(examples):
    wrong = [
        (example.instruction, found)
        for example in examples
        if (found := detect(example.instruction, example.input, example.output)) != example.language
    ]
    assert len(wrong) <= 0.02 * len(examples), wrong


def test_no_two_instructions_and_no_two_examples_are_near_duplicates(examples):
    assert len({example.id for example in examples}) == len(examples)
    prompts = [f"{example.instruction}\n{example.input}" for example in examples]
    assert len(set(prompts)) == len(prompts)
    assert find_neighbours(examples, 0.7).clusters == []


def test_nothing_in_it_is_near_a_task_of_humaneval(examples):
    tasks = load_benchmark("humaneval")
    assert len(tasks) == 164
    near = [
        item for item in find_overlaps(examples, {"humaneval": tasks}, 0.5) if item.kind.startswith("near")
    ]
    assert near == []
    shared = [
        item for item in find_overlaps(examples, {"humaneval": tasks}, 0.7) if item.kind == "prompt n-gram"
    ]
    assert shared == []


def test_no_prompt_is_half_like_a_prompt_of_humaneval_by_brute_force(examples):
    tasks = shingles(tokenise(task.prefix for task in load_benchmark("humaneval")))
    prompts = shingles(tokenise(f"{example.instruction}\n{example.input}" for example in examples))
    for example, ours in zip(examples, prompts, strict=True):
        assert max(jaccard(ours, task) for task in tasks) < 0.5, example.instruction


def test_it_holds_no_refusal_and_no_broken_character(examples):
    defects = find_defects(examples)
    assert (defects.refusals, defects.mojibake, defects.non_code) == (0, 0, 0)


def test_answers_are_short(examples):
    assert max(len(example.output) for example in examples) <= 1500


def test_files_hold_only_the_columns_of_the_schema():
    for name in SPLITS:
        for line in (STARTER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            assert set(json.loads(line)) <= {"instruction", "input", "output", "language", "tests"}
