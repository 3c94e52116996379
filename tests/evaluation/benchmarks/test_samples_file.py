"""Answers become EvalPlus's samples file and come back as answers with the same verdicts."""

import json

import pytest

from src.evaluation.benchmarks.rows import to_example
from src.evaluation.benchmarks.samples_file import read_samples, samples_text
from src.evaluation.execution.judge import judge
from src.evaluation.extraction.extract import extract
from src.evaluation.predictions import to_samples
from src.schema import Generation, UserError
from tests.evaluation.benchmarks.files import HUMANEVALPLUS, MBPPPLUS, write_rows
from tests.evaluation.samples import sample_score

EXAMPLES = [to_example("humanevalplus", HUMANEVALPLUS), to_example("mbppplus", MBPPPLUS)]
ANSWERS = [
    ("HumanEval/900", "    return 2 * n\n", True),
    ("HumanEval/900", "```python\ndef twice(n):\n    return n + n\n```\nIt adds.", True),
    ("HumanEval/900", "    return n\n", False),
    ("HumanEval/900", "I cannot do that.", False),
    ("HumanEval/900", "", False),
    ("Mbpp/900", "Here:\n```\ndef half(n):\n    return n / 2\n```", True),
    ("Mbpp/900", "def half(n):\n    return n // 3", False),
]


def written(path, samples):
    scores = [sample_score(item.id, code=extract(item.prediction, "python").code) for item in samples]
    path.write_text(samples_text(samples, scores), encoding="utf-8")
    return path


def verdicts(sandbox, samples):
    return [
        judge(sandbox, item, extract(item.prediction, "python").code).outcome == "passed" for item in samples
    ]


@pytest.fixture
def samples():
    numbers = [sum(task == name for task, _, _ in ANSWERS[:at]) for at, (name, _, _) in enumerate(ANSWERS)]
    generations = [
        Generation(task, text, 0, "", number)
        for (task, text, _), number in zip(ANSWERS, numbers, strict=True)
    ]
    return to_samples(EXAMPLES, generations)


def test_a_solution_is_the_whole_program_that_was_run(tmp_path, samples):
    lines = [json.loads(line) for line in written(tmp_path / "s.jsonl", samples).read_text().splitlines()]
    assert [set(line) for line in lines] == [{"task_id", "solution"}] * len(ANSWERS)
    assert lines[0] == {"task_id": "HumanEval/900", "solution": HUMANEVALPLUS["prompt"] + "    return 2 * n"}
    assert lines[4]["solution"] == ""
    assert lines[5]["solution"] == "def half(n):\n    return n / 2"


def test_answers_that_come_back_have_the_same_verdicts(tmp_path, sandbox, samples):
    expected = [right for _, _, right in ANSWERS]
    assert verdicts(sandbox, samples) == expected
    back = read_samples(written(tmp_path / "s.jsonl", samples), EXAMPLES)
    assert [(item.id, item.completion, item.tests) for item in back] == [
        (item.id, item.completion, item.tests) for item in samples
    ]
    assert verdicts(sandbox, back) == expected
    again = read_samples(written(tmp_path / "t.jsonl", back), EXAMPLES)
    assert verdicts(sandbox, again) == expected


def test_a_completion_continues_the_prompt(tmp_path):
    write_rows(tmp_path / "s.jsonl.gz", {"task_id": "HumanEval/900", "completion": "    return 2 * n\n"})
    (sample,) = read_samples(tmp_path / "s.jsonl.gz", EXAMPLES)
    assert (sample.prediction, sample.prefix) == ("    return 2 * n\n", HUMANEVALPLUS["prompt"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"task_id": "HumanEval/901", "solution": ""},
            "line 1: 'HumanEval/901' is no task of this benchmark",
        ),
        ({"task_id": "HumanEval/900"}, "line 1: not a sample; expected JSON lines with a task_id"),
        ({"task_id": "HumanEval/900", "solution": ["a"]}, "line 1: not a sample"),
        ({"task_id": 900, "solution": "a"}, "line 1: not a sample"),
        (["a"], "line 1: not a sample"),
    ],
)
def test_another_file_is_refused_by_its_line(tmp_path, row, message):
    write_rows(tmp_path / "s.jsonl", row)
    with pytest.raises(UserError, match=message):
        read_samples(tmp_path / "s.jsonl", EXAMPLES)
