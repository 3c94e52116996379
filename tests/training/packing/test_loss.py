"""The loss is the cross entropy of the supervised tokens, by chunks of logits, with or without NEFTune's noise."""

from __future__ import annotations

import pytest
import torch

from src.data.preprocessing import Encoded
from src.training.packing import loss
from src.training.packing.attention import BoundariesLostError
from src.training.packing.loss import (
    FORWARD,
    HEAD,
    LOGIT_CHUNK,
    TAIL,
    add_neftune_noise,
    as_forward,
    chunked_cross_entropy,
    logits_ways,
    supervised_loss,
)
from src.training.packing.packs import make_pack
from tests import tiny
from tests.training.encoded import tiny_samples
from tests.zoo import builders


def test_the_loss_sums_the_cross_entropy_of_the_responses_as_transformers_takes_it() -> None:
    model, (sample, *_) = tiny.build_model("llama"), tiny_samples()
    ids = torch.tensor([sample.input_ids])
    labels = ids.clone()
    labels[0, : sample.prompt_length] = -100
    mean = model(input_ids=ids, labels=labels).loss  # over the supervised tokens
    found = supervised_loss(model, make_pack([sample]), "sdpa")
    torch.testing.assert_close(found, mean * sample.supervised, rtol=1e-5, atol=1e-5)


def _stock(model: torch.nn.Module, sample: Encoded) -> torch.Tensor:
    ids = torch.tensor([sample.input_ids])
    labels = ids.clone()
    labels[0, : sample.prompt_length] = -100
    return model(input_ids=ids, labels=labels).loss * sample.supervised


@pytest.mark.parametrize("model_type", ["granite", "cohere", "gemma2", "falcon_h1", "modernbert-decoder"])
def test_what_a_model_does_after_its_decoder_is_in_the_loss(
    model_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Multipliers, a cap, a whole head: the head alone is wrong, the model's own code is right, whole or by chunks."""
    monkeypatch.setattr(loss, "LOGIT_CHUNK", 7)
    model, sample = builders.build(model_type), tiny_samples(1)[0]
    assert sample.supervised > 7
    expected = _stock(model, sample)
    found = {way: supervised_loss(model, make_pack([sample]), "own", 0.0, way) for way in logits_ways(model)}
    assert list(found) == [HEAD, TAIL, FORWARD]
    torch.testing.assert_close(found[TAIL], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found[FORWARD], expected, rtol=1e-5, atol=1e-5)
    assert abs(found[HEAD] - expected) > 1e-3 * expected
    weight = model.get_input_embeddings().weight
    gradients = [torch.autograd.grad(each, weight)[0] for each in (found[TAIL], expected)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_a_model_without_a_decoder_of_its_own_makes_all_logits() -> None:
    model = builders.build("xlnet")
    assert logits_ways(model)[-1] == FORWARD


def test_a_model_that_takes_no_positions_takes_no_packs() -> None:
    model, samples = builders.build("bloom"), tiny_samples(2)
    with pytest.raises(BoundariesLostError, match="no positions"):
        supervised_loss(model, make_pack(samples), "own")
    alone = supervised_loss(model, make_pack(samples[:1]), "own")
    torch.testing.assert_close(alone, _stock(model, samples[0]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [1, 5, LOGIT_CHUNK, LOGIT_CHUNK + 1, 2 * LOGIT_CHUNK + 17])
def test_chunked_cross_entropy_is_torchs_own(count: int) -> None:
    generator = torch.Generator().manual_seed(count)
    head = torch.nn.Linear(8, 23)
    hidden = torch.randn(count, 8, generator=generator, requires_grad=True)
    targets = torch.randint(0, 23, (count,), generator=generator)
    expected = torch.nn.functional.cross_entropy(head(hidden), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(expected, hidden)
    found = chunked_cross_entropy(hidden, head, targets)
    (chunked_gradient,) = torch.autograd.grad(found, hidden)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(chunked_gradient, gradient, rtol=1e-5, atol=1e-6)


def test_neftune_noise_scales_with_the_length_of_each_sample() -> None:
    torch.manual_seed(0)
    samples = sorted(tiny_samples(), key=len)
    both = make_pack([samples[0], samples[-1]])
    zeros = torch.zeros(1, both.tokens, 4096)
    noise = add_neftune_noise(zeros, both, alpha=5.0)[0]
    for start, end in zip(both.boundaries[:-1], both.boundaries[1:], strict=True):
        part = noise[start:end]
        size = 5.0 / float((end - start) * 4096) ** 0.5
        assert part.abs().max() <= size
        assert part.abs().mean().item() == pytest.approx(size / 2, rel=0.02)


def test_work_in_place_of_a_forward_is_seen_by_the_hooks_of_the_wrapper_once() -> None:
    inner = torch.nn.Linear(2, 2)
    wrapped, calls = torch.nn.Sequential(inner), []
    wrapped.register_forward_hook(lambda *_: calls.append("wrapper"))
    inner.register_forward_hook(lambda *_: calls.append("inner"))
    found = as_forward(wrapped, inner, lambda: torch.tensor(3.0), torch.zeros(1, 2))
    assert found.item() == 3.0
    assert calls == ["inner", "wrapper"]
    assert "forward" not in inner.__dict__
    assert inner(torch.zeros(1, 2)).shape == (1, 2)  # its own forward is back
