"""HumanEval and MBPP rows become examples whose tests decide."""

import gzip
import json

import pytest

from src.evaluation.benchmarks import load_benchmark
from src.schema import UserError

HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'def twice(n):\n    """Double n."""\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function that doubles a number.",
    "code": "def twice(n):\r\n    return 2 * n\r\n",
    "test_list": ["assert twice(2) == 4", "assert twice(0) == 0"],
    "test_setup_code": "",
}
SANITIZED = {
    "task_id": 12,
    "prompt": "Write a function that halves a number.",
    "code": "def half(n):\n    return n / 2",
    "test_list": ["assert half(4) == 2"],
    "test_imports": ["import math"],
}


@pytest.fixture
def written(tmp_path):
    def write(name, *rows):
        path = tmp_path / name
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return str(path)

    return write


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_humaneval_is_read_plain_and_compressed(written, name):
    (example,) = load_benchmark("humaneval", written(name, HUMANEVAL))
    assert example.id == "HumanEval/900"
    assert example.instruction == example.prefix == HUMANEVAL["prompt"]
    assert example.tests == HUMANEVAL["test"] + "\ncheck(twice)\n"
    assert example.language == "python"


def test_mbpp_prompts_show_their_tests(written):
    (example,) = load_benchmark("mbpp", written("m.jsonl", MBPP))
    assert example.instruction.endswith("assert twice(2) == 4\nassert twice(0) == 0")
    assert example.tests == "assert twice(2) == 4\nassert twice(0) == 0\n"
    assert "\r" not in example.output


def test_sanitized_mbpp_brings_its_imports(written):
    (example,) = load_benchmark("mbpp", written("m.jsonl", SANITIZED))
    assert example.tests.startswith("import math\n")


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [("humaneval", [MBPP], "is not humaneval"), ("humaneval", [], "no rows"), ("other", [], "choose one of")],
)
def test_a_wrong_file_is_named_with_what_to_do(written, name, rows, message):
    with pytest.raises(UserError, match=message):
        load_benchmark(name, written("x.jsonl", *rows))


def test_a_missing_or_broken_file_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no file"):
        load_benchmark("mbpp", str(tmp_path / "none.jsonl"))
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(UserError, match="not jsonl"):
        load_benchmark("mbpp", str(tmp_path / "bad.jsonl"))
