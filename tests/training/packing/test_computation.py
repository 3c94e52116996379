"""A model is switched between ways to compute, and back; each says what it is."""

from __future__ import annotations

import torch

from src.models.hardware import Hardware
from src.models.lora_model import attach_lora
from src.training.packing.attention import BY_SAMPLE, FALLBACK, training_attention
from src.training.packing.computation import Computation, Switch
from tests import tiny
from tests.zoo import builders


def test_a_way_to_compute_is_said_in_words() -> None:
    assert str(Computation(BY_SAMPLE, share=True)) == "packs with shared prefixes"
    slow = Computation(FALLBACK, packs=False, logits="tail", fused=False)
    assert str(slow) == (
        "one sample per pack, the model's own attention, logits by the model's own code, without fused layers"
    )


def _fused(model: torch.nn.Module) -> int:
    return sum("forward" in vars(module) for module in model.modules())


def test_attention_and_fused_layers_are_switched_and_back() -> None:
    base = tiny.build_model("llama")
    training_attention(base.config, Hardware("cpu", torch.float32, "test", 8))  # registers it
    model = attach_lora(base, tiny.configured("lora.r=2").lora, 0)
    switch = Switch(model, None)
    for _ in range(2):
        switch.set(Computation(BY_SAMPLE))
        assert (base.config._attn_implementation, _fused(model)) == (BY_SAMPLE, 8)
        switch.set(Computation(FALLBACK, fused=False))
        assert (base.config._attn_implementation, _fused(model)) == ("sdpa", 0)


def test_a_model_that_cannot_use_torchs_attention_has_its_own() -> None:
    base = builders.build("gemma2")
    Switch(attach_lora(base, tiny.configured("lora.r=2").lora, 0), None).set(Computation(FALLBACK))
    assert base.config._attn_implementation == "eager"
