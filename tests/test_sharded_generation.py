"""Answers made by several processes are those of one, in the same order, and only the first process scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from src.generation.generate import own_part
from src.generation.settings import Decoding
from src.generation.store import GenerationStore
from src.schema import Generation
from tests import launching, tiny

KEYS = [(str(number), 0) for number in range(23)]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("processes", [1, 2, 3, 40])
def test_every_prompt_is_answered_by_one_process(temperature: float, processes: int) -> None:
    decoding = Decoding(8, temperature)
    parts = [own_part(KEYS, 4, decoding, (rank, processes)) for rank in range(processes)]
    assert sorted(key for part in parts for key in part) == sorted(KEYS)


def test_drawn_answers_keep_the_batches_of_one_process() -> None:
    """The draw of a batch depends on what is in it."""
    alone = [KEYS[start : start + 4] for start in range(0, len(KEYS), 4)]
    parts = [own_part(KEYS, 4, Decoding(8, 0.7), (rank, 2)) for rank in range(2)]
    batches = [part[start : start + 4] for part in parts for start in range(0, len(part), 4)]
    assert sorted(batches) == sorted(alone)


def test_what_an_interrupted_run_left_apart_is_taken_over(tmp_path: Path) -> None:
    key = {"model": 1}
    for rank in range(2):
        GenerationStore(tmp_path / f"answers.rank-{rank}.jsonl", key).add(
            [Generation(str(rank), f"text {rank}", 2, "stop")]
        )
    GenerationStore(tmp_path / "answers.rank-2.jsonl", {"model": 2}).add([Generation("9", "x", 1, "stop")])
    store = GenerationStore(tmp_path / "answers.jsonl", key)
    store.absorb(list(tmp_path.glob("answers.rank-*.jsonl")))
    assert [path.name for path in tmp_path.iterdir()] == ["answers.jsonl"]
    assert sorted(GenerationStore(tmp_path / "answers.jsonl", key).done) == [("0", 0), ("1", 0)]


def test_two_processes_answer_and_score_as_one(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    drawn = ["--num_completions", "3", "--temperature", "0.8"]
    flags = [
        "--model_path", str(tiny_model), *drawn,
        *tiny.flags(tiny_model, tiny_data, tmp_path, "evaluation.batch_size=3"),
    ]  # fmt: skip
    results = []
    for count in (1, 2):
        output = tmp_path / str(count)
        words = launching.command(
            "evaluate.py", *flags, "--output_dir", str(output), "--name", "run", processes=count
        )
        status, out, err = launching.run(words)
        assert status == 0, err[-3000:]
        assert out.count("wrote ") == 1
        folder = output / "runs" / "run"
        assert not list(folder.glob("answers.rank-*"))
        results.append((folder / "generations.jsonl").read_bytes())
    assert results[0].count(b"\n") == 12
    assert results[0] == results[1]
