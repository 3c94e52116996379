"""The plain forward pass is the model's own, and two computations are as far apart as their worst half of tokens."""

from __future__ import annotations

import pytest
import torch

from src.models.plain_forward import ROUNDING, distance, plain_logits, refuse_non_causal
from src.schema import UserError
from tests import tiny


def test_the_last_logits_are_the_end_of_all() -> None:
    model = tiny.build_model("llama")
    with torch.no_grad():
        expected = model(torch.tensor([[5, 6, 7, 8]])).logits[0]
        torch.testing.assert_close(plain_logits(model, [5, 6, 7, 8]), expected)
        torch.testing.assert_close(plain_logits(model, [5, 6, 7, 8], last=2), expected[-2:])


def test_a_distance_is_that_of_the_median_token_and_blind_to_a_shift_of_all_logits() -> None:
    expected = torch.tensor([[3.0, -3.0], [3.0, -3.0], [3.0, -3.0]])
    found = expected + torch.tensor([[0.0, 0.0], [0.3, -0.3], [9.0, 9.0]])
    assert distance(expected, found) == pytest.approx(0.1)
    assert distance(expected + 100, found + 100) == pytest.approx(0.1, rel=1e-4)
    assert distance(expected, expected * torch.nan) == float("inf")


@pytest.mark.parametrize("dtype", ROUNDING)
def test_what_rounding_cannot_do_is_sight_of_the_future(dtype: torch.dtype) -> None:
    model = tiny.build_model("llama")
    refuse_non_causal(model, 4 * ROUNDING[dtype].logits, dtype)
    with pytest.raises(UserError, match="LlamaForCausalLM is not a causal language model"):
        refuse_non_causal(model, 6 * ROUNDING[dtype].logits, dtype)
