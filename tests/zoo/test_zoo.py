"""Every architecture: tiny models of all types that AutoModelForCausalLM knows."""

from __future__ import annotations

import torch

from tests.zoo import builders


def test_a_tiny_model_has_the_same_weights_every_time_and_others_with_another_seed():
    one, again, other = (builders.build("gemma2", seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)
