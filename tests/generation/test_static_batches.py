"""A static batch gives the tokens of generate() one by one, and rows that have finished leave it."""

from __future__ import annotations

import pytest
import torch
from transformers import GenerationConfig

from src.generation.continuous.steps import POLL_INTERVAL
from src.generation.settings import Decoding
from src.generation.static_batches import decode_batch
from tests import tiny

PROMPTS = [[7, 8, 9], [11], [5, 6, 7, 8, 9, 10]]
NEW = POLL_INTERVAL + 5


def _endless(row: list[int], checked: int) -> tuple[list[int], str]:
    return row, "length"


@pytest.mark.parametrize("architecture", ["llama", "gpt_bigcode"])  # rotary, learned positions
def test_tokens_are_those_of_generate_one_by_one(architecture: str):
    model = tiny.build_model(architecture, seed=1, initializer_range=0.3)
    model.generation_config.eos_token_id = None
    rows = decode_batch(model, PROMPTS, Decoding(NEW), set(), 1, _endless)
    settings = GenerationConfig(max_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=1)
    for prompt, (tokens, finish) in zip(PROMPTS, rows, strict=True):
        plain = model.generate(torch.tensor([prompt]), generation_config=settings)
        assert (tokens, finish) == (plain[0, len(prompt) :].tolist(), "length")


def test_a_finished_row_leaves_the_batch_and_keeps_its_tokens(monkeypatch: pytest.MonkeyPatch):
    model, sizes = tiny.build_model("llama", seed=1, initializer_range=0.3), []
    model.generation_config.eos_token_id = None
    whole = decode_batch(model, PROMPTS, Decoding(NEW), set(), 1, _endless)
    generate = model.generate

    def counted(**arguments):
        sizes.append(len(arguments["input_ids"]))
        return generate(**arguments)

    def stop_the_second(row: list[int], checked: int) -> tuple[list[int], str]:
        return (row[:4], "stop") if row[:4] == whole[1][0][:4] else (row, "length")

    monkeypatch.setattr(model, "generate", counted)
    rows = decode_batch(model, PROMPTS, Decoding(NEW), set(), 1, stop_the_second)
    assert sizes == [3, 2]
    assert rows == [whole[0], (whole[1][0][:4], "stop"), whole[2]]


def test_a_models_own_generation_settings_change_nothing():
    model = tiny.build_model("llama", seed=1, initializer_range=0.3)
    model.generation_config.eos_token_id = None

    def decoded() -> list[tuple[list[int], str]]:
        return decode_batch(model, PROMPTS, Decoding(NEW), set(), 1, _endless)

    expected, own = decoded(), GenerationConfig(repetition_penalty=9.0, forced_eos_token_id=3, do_sample=True)
    model.generation_config = own
    assert decoded() == expected
    assert model.generation_config is own
