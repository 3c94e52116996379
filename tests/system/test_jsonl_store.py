"""Records are on disk once appended, and only those of the same key that parse come back."""

from __future__ import annotations

import json
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
    assert [json.loads(line) for line in store.path.read_text().splitlines()] == [
        {"model": 1}, {"name": "a", "value": 1}, {"name": "\u2028\n", "value": 2}, {"name": "c", "value": 3},
    ]  # fmt: skip


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
def test_everything_from_the_first_broken_line_is_dropped_and_the_file_stays_usable(
    tmp_path: Path, line: str
):
    path = tmp_path / "a.jsonl"
    _store(path).add([Pair("a", 1)])
    path.write_text(path.read_text() + line + '\n{"name": "c", "value": 3}\n')
    store = _store(path)
    assert _entries(store) == [Pair("a", 1)]
    store.add([Pair("d", 4)])
    assert _entries(_store(path)) == [Pair("a", 1), Pair("d", 4)]


def test_of_two_records_of_one_name_the_later_counts(tmp_path: Path):
    store = _store(tmp_path / "a.jsonl")
    store.add([Pair("a", 1), Pair("b", 2), Pair("a", 3)])
    assert _entries(store) == _entries(_store(store.path)) == [Pair("a", 3), Pair("b", 2)]
    assert len(store.path.read_text().splitlines()) == 3  # the key and the two that count
