"""Packs of a fixed shape compute what the packs in them compute; graphs add to gradients as a backward pass does."""

import itertools
import math
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from src.data.preprocessing import Encoded
from src.models.hardware import Hardware
from src.models.kernels.fused_lora import fuse_lora_layers
from src.training.loss import supervised_loss
from src.training.packing import cuda_graphs
from src.training.packing.attention import BY_SAMPLE, training_attention
from src.training.packing.cuda_graphs import PackGraphs, graph_sizes, is_random
from src.training.packing.packs import make_pack
from src.training.packing.padding import PADDING_SAMPLES, Extent, extent, padded, room_for
from tests import tiny
from tests.models.kernels.test_fused_lora import adapted


def samples(*lengths):
    generator = torch.Generator().manual_seed(sum(lengths))
    return [
        Encoded(str(length), torch.randint(3, 400, (length,), generator=generator).tolist(), length // 2)
        for length in lengths
    ]


@pytest.fixture
def model():
    made = adapted("llama")
    fuse_lora_layers(made)
    return made


def common_prefix_length(*lengths):
    """Samples of these lengths, the first five tokens of which are the same, or seven where lengths are odd."""
    begin = [7, 8, 9, 10, 11, 12, 13]
    return [
        Encoded(each.id, begin[: 5 + 2 * (len(each) % 2)] + each.input_ids[7:] + [0, 0], each.prompt_length)
        for each in samples(*lengths)
    ]


def gradients(model, made, attention="sdpa", scale=1.0):
    model.zero_grad(set_to_none=True)
    loss = supervised_loss(model, made, attention) * scale
    loss.backward()
    return loss.detach(), [item.grad.clone() for item in model.parameters() if item.grad is not None]


ROOM = Extent(tokens=128, whole=160, samples=16, supervised=64, repeated=9, longest=20)


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("size", [56, 128])
def test_a_filled_pack_has_the_loss_and_gradients_of_what_is_in_it(architecture, share, size):
    model = adapted(architecture).eval()
    training_attention(model.config, Hardware("cpu", torch.float32, "test", 8))  # registers it
    model.get_base_model().set_attn_implementation(BY_SAMPLE)
    members = common_prefix_length(9, 20, 7, 11)
    own, room = make_pack(members, share), room_for([extent(members, share)], size)
    (loss, wanted), (filled_loss, found) = (
        gradients(model, made, BY_SAMPLE) for made in (own, padded(own, room))
    )
    torch.testing.assert_close(filled_loss, loss)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_filled_pack_has_the_shape_asked_for():
    made = padded(make_pack(samples(9, 20)), replace(ROOM, tokens=100, whole=100))
    assert [tuple(tensor.shape) for tensor in made.tensors()] == [(1, 100), (1, 100), (64,), (64,), (17,)]
    assert made.boundaries.tolist() == [0, 9, 29, 47, 65, 83, 100, *[100] * 10]  # 71 tokens in four fillers
    assert made.position_ids.max() == 19


def test_a_filled_pack_with_shared_beginnings_has_the_shape_asked_for():
    made = padded(make_pack(common_prefix_length(9, 20), share=True), ROOM)
    shapes = [(1, 128), (1, 128), (64,), (64,), (17,), (160,), (17,), (128,), (9,)]
    assert [tuple(tensor.shape) for tensor in made.tensors()] == shapes
    own, whole = made.boundaries.diff(), made.shared.boundaries.diff()
    assert (own <= whole).all()
    assert whole.max() <= ROOM.longest
    assert made.shared.sources[made.shared.first].tolist() == list(range(128))
    assert made.shared.sources.max() == 127


@pytest.mark.parametrize("less", ["tokens", "whole", "samples", "supervised", "repeated", "longest"])
def test_what_does_not_fit_in_is_not_filled(less):
    members = common_prefix_length(18, 9)
    own = make_pack(members, share=True)
    needed = extent(members, share=True)
    assert padded(own, room_for([needed], 100)) is not None
    assert padded(own, replace(room_for([needed], 100), **{less: getattr(needed, less) - 1})) is None


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_there_is_room_for_each_of_the_packs_it_was_made_for(seed, share):
    draw = random.Random(seed)
    packs = [
        common_prefix_length(*(draw.randint(8, 60) for _ in range(draw.randint(1, 20)))) for _ in range(30)
    ]
    extents = [extent(members, share) for members in packs]
    room = room_for(extents, max(each.tokens for each in extents) + PADDING_SAMPLES)
    shapes = {
        tuple(tuple(part.shape) for part in padded(make_pack(members, share), room).tensors())
        for members in packs
    }
    assert len(shapes) == 1


@pytest.mark.parametrize("share", [False, True])
def test_the_extent_told_of_a_pack_is_the_one_it_has(share):
    members = common_prefix_length(9, 20, 7, 11, 13)
    made, told = make_pack(members, share), extent(members, share)
    found = (
        made.tokens, made.unshared_tokens, len(members), len(made.targets), len(made.shared.repeated) if share else 0,
        made.longest,
    )  # fmt: skip
    assert (told.tokens, told.whole, told.samples, told.supervised, told.repeated, told.longest) == found
    assert told.tokens == told.whole - share * (5 + 7 + 7 + 7)


@pytest.fixture
def graphs(model, monkeypatch):
    """PackGraphs whose graph is a plain computation: all but the CUDA graph itself."""
    real = torch.zeros
    monkeypatch.setattr(torch, "zeros", lambda *shape, **options: real(*shape))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    made = PackGraphs(
        lambda one: supervised_loss(model, one, "sdpa"),
        [item for item in model.parameters() if item.requires_grad],
        [extent(samples(*lengths), share=False) for lengths in ([40, 40, 22], [40, 30, 20], [40] * 25)],
    )  # fmt: skip

    def capture(shaped):
        static = shaped
        made.gradients = made.gradients or [torch.zeros_like(item) for item in made.parameters]
        loss = torch.zeros(())

        def replay():
            result = made.compute(static) * made.scale
            for own, new in zip(made.gradients, torch.autograd.grad(result, made.parameters), strict=True):
                own.add_(new)
            loss.copy_(result.detach())

        return cuda_graphs._Graph(static, loss, SimpleNamespace(replay=replay, pool=lambda: None))

    monkeypatch.setattr(made, "_capture", capture)
    made.paying = True
    return made


def test_graphs_add_up_gradients_with_plain_passes_in_between(model, graphs):
    packs = [make_pack(samples(*lengths)) for lengths in ([9, 20], [30, 7, 12, 15], [5], [40, 40, 22])]
    wanted = [torch.zeros_like(item) for item in graphs.parameters]
    for step in range(2):
        model.zero_grad(set_to_none=True)
        for number, made in enumerate(packs):
            if number == 1:
                (supervised_loss(model, made, "sdpa") * 0.5).backward()
                loss = supervised_loss(model, made, "sdpa").detach() * 0.5
            else:
                loss = graphs.backward(made, 0.5).clone()
            torch.testing.assert_close(loss, supervised_loss(model, made, "sdpa").detach() * 0.5)
        found = [item.grad.clone() for item in graphs.parameters]
        if step == 0:
            for made in packs:
                for total, new in zip(wanted, gradients(model, made, scale=0.5)[1], strict=True):
                    total.add_(new)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)
    assert sorted(graphs.graphs) == [128, 1024]


def test_a_pack_larger_than_the_largest_graph_is_computed_as_usual(graphs):
    assert graphs.sizes[-1] == 1024
    assert graphs.backward(make_pack(samples(*[40] * 26)), 1.0) is None


def test_a_failed_capture_ends_graphs_but_not_the_run(graphs, monkeypatch, caplog):
    def fails(_):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(graphs, "_capture", fails)
    assert graphs.backward(make_pack(samples(9)), 1.0) is None
    assert not graphs.paying
    assert "going on without graphs: operation not permitted when stream is capturing" in caplog.text
    graphs.paying = True
    monkeypatch.setattr(graphs, "_capture", lambda _: (_ for _ in ()).throw(torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        graphs.backward(make_pack(samples(9)), 1.0)


@pytest.mark.parametrize(("started", "ran", "pays"), [(0.9, 1.0, True), (0.2, 1.0, False)])
def test_graphs_pay_where_kernels_wait_for_python(graphs, monkeypatch, started, ran, pays):
    graphs.paying = False
    clock = iter([0.0, started, ran])
    monkeypatch.setattr(cuda_graphs.time, "perf_counter", lambda: next(clock, math.inf))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    for number in range(1, 6):
        assert graphs.time(lambda: "loss") == "loss"
        assert graphs.paying == (pays and number >= cuda_graphs.TIMED)


def computed(packs, sizes):
    """Tokens computed where every pack is filled up to the next size."""
    return sum(min(size for size in sizes if size >= tokens) for tokens in packs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [1, 2, 4])
def test_no_other_sizes_fill_packs_with_fewer_tokens(seed, most):
    draw = random.Random(seed)
    packs = [draw.randint(1, 1200) for _ in range(40)]
    found = graph_sizes(packs, most)
    assert found == sorted(found)
    assert len(found) <= most
    assert not any(size % cuda_graphs.STEP for size in found)
    occurring = sorted({-(-tokens // cuda_graphs.STEP) * cuda_graphs.STEP for tokens in packs})
    others = [[*some, occurring[-1]] for some in itertools.combinations(occurring[:-1], most - 1)]
    assert computed(packs, found) == min(computed(packs, sizes) for sizes in others)


def test_as_many_sizes_as_occur_fill_up_to_the_next_step():
    assert graph_sizes([100, 129, 500, 128]) == [128, 256, 512]


def test_dropout_anywhere_is_randomness():
    assert not is_random(adapted("llama"))
    assert is_random(adapted("llama", lora_dropout=0.1))
    assert is_random(tiny.build_model("gpt_bigcode", resid_pdrop=0.1))
