"""Packed training computes what unpacked training does: the same loss, the same gradients, for every architecture."""

from __future__ import annotations

import copy

import pytest
import torch

from src.config import load_config
from src.data.preprocessing import Encoded, encode_split
from src.models.hardware import Hardware
from src.models.lora_model import attach_lora
from src.schema import Example
from src.training.loss import CHUNK, chunked_cross_entropy, supervised_loss
from src.training.packing.attention import BY_SAMPLE, training_attention, unshared
from src.training.packing.packs import Pack, arrange, make_pack
from tests import tiny

TOLERANCE = 2e-5  # relative, float32: sums are taken in another order
LORA = load_config(overrides=["lora.target_modules=auto", "lora.lora_dropout=0", "lora.r=4"]).lora


def _samples(count: int = 7) -> list[Encoded]:
    examples = [
        Example(str(number), row["instruction"], row["input"], row["output"])
        for number, row in enumerate(tiny.rows(count))
    ]
    return encode_split(tiny.tokenizer(), examples, 256).samples


def _adapted(architecture: str, checkpointing: bool) -> torch.nn.Module:
    base = tiny.build_model(architecture, seed=3, initializer_range=0.2)  # attention that minds what it sees
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


def _attend(model: torch.nn.Module, attention: str) -> None:
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
    ids=["masks", "sample by sample", "shared beginnings"],
)
@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_packed_loss_and_gradients_equal_those_of_single_samples(
    architecture: str, checkpointing: bool, attention: str, share: bool
) -> None:
    model, samples = _adapted(architecture, checkpointing), _samples()
    single = torch.stack([_reference(model, sample) for sample in samples]).sum()
    single.backward()
    wanted = _gradients(model)
    _attend(model, attention)
    whole = make_pack(samples, share)
    assert (whole.tokens < 0.8 * whole.unshared_tokens) == share
    packed = supervised_loss(model, whole, attention)
    packed.backward()
    found = _gradients(model)
    assert packed.item() == pytest.approx(single.item(), rel=TOLERANCE)
    assert wanted.keys() == found.keys()
    assert len(wanted) > 4
    for name, gradient in wanted.items():
        assert gradient.abs().max() > 0, name
        assert (found[name] - gradient).norm() <= TOLERANCE * gradient.norm(), name


def test_the_law_above_notices_samples_that_see_each_other() -> None:
    model, samples = _adapted("llama", False), _samples()
    whole = make_pack(samples)
    leaking = Pack(
        whole.input_ids, torch.arange(whole.tokens)[None], whole.predicting, whole.targets,
        torch.tensor([0, whole.tokens], dtype=torch.int32), whole.tokens,
    )  # fmt: skip
    apart, together = (supervised_loss(model, item, "sdpa").item() for item in (whole, leaking))
    assert abs(apart - together) > 100 * TOLERANCE * apart


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("capacity", [150, 256, 4096])
def test_the_loss_does_not_depend_on_the_size_of_the_packs(capacity: int, share: bool) -> None:
    model, samples = _adapted("llama", False), _samples(11)
    singles = [supervised_loss(model, make_pack([sample]), "sdpa").item() for sample in samples]
    _attend(model, BY_SAMPLE)
    packs = [make_pack(members, share) for members in arrange(samples, capacity, share)]
    sums = [supervised_loss(model, item, BY_SAMPLE).item() for item in packs]
    assert sum(sums) == pytest.approx(sum(singles), rel=TOLERANCE)


def test_in_a_sliding_window_shared_tokens_are_seen_no_longer_than_others() -> None:
    samples = _samples()
    losses = []
    for window in (9, 256):
        model = attach_lora(
            tiny.build_model("starcoder2", seed=3, initializer_range=0.2, sliding_window=window), LORA, 5
        )
        _attend(model, BY_SAMPLE)
        apart = sum(supervised_loss(model, make_pack([sample]), BY_SAMPLE).item() for sample in samples)
        assert supervised_loss(model, make_pack(samples, share=True), BY_SAMPLE).item() == pytest.approx(
            apart, rel=TOLERANCE
        )
        losses.append(apart)
    assert losses[0] != pytest.approx(losses[1], rel=0.01)


def test_the_gradient_of_shared_tokens_is_the_sum_over_their_samples() -> None:
    shared = make_pack(_samples(), share=True).shared
    assert shared is not None
    generator = torch.Generator().manual_seed(0)
    computed = torch.randn(
        len(shared.first), 2, 3, dtype=torch.float64, generator=generator, requires_grad=True
    )
    whole = unshared(computed, shared)
    weights = torch.randn(whole.shape, dtype=torch.float64, generator=generator)
    wanted = computed.index_select(0, shared.sources)
    torch.testing.assert_close(whole, wanted, rtol=0, atol=0)
    (found,) = torch.autograd.grad((whole * weights).sum(), computed)
    (expected,) = torch.autograd.grad((wanted * weights).sum(), computed)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("count", [1, 5, CHUNK, CHUNK + 1, 2 * CHUNK + 17])
def test_chunked_cross_entropy_is_torchs_own(count: int) -> None:
    generator = torch.Generator().manual_seed(count)
    head = torch.nn.Linear(8, 23)
    hidden = torch.randn(count, 8, generator=generator, requires_grad=True)
    targets = torch.randint(0, 23, (count,), generator=generator)
    wanted = torch.nn.functional.cross_entropy(head(hidden), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(wanted, hidden)
    found = chunked_cross_entropy(hidden, head, targets)
    (chunked_gradient,) = torch.autograd.grad(found, hidden)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(chunked_gradient, gradient, rtol=1e-5, atol=1e-6)


def test_noise_of_neftune_goes_by_the_length_of_each_sample() -> None:
    from src.training.loss import _noisy

    torch.manual_seed(0)
    samples = sorted(_samples(), key=len)
    both = make_pack([samples[0], samples[-1]])
    zeros = torch.zeros(1, both.tokens, 4096)
    noise = _noisy(zeros, both, alpha=5.0)[0]
    for start, end in zip(both.boundaries[:-1], both.boundaries[1:], strict=True):
        part = noise[start:end]
        size = 5.0 / float((end - start) * 4096) ** 0.5
        assert part.abs().max() <= size
        assert part.abs().mean().item() == pytest.approx(size / 2, rel=0.02)


def test_noise_of_neftune_is_for_training_only(tiny_model, tiny_data, tmp_path) -> None:
    """The validation loss of untrained weights does not move with the noise."""
    from src.training.job import prepare
    from src.training.trainer import _set_up

    losses = []
    for alpha in (0, 50):
        options = (f"training.neftune_noise_alpha={alpha}", "training.share_prefixes=false")
        job = prepare(tiny.config(tiny_model, tiny_data, tmp_path, *options), "lora")
        trainer, _ = _set_up(job)
        before = copy.deepcopy(trainer._validation_loss())
        losses.append(before.item())
        step = trainer.training_step(trainer.adapted, job.samples()[0]).item()
        losses.append(step)
    assert losses[0] == losses[2]
    assert losses[1] != losses[3]
