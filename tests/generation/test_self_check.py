"""A way of decoding is used where its logits are the plain forward pass's, and no other is."""

from __future__ import annotations

import functools

import pytest
import torch
from transformers import AutoModelForCausalLM, BertConfig, BertLMHeadModel, MambaConfig, PretrainedConfig

from src.generation import self_check
from src.generation.self_check import BATCHES, ONE_BY_ONE, SLOTS, decoding_path
from src.generation.static_batches import StaticBatch
from src.schema import UserError
from tests import tiny

PROMPTS = [[7, 8, 9], [11, 5], [5, 6, 7, 8, 9, 10, 3, 12]]
SIZES = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "pad_token_id": 1,
}


def _path(model: torch.nn.Module) -> str:
    return decoding_path(model, PROMPTS, 20, pad=1)


def _built(config: PretrainedConfig) -> torch.nn.Module:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_plain_attention_is_decoded_in_slots(architecture: str, dtype: torch.dtype):
    assert _path(tiny.build_model(architecture).to(dtype)) == SLOTS


def test_recurrent_layers_are_decoded_in_batches_that_rows_can_leave():
    model = _built(MambaConfig(**SIZES, state_size=4))
    assert _path(model) == BATCHES
    batch = StaticBatch(model, PROMPTS, 1)
    settings = self_check.generation_config(self_check.Decoding(3), 3, set(), 1)
    batch.generate(settings)
    batch.keep([2])
    batch.generate(settings)
    alone = StaticBatch(model, PROMPTS[2:], 1)
    alone.generate(self_check.generation_config(self_check.Decoding(6), 6, set(), 1))
    assert batch.ids[0, -6:].tolist() == alone.ids[0, -6:].tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_slots_that_are_wrong_are_not_used(dtype: torch.dtype, caplog: pytest.LogCaptureFixture, monkeypatch):
    model = tiny.build_model("llama", initializer_range=0.3).to(dtype)
    right = self_check._slot_logits
    monkeypatch.setattr(self_check, "_slot_logits", lambda *a: [row.flip(-1) for row in right(*a)])
    assert _path(model) == BATCHES
    assert "not those of this model's plain forward pass" in caplog.text


def test_one_wrong_row_of_three_is_enough(monkeypatch: pytest.MonkeyPatch):
    model = tiny.build_model("llama", initializer_range=0.3)
    right = self_check._slot_logits
    monkeypatch.setattr(self_check, "_slot_logits", lambda *a: [*right(*a)[:2], right(*a)[0]])
    assert _path(model) == BATCHES


def test_where_padding_changes_answers_prompts_are_decoded_one_by_one(monkeypatch: pytest.MonkeyPatch):
    model = tiny.build_model("llama", initializer_range=0.3)
    forward = type(model).forward

    def padding_seen(self, input_ids=None, attention_mask=None, **others):
        seen = None if attention_mask is None else torch.ones_like(attention_mask)
        return forward(self, input_ids=input_ids, attention_mask=seen, **others)

    monkeypatch.setattr(self_check, "supports_slots", lambda *_: False)
    monkeypatch.setattr(type(model), "forward", padding_seen)
    assert _path(model) == ONE_BY_ONE


def test_attention_with_an_argument_that_slots_do_not_understand_is_the_models_own(monkeypatch, caplog):
    model = tiny.build_model("llama")
    forward = type(model).forward

    @functools.wraps(forward)
    def biased(*args, **others):
        return forward(*args, **others, biases=5.0)

    monkeypatch.setattr(type(model), "forward", biased)
    assert _path(model) == BATCHES
    assert "biases" in caplog.text


def test_a_model_that_sees_the_future_is_refused():
    model = BertLMHeadModel(BertConfig(**SIZES, num_attention_heads=4, initializer_range=0.5)).eval()
    with pytest.raises(UserError, match="BertLMHeadModel is not a causal language model"):
        _path(model)


def test_a_model_whose_forward_pass_fails_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch):
    model = tiny.build_model("llama")

    def fails(*_, **__):
        raise ValueError("no kernel for this")

    monkeypatch.setattr(type(model), "forward", fails)
    with pytest.raises(UserError, match="no kernel for this"):
        _path(model)


def test_without_memory_for_several_prompts_they_are_decoded_one_by_one(
    monkeypatch: pytest.MonkeyPatch, caplog
):
    real = self_check._batch_logits

    def cramped(model, rows, *others, **named):
        if len(rows) > 1:
            raise torch.OutOfMemoryError
        return real(model, rows, *others, **named)

    monkeypatch.setattr(self_check, "supports_slots", lambda *_: False)
    monkeypatch.setattr(self_check, "_batch_logits", cramped)
    assert _path(tiny.build_model("llama")) == ONE_BY_ONE
    assert "out of memory" in caplog.text
