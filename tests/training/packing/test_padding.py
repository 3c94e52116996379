"""Padded packs compute what their samples compute, in one shape."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from src.models.hardware import Hardware
from src.training.packing.attention import BY_SAMPLE, training_attention
from src.training.packing.packs import make_pack
from src.training.packing.padding import PADDING_SAMPLES, Extent, extent, padded, room_for
from tests import tiny
from tests.models.kernels.test_fused_lora import adapted
from tests.training.encoded import random_samples, samples_with_shared_prefixes
from tests.training.gradients import loss_and_gradients

ROOM = Extent(tokens=128, unshared_tokens=160, samples=16, supervised=64, repeated=9, longest=20)


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("size", [56, 128])
def test_a_padded_pack_has_the_loss_and_gradients_of_its_samples(architecture, share, size):
    model = adapted(architecture).eval()
    training_attention(model.config, Hardware("cpu", torch.float32, "test", 8))  # registers it
    model.get_base_model().set_attn_implementation(BY_SAMPLE)
    members = samples_with_shared_prefixes(9, 20, 7, 11)
    own, room = make_pack(members, share), room_for([extent(members, share)], size)
    (loss, expected), (padded_loss, found) = (
        loss_and_gradients(model, made, BY_SAMPLE) for made in (own, padded(own, room))
    )
    torch.testing.assert_close(padded_loss, loss)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_a_padded_pack_has_the_shape_of_the_room():
    made = padded(make_pack(random_samples(9, 20)), replace(ROOM, tokens=100, unshared_tokens=100))
    assert [tuple(tensor.shape) for tensor in made.tensors()] == [(1, 100), (1, 100), (64,), (64,), (17,)]
    padding = [47, 65, 83, 100]  # 71 tokens in four samples
    assert made.boundaries.tolist() == [0, 9, 29, *padding, *[100] * 10]
    assert made.position_ids.max() == 19


def test_a_padded_pack_with_shared_prefixes_has_the_shape_of_the_room():
    made = padded(make_pack(samples_with_shared_prefixes(9, 20), share=True), ROOM)
    shapes = [(1, 128), (1, 128), (64,), (64,), (17,), (160,), (17,), (128,), (9,)]
    assert [tuple(tensor.shape) for tensor in made.tensors()] == shapes
    own, unshared = made.boundaries.diff(), made.shared.boundaries.diff()
    assert (own <= unshared).all()
    assert unshared.max() <= ROOM.longest
    assert made.shared.sources[made.shared.first].tolist() == list(range(128))
    assert made.shared.sources.max() == 127


@pytest.mark.parametrize(
    "less", ["tokens", "unshared_tokens", "samples", "supervised", "repeated", "longest"]
)
def test_what_does_not_fit_is_not_padded(less):
    members = samples_with_shared_prefixes(18, 9)
    own = make_pack(members, share=True)
    needed = extent(members, share=True)
    assert padded(own, room_for([needed], 100)) is not None
    assert padded(own, replace(room_for([needed], 100), **{less: getattr(needed, less) - 1})) is None


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_there_is_room_for_each_of_the_packs_it_was_made_for(seed, share):
    draw = random.Random(seed)
    packs = [
        samples_with_shared_prefixes(*(draw.randint(8, 60) for _ in range(draw.randint(1, 20))))
        for _ in range(30)
    ]
    extents = [extent(members, share) for members in packs]
    room = room_for(extents, max(each.tokens for each in extents) + PADDING_SAMPLES)
    shapes = {
        tuple(tuple(part.shape) for part in padded(make_pack(members, share), room).tensors())
        for members in packs
    }
    assert len(shapes) == 1


@pytest.mark.parametrize("share", [False, True])
def test_the_predicted_extent_of_a_pack_is_the_one_it_has(share):
    members = samples_with_shared_prefixes(9, 20, 7, 11, 13)
    made, predicted = make_pack(members, share), extent(members, share)
    assert predicted == Extent(
        tokens=made.tokens,
        unshared_tokens=made.unshared_tokens,
        samples=len(members),
        supervised=len(made.targets),
        repeated=len(made.shared.repeated) if share else 0,
        longest=made.longest,
    )
    assert predicted.tokens == predicted.unshared_tokens - share * (5 + 7 + 7 + 7)
