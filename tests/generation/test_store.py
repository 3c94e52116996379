"""Answers are kept by example and completion, under one key, and merged from several ranks."""

from __future__ import annotations

import json
from pathlib import Path

from src.generation.settings import Decoding
from src.generation.store import GenerationStore
from src.schema import Example, Generation

EXAMPLES = [Example(name, f"Print {name}.", "", "x") for name in "ab"]


def _answer(name: str, completion: int = 0) -> Generation:
    return Generation(name, f"{name}{completion}", 1, "stop", completion)


def test_answers_come_back_completion_by_completion_in_the_order_of_the_examples(tmp_path: Path):
    store, decoding = GenerationStore(tmp_path / "a", {}), Decoding(8, 0.7, num_completions=2)
    store.add([_answer("b", 1), _answer("a")])
    assert store.missing(EXAMPLES, decoding) == [(EXAMPLES[1], 0), (EXAMPLES[0], 1)]
    store.add([_answer("a", 1), _answer("b")])
    assert store.missing(EXAMPLES, decoding) == []
    assert [item.text for item in store.of(EXAMPLES, decoding)] == ["a0", "b0", "a1", "b1"]
    assert GenerationStore(tmp_path / "a", {}).done == store.done


def test_answers_of_another_model_or_decoding_do_not_count(tmp_path: Path):
    store = GenerationStore(tmp_path / "a", {"fingerprint": "one"})
    (tmp_path / "a").write_text(
        json.dumps({"fingerprint": "one"})
        + '\n{"id": "0", "text": "x", "tokens": 1, "finish": "stop", "completion": 0}\n'
    )
    assert len(GenerationStore(tmp_path / "a", {"fingerprint": "one"}).done) == 1
    assert GenerationStore(tmp_path / "a", {"fingerprint": "two"}).done == {}
    assert store.done == {}


def test_the_files_of_several_ranks_are_merged_and_deleted(tmp_path: Path):
    key = {"model": 1}
    for rank in range(2):
        GenerationStore(tmp_path / f"answers.rank-{rank}.jsonl", key).add([_answer(str(rank))])
    GenerationStore(tmp_path / "answers.rank-2.jsonl", {"model": 2}).add([_answer("9")])
    store = GenerationStore(tmp_path / "answers.jsonl", key)
    store.absorb(list(tmp_path.glob("answers.rank-*.jsonl")))
    assert [path.name for path in tmp_path.iterdir()] == ["answers.jsonl"]
    assert sorted(GenerationStore(tmp_path / "answers.jsonl", key).done) == [("0", 0), ("1", 0)]
