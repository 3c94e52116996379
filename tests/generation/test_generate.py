"""Answers do not depend on batches or ranks, and none is generated twice."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch

from src.config import load_config
from src.data.preprocessing import NEXT_TURN, prompt_ids
from src.generation.continuous.steps import CaptureError, Steps
from src.generation.generate import generate_missing, own_shard
from src.generation.self_check import PATHS, SLOTS
from src.generation.settings import Decoding, end_tokens, generation_config
from src.generation.store import GenerationStore
from src.generation.streaming import stream_answer
from src.models.hardware import decide
from src.models.loading import load_base, load_tokenizer
from src.schema import Example, UserError
from tests import tiny

EXAMPLES = [Example(str(n), f"Print {'very ' * (n * 7 % 23)}much {n}", "x" * (n % 3), "y") for n in range(11)]
LENGTH = 75  # more than two poll intervals


@pytest.fixture(scope="module", params=tiny.ARCHITECTURES)
def loaded(request, tiny_models):
    config = load_config(overrides=["model.device=cpu"]).model
    place = str(tiny_models[request.param])
    return load_base(place, config, decide(config)), load_tokenizer(place, config)


def _answers(loaded, store, decoding=None, batch=0, examples=EXAMPLES):
    decoding = decoding or Decoding(LENGTH)
    generate_missing(*loaded, store.missing(examples, decoding), decoding, store, batch)
    return store.of(examples, decoding)


def test_greedy_answers_are_those_of_plain_generate_one_by_one(loaded, tmp_path: Path):
    model, tokenizer = loaded
    ends = end_tokens(model, tokenizer)
    settings = generation_config(Decoding(LENGTH), LENGTH, ends, tokenizer.pad_token_id)
    for example, answer in zip(
        EXAMPLES, _answers(loaded, GenerationStore(tmp_path / "a", {}), batch=4), strict=True
    ):
        ids = prompt_ids(tokenizer, example.instruction, example.input)
        plain = model.generate(torch.tensor([ids]), generation_config=settings).sequences[0, len(ids) :]
        assert answer.text == tokenizer.decode(plain, skip_special_tokens=True)
        assert answer.tokens == len(plain)
        assert answer.finish == ("stop" if int(plain[-1]) in ends else "length")


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_answers_do_not_depend_on_the_batch_size_or_the_order(loaded, tmp_path: Path, batch: int):
    shuffled = random.Random(batch).sample(EXAMPLES, len(EXAMPLES))
    found = _answers(loaded, GenerationStore(tmp_path / "a", {}), batch=batch, examples=shuffled)
    expected = _answers(loaded, GenerationStore(tmp_path / "b", {}), batch=5)
    assert sorted(found, key=lambda item: item.id) == sorted(expected, key=lambda item: item.id)


def test_static_batches_give_the_same_answers(loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    expected = _answers(loaded, GenerationStore(tmp_path / "a", {}), batch=4)
    monkeypatch.setattr("src.generation.self_check.supports_slots", lambda model, length: False)
    assert _answers(loaded, GenerationStore(tmp_path / "b", {}), batch=4) == expected


def test_where_no_graph_can_be_captured_static_batches_answer_the_rest(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    config = load_config(overrides=["model.device=cpu"]).model
    loaded = load_base(str(tiny_model), config, decide(config)), load_tokenizer(str(tiny_model), config)
    expected = _answers(loaded, GenerationStore(tmp_path / "a", {}))

    def refuses(*_):
        raise CaptureError("operation not permitted when stream is capturing")

    monkeypatch.setattr("src.generation.generate.decoding_path", lambda *_: SLOTS)
    monkeypatch.setattr(Steps, "start", refuses)
    assert _answers(loaded, GenerationStore(tmp_path / "b", {})) == expected
    assert caplog.text.count("without CUDA graphs") == 1


def test_nothing_is_generated_twice(loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = _answers(loaded, GenerationStore(tmp_path / "a", {"model": 1}))
    monkeypatch.setattr(type(loaded[0]), "forward", None)
    assert _answers(loaded, GenerationStore(tmp_path / "a", {"model": 1})) == first


def test_a_stopped_run_resumes_where_it_was(tmp_path: Path, tiny_model: Path):
    config = load_config(overrides=["model.device=cpu"]).model
    loaded = load_base(str(tiny_model), config, decide(config)), load_tokenizer(str(tiny_model), config)
    expected = _answers(loaded, GenerationStore(tmp_path / "a", {}), batch=2)
    lines = (tmp_path / "a").read_text().splitlines(keepends=True)
    (tmp_path / "b").write_text("".join(lines[:5]) + lines[5][:20])  # a crash cut off a line
    store = GenerationStore(tmp_path / "b", {})
    assert len(store.done) == 4
    assert len(store.missing(EXAMPLES, Decoding(LENGTH))) == len(EXAMPLES) - 4
    assert _answers(loaded, store, batch=2) == expected
    for line in (tmp_path / "b").read_text().splitlines():
        json.loads(line)


def test_sampling_is_repeatable_and_completions_differ(tmp_path: Path, tiny_model: Path):
    config = load_config(overrides=["model.device=cpu"]).model
    loaded = load_base(str(tiny_model), config, decide(config)), load_tokenizer(str(tiny_model), config)
    decoding = Decoding(20, temperature=1.0, top_p=0.95, num_completions=3, seed=7)
    runs = [_answers(loaded, GenerationStore(tmp_path / name, {}), decoding) for name in "ab"]
    assert runs[0] == runs[1]
    assert [item.completion for item in runs[0]] == [0] * 11 + [1] * 11 + [2] * 11
    assert len({item.text for item in runs[0] if item.id == "3"}) == 3
    alone = _answers(loaded, GenerationStore(tmp_path / "c", {}), decoding, batch=2)
    assert alone == runs[0]  # nor do they depend on the batch
    other = Decoding(20, temperature=1.0, top_p=0.95, num_completions=3, seed=8)
    assert _answers(loaded, GenerationStore(tmp_path / "d", {}), other) != runs[0]


def test_the_shards_of_several_ranks_sample_what_one_process_would(tmp_path: Path, tiny_model: Path):
    config = load_config(overrides=["model.device=cpu"]).model
    loaded = load_base(str(tiny_model), config, decide(config)), load_tokenizer(str(tiny_model), config)
    decoding = Decoding(20, temperature=1.0, top_p=0.95, num_completions=2, seed=7)
    whole = GenerationStore(tmp_path / "whole", {})
    _answers(loaded, whole, decoding)
    shares = []
    for rank in range(3):
        part = GenerationStore(tmp_path / f"part-{rank}", {})
        generate_missing(
            *loaded, part.missing(EXAMPLES, decoding), decoding, part, batch_size=4, share=(rank, 3)
        )
        shares.append(part.done)
    assert [len(share) for share in shares] == [8, 7, 7]
    assert {**shares[0], **shares[1], **shares[2]} == whole.done


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "before", [3, 29, 30, 31, 40]
)  # tokens before the marker, which a poll interval may divide
@pytest.mark.parametrize("first", ["turn", "stop", "length"])
def test_a_row_ends_with_the_first_token_that_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, before: int, first: str
):
    """A marker of the next turn and an end token in either order within one poll interval, or neither."""
    tokenizer = tiny.tokenizer()
    marker, end = tokenizer(NEXT_TURN, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id
    text = [token for token in range(100, 400) if token not in marker][:before]
    assert len({*text, *marker, end}) == before + len(marker) + 1
    answer = {"turn": [*text, *marker, end], "stop": [*text, *marker[:-1], end], "length": text}[first]
    tokens = answer[:-1] if first == "turn" else answer
    last = prompt_ids(tokenizer, "Print 1.", "")[-1]
    assert last not in answer
    monkeypatch.setattr("src.generation.generate.decoding_path", lambda *_: path)
    loaded = tiny.chain_model([last, *answer]), tokenizer
    limit = len(tokens) if first == "length" else before + 40
    store, example = GenerationStore(tmp_path / "a", {}), Example("1", "Print 1.", "", "y")
    [found] = _answers(loaded, store, Decoding(limit), examples=[example])
    assert (found.finish, found.tokens) == (first, len(tokens))
    assert found.text == tokenizer.decode(tokens, skip_special_tokens=True)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError(), RuntimeError("MPS backend out of memory")])
def test_running_out_of_memory_halves_the_batch(
    error: RuntimeError, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    config = load_config(overrides=["model.device=cpu"]).model
    loaded = load_base(str(tiny_model), config, decide(config)), load_tokenizer(str(tiny_model), config)
    expected = _answers(loaded, GenerationStore(tmp_path / "a", {}))
    room = {"rows": 3}

    def cramped(real):
        def start(self, tokens, *arguments):
            if len(tokens) > room["rows"]:
                raise error
            return real(self, tokens, *arguments)

        return start

    monkeypatch.setattr("src.generation.generate.decoding_path", lambda *_: SLOTS)
    monkeypatch.setattr(Steps, "start", cramped(Steps.start))
    assert _answers(loaded, GenerationStore(tmp_path / "b", {}), batch=8) == expected
    room["rows"] = 0
    with pytest.raises(UserError, match="out of memory with one prompt"):
        _answers(loaded, GenerationStore(tmp_path / "c", {}), batch=8)


KEYS = [(str(number), 0) for number in range(23)]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("world_size", [1, 2, 3, 40])
def test_every_prompt_is_in_the_shard_of_one_rank(temperature: float, world_size: int):
    shards = [own_shard(KEYS, 4, Decoding(8, temperature), (rank, world_size)) for rank in range(world_size)]
    assert sorted(key for shard in shards for key in shard) == sorted(KEYS)


def test_sampling_in_static_batches_keeps_the_batches_of_one_process():
    """A sampled answer depends on what else is in its batch."""
    alone = [KEYS[start : start + 4] for start in range(0, len(KEYS), 4)]
    shards = [own_shard(KEYS, 4, Decoding(8, 0.7), (rank, 2)) for rank in range(2)]
    batches = [shard[start : start + 4] for shard in shards for start in range(0, len(shard), 4)]
    assert sorted(batches) == sorted(alone)


def test_what_a_model_cannot_read_is_refused_before_it_is_decoded(tmp_path: Path):
    loaded = (tiny.build_model("gpt_bigcode", n_positions=LENGTH), tiny.tokenizer())
    with pytest.raises(UserError, match=f"evaluation.max_new_tokens.*has {LENGTH} positions"):
        _answers(loaded, GenerationStore(tmp_path / "a", {}))
    with pytest.raises(UserError, match=f"evaluation.max_new_tokens.*has {LENGTH} positions"):
        stream_answer(*loaded, [5] * 40, Decoding(LENGTH))
    assert stream_answer(*loaded, [5] * 40, Decoding(LENGTH - 40)) is not None
