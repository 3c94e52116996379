"""Tests that are calls survive their text, with the types that JSON lacks; whatever is no such text is none."""

import json

import pytest

from src.evaluation.benchmarks.calls import HUMANEVAL, MBPP, Calls, calls_text, parse_calls
from tests.evaluation.benchmarks.files import HUMANEVALPLUS


def arguments(task, *inputs, dataset=MBPP):
    row = {
        "task_id": f"Mbpp/{task}",
        "entry_point": "f",
        "atol": 0,
        "base_input": [],
        "plus_input": list(inputs),
    }
    found = parse_calls(calls_text(dataset, row))
    assert found is not None
    return found.plus


def test_calls_come_back_from_their_text():
    assert parse_calls(calls_text(HUMANEVAL, HUMANEVALPLUS)) == Calls(
        HUMANEVAL, "HumanEval/900", "twice", 0.0, [[2], [0]], [[-1], [10**20], ["ab"], [[1, 2.5]]]
    )


@pytest.mark.parametrize(
    ("task", "given", "expected"),  # the types that the tasks' own asserts and contracts ask for
    [
        (3, [[1, 2]], [[1, 2]]),
        (2, [[1], [2]], [(1,), (2,)]),
        (63, [[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
        (75, [[[1, 2]], 5], [[(1, 2)], 5]),
        (106, [[1], [2]], [[1], (2,)]),
        (115, [[[1, 1], []]], [[{1}, {}]]),
        (124, [1, "2j"], [1.0, 2j]),
        (250, [[1, 2], 1], [(1, 2), 1]),
        (252, ["1+2j"], [1 + 2j]),
        (259, [[[1], [2]], [[3]]], [((1,), (2,)), ((3,),)]),
        (278, [[1, [2, 3]]], [(1, (2, 3))]),
        (307, [[1, []], 1, 2], [(1, []), 1, 2]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
        (722, [{"a": [1, 2]}, 3], [{"a": (1, 2)}, 3]),
    ],
)
def test_tuples_sets_and_complex_numbers_are_restored_by_the_task(task, given, expected):
    assert arguments(task, given) == [expected]
    assert arguments(task, given, dataset=HUMANEVAL) == [given]


def test_infinite_numbers_survive():
    assert arguments(3, [float("inf")]) == [[float("inf")]]


@pytest.mark.parametrize(
    "text",
    [
        "", "assert f(1) == 2", '{"a": 1}', '{"evalplus": "humaneval"', '{"evalplus": "humaneval"}',
        json.dumps({"evalplus": MBPP, "task_id": "Mbpp/2", "entry_point": "f", "atol": 0, "base_input": [[1]], "plus_input": []}),
        json.dumps({"evalplus": MBPP, "task_id": "Mbpp/3", "entry_point": "f", "atol": "x", "base_input": [], "plus_input": []}),
        '{"evalplus": ' + "[" * 100_000,
    ],
    ids=range(8),
)  # fmt: skip
def test_other_tests_are_no_calls(text):
    assert parse_calls(text) is None
