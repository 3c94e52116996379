"""Answers are kept by example and completion, under one key, and merged from several ranks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
    store = GenerationStore(tmp_path / "b", {"fingerprint": "one"})
    GenerationStore(tmp_path / "a", {"fingerprint": "one"}).add([_answer("0")])
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


def test_an_answer_counts_for_the_prompt_that_it_was_given_to(tmp_path: Path):
    """Two files of one benchmark have the same ids."""
    GenerationStore(tmp_path / "a", {}, EXAMPLES).add([_answer("a"), _answer("b")])
    assert len(GenerationStore(tmp_path / "a", {}, EXAMPLES[:1]).done) == 2  # fewer samples lose none
    changed = [replace(EXAMPLES[0], instruction="Print 2."), replace(EXAMPLES[1], output="another reference")]
    store = GenerationStore(tmp_path / "a", {}, changed)
    assert store.missing(changed, Decoding(8)) == [(changed[0], 0)]
    shards = [tmp_path / "a.rank-0.jsonl", tmp_path / "a.rank-1.jsonl"]
    for shard, (example,) in zip(shards, ([EXAMPLES[0]], [changed[1]]), strict=True):
        GenerationStore(shard, {}, [example]).add([_answer(example.id)])
    merged = GenerationStore(tmp_path / "c", {}, changed)
    merged.absorb(shards)
    assert merged.missing(changed, Decoding(8)) == [(changed[0], 0)]
    for field in ("input", "prefix"):
        GenerationStore(tmp_path / "b", {}, EXAMPLES).add([_answer("a")])
        assert not GenerationStore(tmp_path / "b", {}, [replace(EXAMPLES[0], **{field: "x"})]).done


@pytest.mark.parametrize(
    "poison",
    [{"tokens": 9}, {"tokens": -1}, {"finish": "done"}, {"finish": ""}, {"completion": -1}],
    ids=str,
)
def test_an_answer_that_no_decoding_gives_does_not_count(tmp_path: Path, poison: dict[str, object]):
    key = {"decoding": {"max_new_tokens": 8}}
    entry = replace(_answer("a"), **poison)
    GenerationStore(tmp_path / "a", key).add([entry, _answer("b")])
    assert [item.id for item in GenerationStore(tmp_path / "a", key).done.values()] == ["b"]
