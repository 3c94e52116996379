"""Packed training computes what unpacked training does: the same loss, the same gradients, for every architecture."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from src.data.preprocessing import Encoded
from src.models.hardware import Hardware
from src.models.lora_model import attach_lora
from src.training.packing.attention import BY_SAMPLE, training_attention
from src.training.packing.loss import supervised_loss
from src.training.packing.packs import arrange, make_pack
from tests import tiny
from tests.training.encoded import tiny_samples

TOLERANCE = 2e-5  # relative, float32: sums are taken in another order
LORA = tiny.configured("lora.target_modules=auto", "lora.lora_dropout=0", "lora.r=4").lora


def _adapted(architecture: str, checkpointing: bool) -> torch.nn.Module:
    base = tiny.build_model(
        architecture, seed=3, initializer_range=0.2
    )  # weights so large that attention matters
    if checkpointing:
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        base.enable_input_require_grads()
    model = attach_lora(base, LORA, seed=5)
    generator = torch.Generator().manual_seed(7)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # zero at first, which would hide the gradient of A
            parameter.data.normal_(0, 0.05, generator=generator)
    return model.train()


def _reference(model: torch.nn.Module, sample: Encoded) -> torch.Tensor:
    """The sum of the loss as transformers itself takes it, on the sample alone."""
    ids = torch.tensor([sample.input_ids])
    labels = ids.clone()
    labels[0, : sample.prompt_length] = -100
    return model(input_ids=ids, labels=labels, use_cache=False).loss * sample.supervised


def _set_attention(model: torch.nn.Module, attention: str) -> None:
    base = model.get_base_model()
    training_attention(base.config, Hardware("cpu", torch.float32, "test", 8))  # registers it
    base.set_attn_implementation(attention)


def _gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    made = {name: item.grad.clone() for name, item in model.named_parameters() if item.grad is not None}
    model.zero_grad(set_to_none=True)
    return made


@pytest.mark.parametrize(
    ("attention", "share"),
    [("sdpa", False), (BY_SAMPLE, False), (BY_SAMPLE, True)],
    ids=["masks", "sample by sample", "shared prefixes"],
)
@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_packed_loss_and_gradients_equal_those_of_single_samples(
    architecture: str, checkpointing: bool, attention: str, share: bool
) -> None:
    model, samples = _adapted(architecture, checkpointing), tiny_samples()
    single = torch.stack([_reference(model, sample) for sample in samples]).sum()
    single.backward()
    expected = _gradients(model)
    _set_attention(model, attention)
    pack = make_pack(samples, share)
    assert (pack.tokens < 0.8 * pack.unshared_tokens) == share
    packed = supervised_loss(model, pack, attention)
    packed.backward()
    found = _gradients(model)
    assert packed.item() == pytest.approx(single.item(), rel=TOLERANCE)
    assert expected.keys() == found.keys()
    assert len(expected) > 4
    for name, gradient in expected.items():
        assert gradient.abs().max() > 0, name
        assert (found[name] - gradient).norm() <= TOLERANCE * gradient.norm(), name


def test_samples_that_attend_to_each_other_change_the_loss() -> None:
    model, samples = _adapted("llama", False), tiny_samples()
    pack = make_pack(samples)
    leaking = dataclasses.replace(
        pack,
        position_ids=torch.arange(pack.tokens)[None],
        boundaries=torch.tensor([0, pack.tokens], dtype=torch.int32),
        longest=pack.tokens,
    )
    separate, together = (supervised_loss(model, item, "sdpa").item() for item in (pack, leaking))
    assert abs(separate - together) > 100 * TOLERANCE * separate


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("capacity", [150, 256, 4096])
def test_the_loss_does_not_depend_on_the_size_of_the_packs(capacity: int, share: bool) -> None:
    model, samples = _adapted("llama", False), tiny_samples(11)
    singles = [supervised_loss(model, make_pack([sample]), "sdpa").item() for sample in samples]
    _set_attention(model, BY_SAMPLE)
    packs = [make_pack(members, share) for members in arrange(samples, capacity, share)]
    sums = [supervised_loss(model, item, BY_SAMPLE).item() for item in packs]
    assert sum(sums) == pytest.approx(sum(singles), rel=TOLERANCE)


def test_a_sliding_window_ends_in_shared_prefixes_too() -> None:
    samples = tiny_samples()
    losses = []
    for window in (9, 256):
        model = attach_lora(
            tiny.build_model("starcoder2", seed=3, initializer_range=0.2, sliding_window=window), LORA, 5
        )
        _set_attention(model, BY_SAMPLE)
        separate = sum(supervised_loss(model, make_pack([sample]), BY_SAMPLE).item() for sample in samples)
        assert supervised_loss(model, make_pack(samples, share=True), BY_SAMPLE).item() == pytest.approx(
            separate, rel=TOLERANCE
        )
        losses.append(separate)
    assert losses[0] != pytest.approx(losses[1], rel=0.01)
