"""A test set has as many samples as were requested, and its own solutions pass its tests."""

import logging

import pytest

from src.config import load_config
from src.evaluation.benchmarks.test_set import load_test_set
from src.schema import UserError
from tests.evaluation.benchmarks.files import HUMANEVAL, MBPP, write_rows

ALL = load_config(overrides=["evaluation.num_samples=0"])


def test_a_test_set_is_the_first_samples_or_all_and_never_fewer_than_requested(tmp_path):
    path = write_rows(tmp_path / "m.jsonl", *(MBPP | {"task_id": n} for n in range(3)))

    def ids(count):
        config = load_config(overrides=[f"evaluation.num_samples={count}"])
        return [example.id for example in load_test_set(config, "mbpp", path).examples]

    assert ids(2) == ["MBPP/0", "MBPP/1"]
    assert ids(0) == ["MBPP/0", "MBPP/1", "MBPP/2"]
    with pytest.raises(UserError, match=r"num_samples is 4 but the test set mbpp has 3"):
        ids(4)


def test_the_test_split_says_where_its_data_are_from_whatever_its_folder_is_called(tiny_data):
    config = load_config(overrides=[f"data.dataset_path={tiny_data}", "evaluation.num_samples=0"])
    made = load_test_set(config)
    assert made.name == tiny_data.name
    assert made.source.keys() == {"test_set_origin", "test_set_licence"}
    assert all(made.source.values())


def test_the_file_of_a_benchmark_is_refused_for_another_test_set(config):
    with pytest.raises(UserError, match="goes with --benchmark humaneval or mbpp"):
        load_test_set(config, "codealpaca", "m.jsonl")


@pytest.mark.parametrize(
    ("benchmark", "row"),
    [
        ("mbpp", MBPP | {"code": "def twice(n):\n    return n"}),
        ("mbpp", MBPP | {"code": "def double(n):\n    return 2 * n"}),
        # valid Python, but a program of another language whose tests it does not know
        ("humaneval", HUMANEVAL | {"test": "check = twice\nassert twice('2') == 4\n"}),
    ],
)
def test_a_file_whose_solutions_fail_its_tests_is_refused(tmp_path, benchmark, row):
    path = write_rows(tmp_path / "x.jsonl", row)
    with pytest.raises(UserError, match=r"1 of 1 solutions in .*x\.jsonl fail its own tests"):
        load_test_set(ALL, benchmark, path)


def test_one_bad_solution_among_good_ones_is_a_warning(tmp_path, caplog):
    bad = MBPP | {"task_id": 13, "code": "def twice(n):\n    return n"}
    path = write_rows(tmp_path / "x.jsonl", MBPP, MBPP | {"task_id": 12}, bad)
    with caplog.at_level(logging.WARNING):
        assert len(load_test_set(ALL, "mbpp", path).examples) == 3
    assert "1 of 3 solutions" in caplog.text
    assert "MBPP/13" in caplog.text


def test_solutions_that_need_a_package_that_is_not_here_are_a_warning(tmp_path, caplog):
    path = write_rows(tmp_path / "x.jsonl", MBPP | {"code": f"import tensorflow\n{MBPP['code']}"})
    with caplog.at_level(logging.WARNING):
        assert len(load_test_set(ALL, "mbpp", path).examples) == 1
    assert "1 of 1 solutions" in caplog.text
