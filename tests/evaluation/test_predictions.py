"""Predictions files: read as they were written, and refused by line where they are broken."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from src.evaluation.predictions import predictions_text, read_origin, read_predictions, write_answers
from src.schema import Sample, UserError

LINE = {"id": "a", "instruction": "Add.", "input": "", "reference": "print(1 + 1)", "prediction": "print(2)"}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_samples_come_back_as_they_were_written(tmp_path: Path):
    samples = [
        Sample(str(n), "do", "x \u2028 y", "ref", f"pred \0 {n}", "python", "assert 1", "def f():", "stop", c)
        for n in range(3)
        for c in range(2)
    ]
    path = tmp_path / "p.jsonl"
    path.write_text(predictions_text(samples), encoding="utf-8")
    assert read_predictions(path) == samples


def test_the_order_of_the_lines_does_not_matter(tmp_path: Path):
    rows = [LINE | {"id": f"{n:02}"} for n in range(20)]
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    assert read_predictions(write(tmp_path / "a", *rows)) == read_predictions(
        write(tmp_path / "b", *shuffled)
    )


def test_a_language_is_detected_where_none_is_given_and_read_under_its_aliases(tmp_path: Path):
    path = write(
        tmp_path / "p.jsonl",
        LINE,
        LINE | {"id": "b", "language": "JS"},
        LINE | {"id": "c", "language": ""},
        LINE | {"id": "d", "tests": "assert f(1)"},
        LINE | {"id": "e", "language": "COBOL"},
    )
    assert [s.language for s in read_predictions(path)] == ["python", "javascript", "", "python", "cobol"]


def test_null_is_no_answer_and_a_number_is_an_id(tmp_path: Path):
    [sample] = read_predictions(write(tmp_path / "p", LINE | {"id": 7, "prediction": None, "input": None}))
    assert (sample.id, sample.prediction, sample.input) == ("7", "", "")


BROKEN = [  # content, message
    (b"", "holds no predictions"),
    (b"\n\n", "holds no predictions"),
    (b"[1, 2]\n", "line 1 is not an object"),
    (b'{"id": "a"}\n', "line 1 lacks 'instruction'"),
    (json.dumps(LINE).encode() + b"\n{oops\n", "line 2 is not JSON"),
    (json.dumps(LINE).encode()[:-5], "line 1 is not JSON (cut off?)"),
    (json.dumps(LINE).encode() + b"\n" + json.dumps(LINE).encode(), "id 'a' occurs twice"),
    (json.dumps(LINE | {"prediction": 3}).encode(), "prediction must be a text, got int"),
    (json.dumps(LINE | {"reference": None}).encode(), "reference must be a text, got NoneType"),
    (json.dumps(LINE | {"completion": -1}).encode(), "completion must be a whole number"),
    (json.dumps(LINE | {"completion": True}).encode(), "completion must be a whole number"),
    (b"\xff\xfe" + json.dumps(LINE).encode("utf-16-le"), "is not UTF-8"),
    (b"[" * 100_000, "line 1 is not JSON"),
    (b'{"a": ' * 100_000, "line 1 is not JSON"),
    (b'{"id": ' + b"9" * 10_000 + b"}", "line 1 is not JSON"),
    (
        json.dumps(LINE | {"id": "\ud800"}).encode(),
        "line 1: id must be plain text in one line, got '\\ud800'",
    ),
    (json.dumps(LINE | {"id": "a\nb"}).encode(), "line 1: id must be plain text"),
    (json.dumps(LINE | {"id": "a\0" + "b" * 10**6}).encode(), "line 1: id must be plain text"),
    (json.dumps(LINE | {"language": "\ud800"}).encode(), "line 1: language must be plain text"),
    (json.dumps(LINE | {"prediction": float("nan")}).encode(), "prediction must be a text, got float"),
    (json.dumps(LINE | {"completion": float("inf")}).encode(), "whole number of 0 or more, got inf"),
    (json.dumps(LINE | {"completion": 10**4_000}).encode(), "completion must be below 2147483648"),
    (json.dumps(LINE)[:-1].encode() + b', "completion": ' + b"[" * 300 + b"]" * 300 + b"}", "got list"),
    (json.dumps(LINE)[:-1].encode() + b', "id": "b"}', "line 1 has the key 'id' twice"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "p.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_predictions(path)
    assert message in str(caught.value)
    assert "p.jsonl" in str(caught.value)
    assert str(caught.value).isascii()
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 600


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path):
    with pytest.raises(UserError, match="no predictions file"):
        read_predictions(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="is a folder"):
        read_predictions(tmp_path)


def test_a_lone_surrogate_becomes_the_replacement_character_except_in_an_id(tmp_path: Path):
    names = ("instruction", "input", "reference", "prediction", "prefix", "finish")
    path = write(tmp_path / "p", LINE | dict.fromkeys(names, "a\ud800\udc00\udfffb"))
    [sample] = read_predictions(path)
    assert {getattr(sample, name) for name in names} == {"a\U00010000\ufffdb"}


def test_a_language_that_is_not_known_and_texts_of_a_megabyte_are_kept(tmp_path: Path):
    text = "\0\u202e\ufeff\r" + "a" * 2**20
    line = LINE | {"language": " Brainfuck\n", "prediction": text, "extra": {"b": [float("nan"), 10**300]}}
    [sample] = read_predictions(write(tmp_path / "p", line))
    assert (sample.language, sample.prediction) == ("brainfuck", text)


NO_NAMES = ["../out", "/tmp/out", "a/b", "a\\b", "..", ".", "", "n" * 300, "\x1b[2J\u202e", 3, None]


@pytest.mark.parametrize("name", NO_NAMES)
def test_answers_of_a_stranger_are_scored_into_a_folder_of_a_plain_name(tmp_path: Path, name: object) -> None:
    """The name in origin.json becomes that of a folder."""
    path = write_answers(tmp_path, [Sample("a", "Add.", "", "x", "y")], {"name": name})
    with pytest.raises(UserError, match=r"origin\.json is damaged; fetch it again, or delete it"):
        read_origin(path)
    write_answers(tmp_path, [Sample("a", "Add.", "", "x", "y")], {"name": "checkpoints-lora--starter_1.0"})
    assert read_origin(path)["name"] == "checkpoints-lora--starter_1.0"
