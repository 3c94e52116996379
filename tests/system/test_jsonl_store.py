"""Records are on disk once appended, and only those of the same key that parse come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from src.system.jsonl_store import JsonlStore


@dataclass
class Pair:
    name: str
    value: int


def _store(path: Path, key: int = 1) -> JsonlStore[str, Pair]:
    return JsonlStore(path, {"model": key}, Pair, lambda pair: pair.name)


def _entries(store: JsonlStore[str, Pair]) -> list[Pair]:
    return list(store.done.values())


def test_what_is_appended_comes_back_in_order(tmp_path: Path):
    store = _store(tmp_path / "new" / "a.jsonl")
    assert store.done == {}
    store.add([Pair("a", 1), Pair("\u2028\n", 2)])
    store.add([Pair("c", 3)])
    assert (
        _entries(store) == _entries(_store(store.path)) == [Pair("a", 1), Pair("\u2028\n", 2), Pair("c", 3)]
    )
    written = [json.loads(line) for line in store.path.read_text().splitlines()]
    assert [{**line, "crc": ""} for line in written[1:]] == [
        {"crc": "", "name": "a", "value": 1}, {"crc": "", "name": "\u2028\n", "value": 2},
        {"crc": "", "name": "c", "value": 3},
    ]  # fmt: skip
    assert written[0] == {"model": 1}


def test_records_of_another_key_are_dropped(tmp_path: Path):
    _store(tmp_path / "a.jsonl").add([Pair("a", 1)])
    assert _store(tmp_path / "a.jsonl", key=2).done == {}
    assert (tmp_path / "a.jsonl").read_text() == '{"model": 2}\n'


BROKEN = [
    '{"name": "b", "val',
    "3",
    '{"name": "b"}',
    '{"name": "b", "value": 1, "more": 2}',
    '{"name": "b", "value": "1"}',
    "",
    "[" * 100_000,
]


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:20])
def test_a_broken_line_is_dropped_alone_and_the_file_stays_usable(
    tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "a.jsonl"
    _store(path).add([Pair("a", 1), Pair("c", 3)])
    key, first, last = path.read_text().splitlines()
    path.write_text("\n".join([key, first, line, last, ""]))
    store = _store(path)
    assert _entries(store) == [Pair("a", 1), Pair("c", 3)]
    assert [record.getMessage() for record in caplog.records] == (
        [f"1 damaged lines of {path} are ignored and made again"] if line else []
    )
    store.add([Pair("d", 4)])
    assert _entries(_store(path)) == [Pair("a", 1), Pair("c", 3), Pair("d", 4)]


POISONS: dict[str, Callable[[bytes], bytes]] = {
    "another value": lambda line: line.replace(b'"value": 1', b'"value": 7'),
    "another name": lambda line: line.replace(b'"name": "a"', b'"name": "b"'),
    "a bit": lambda line: bytes([*line[:-4], line[-4] ^ 1, *line[-3:]]),
    "cut off": lambda line: line[:-9],
    "no checksum": lambda line: b'{"name": "a", "value": 1}',
    "another checksum": lambda line: line.replace(b'"crc": "', b'"crc": "f')[:-2] + b"}",
    "a checksum that is a list": lambda line: b'{"crc": [], "name": "a", "value": 1}',
    "a field twice": lambda line: line[:-1] + b', "value": 1}',
    "no UTF-8": lambda line: line[:-4] + b"\xff" + line[-4:],
    "NUL": lambda line: b"\0" * len(line),
    "two in one": lambda line: line + line,
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_a_line_that_is_not_what_was_written_does_not_count(tmp_path: Path, poison: Callable[[bytes], bytes]):
    path = tmp_path / "a.jsonl"
    _store(path).add([Pair("a", 1)])
    key, line = path.read_bytes().splitlines()
    assert _store(path).done
    path.write_bytes(key + b"\n" + poison(line) + b"\n")
    assert _store(path).done == {}


def test_a_line_of_a_store_under_another_key_does_not_count(tmp_path: Path):
    for key in (1, 2):
        _store(tmp_path / f"{key}.jsonl", key).add([Pair("a", key)])
    line = (tmp_path / "2.jsonl").read_text().splitlines()[1]
    with (tmp_path / "1.jsonl").open("a") as stream:
        stream.write(line + "\n")
    assert _entries(_store(tmp_path / "1.jsonl")) == [Pair("a", 1)]


def test_what_a_store_does_not_accept_is_dropped(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    _store(path).add([Pair("a", 1), Pair("b", -1)])
    store = JsonlStore(path, {"model": 1}, Pair, lambda pair: pair.name, lambda pair: pair.value > 0)
    assert _entries(store) == [Pair("a", 1)]


def test_of_two_records_of_one_name_the_later_counts(tmp_path: Path):
    store = _store(tmp_path / "a.jsonl")
    store.add([Pair("a", 1), Pair("b", 2), Pair("a", 3)])
    assert _entries(store) == _entries(_store(store.path)) == [Pair("a", 3), Pair("b", 2)]
    assert len(store.path.read_text().splitlines()) == 3  # the key and the two that count
