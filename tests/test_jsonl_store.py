"""Records are on disk once appended, and only those of the same key that parse come back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from src.jsonl_store import JsonlStore


@dataclass
class Pair:
    name: str
    value: int


def _store(path: Path, key: int = 1) -> JsonlStore[Pair]:
    return JsonlStore(path, {"model": key}, lambda values: Pair(**values))


def test_what_is_appended_comes_back_in_order(tmp_path: Path):
    store = _store(tmp_path / "new" / "a.jsonl")
    assert store.entries == []
    store.append([Pair("a", 1), Pair("\u2028\n", 2)])
    store.append([Pair("c", 3)])
    assert _store(store.path).entries == [Pair("a", 1), Pair("\u2028\n", 2), Pair("c", 3)]
    assert [json.loads(line) for line in store.path.read_text().splitlines()] == [
        {"model": 1}, {"name": "a", "value": 1}, {"name": "\u2028\n", "value": 2}, {"name": "c", "value": 3},
    ]  # fmt: skip


def test_records_of_another_key_are_dropped(tmp_path: Path):
    _store(tmp_path / "a.jsonl").append([Pair("a", 1)])
    assert _store(tmp_path / "a.jsonl", key=2).entries == []
    assert (tmp_path / "a.jsonl").read_text() == '{"model": 2}\n'


BROKEN = [
    '{"name": "b", "val',
    "3",
    '{"name": "b"}',
    '{"name": "b", "value": 1, "more": 2}',
    "",
    "[" * 100_000,
]


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:20])
def test_everything_from_the_first_broken_line_is_dropped_and_the_file_stays_usable(
    tmp_path: Path, line: str
):
    path = tmp_path / "a.jsonl"
    _store(path).append([Pair("a", 1)])
    path.write_text(path.read_text() + line + '\n{"name": "c", "value": 3}\n')
    store = _store(path)
    assert store.entries == [Pair("a", 1)]
    store.append([Pair("d", 4)])
    assert _store(path).entries == [Pair("a", 1), Pair("d", 4)]
