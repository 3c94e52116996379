"""Graphs add to gradients as a backward pass does, and are used where kernel launches take most of the time."""

import itertools
import math
import random
from types import SimpleNamespace

import pytest
import torch

from src.models.kernels.fused_lora import fuse_lora_layers
from src.training.packing import cuda_graphs
from src.training.packing.cuda_graphs import PackGraphs, graph_sizes
from src.training.packing.loss import supervised_loss
from src.training.packing.packs import make_pack
from src.training.packing.padding import MULTIPLE, extent, padded
from tests.models.kernels.test_fused_lora import adapted
from tests.training.encoded import random_samples
from tests.training.gradients import loss_and_gradients


@pytest.fixture
def model():
    made = adapted("llama")
    fuse_lora_layers(made)
    return made


@pytest.fixture
def graphs(model, monkeypatch):
    """PackGraphs whose graph is a plain computation: all but the CUDA graph itself."""
    real = torch.zeros
    monkeypatch.setattr(torch, "zeros", lambda *shape, **options: real(*shape))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    made = PackGraphs(
        lambda one: supervised_loss(model, one, "sdpa"),
        [item for item in model.parameters() if item.requires_grad],
        [extent(random_samples(*lengths), share=False) for lengths in ([40, 40, 22], [40, 30, 20], [40] * 25)],
    )  # fmt: skip

    def capture(shaped):
        static = shaped
        made.gradients = made.gradients or [torch.zeros_like(item) for item in made.parameters]
        loss = torch.zeros(())

        def replay():
            result = made.compute(static)
            found = torch.autograd.grad(result, made.parameters, made.gradient_scale)
            for own, new in zip(made.gradients, found, strict=True):
                own.add_(new)
            loss.copy_(result.detach() * made.scale)

        return cuda_graphs._Graph(static, loss, SimpleNamespace(replay=replay, pool=lambda: None))

    monkeypatch.setattr(made, "_capture", capture)
    made.active = True
    return made


def test_graphs_add_up_gradients_with_plain_passes_in_between(model, graphs):
    packs = [make_pack(random_samples(*lengths)) for lengths in ([9, 20], [30, 7, 12, 15], [5], [40, 40, 22])]
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
                for total, new in zip(wanted, loss_and_gradients(model, made, scale=0.5)[1], strict=True):
                    total.add_(new)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)
    assert sorted(graphs.graphs) == [112, 1008]


def test_all_sizes_are_captured_before_the_first_pack_whatever_it_is(graphs, monkeypatch):
    captured = []
    capture = graphs._capture
    monkeypatch.setattr(graphs, "_capture", lambda shaped: captured.append(shaped.tokens) or capture(shaped))
    for lengths in ([9, 20], [40, 40, 22], [40] * 25):
        assert graphs.backward(make_pack(random_samples(*lengths)), 1.0) is not None
        assert captured == list(reversed(graphs.sizes))


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_pack_fits_the_graph_of_its_size(graphs, monkeypatch, seed, share):
    draw = random.Random(seed)
    steps = [random_samples(*(draw.randint(2, 200) for _ in range(draw.randint(1, 40)))) for _ in range(30)]
    made = PackGraphs(graphs.compute, graphs.parameters, [extent(samples, share) for samples in steps])
    static = {}
    monkeypatch.setattr(made, "_capture", lambda shaped: static.setdefault(shaped.tokens, shaped))
    assert made._capture_all(share)
    assert sorted(static) == made.sizes
    for samples in steps:
        pack = make_pack(samples, share)
        size = made._size(pack.tokens)
        shaped = padded(pack, made.rooms[size])
        assert [len(t) for t in shaped.tensors()] == [len(t) for t in static[size].tensors()]
        assert shaped.longest == static[size].longest


def test_a_loss_scale_changes_gradients_alone_and_may_change_between_packs(graphs):
    made = make_pack(random_samples(9, 20))
    found = []
    for loss_scale in (1.0, 8.0):
        graphs.scaled = lambda scale, times=loss_scale: scale * times
        for item in graphs.parameters:
            item.grad = None
        loss = graphs.backward(made, 0.5).clone()
        found.append((loss, [item.grad.clone() for item in graphs.parameters]))
    assert len(graphs.graphs) == 2
    torch.testing.assert_close(found[1][0], found[0][0])
    torch.testing.assert_close(found[1][1], [8 * item for item in found[0][1]])


def test_a_pack_larger_than_the_largest_graph_is_computed_as_usual(graphs):
    assert graphs.sizes[-1] == 1008
    assert graphs.backward(make_pack(random_samples(*[40] * 26)), 1.0) is None


def test_a_failed_capture_ends_graphs_but_not_the_run(graphs, monkeypatch, caplog):
    def fails(_):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(graphs, "_capture", fails)
    assert graphs.backward(make_pack(random_samples(9)), 1.0) is None
    assert not graphs.active
    assert "continuing without graphs: operation not permitted when stream is capturing" in caplog.text
    graphs.active = True
    monkeypatch.setattr(graphs, "_capture", lambda _: (_ for _ in ()).throw(torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        graphs.backward(make_pack(random_samples(9)), 1.0)


@pytest.mark.parametrize(("launched", "ran", "pays"), [(0.9, 1.0, True), (0.2, 1.0, False)])
def test_graphs_are_used_where_launches_take_most_of_the_time(graphs, monkeypatch, launched, ran, pays):
    graphs.active = False
    clock = iter([0.0, launched, ran])
    monkeypatch.setattr(cuda_graphs.time, "perf_counter", lambda: next(clock, math.inf))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    for number in range(1, 6):
        assert graphs.timed(lambda: "loss") == "loss"
        assert graphs.active == (pays and number >= cuda_graphs.TIMED_PACK)


def computed(packs, sizes):
    """Tokens computed where every pack is padded to the next size, and every size is captured once."""
    return sum(sizes) + sum(min(size for size in sizes if size >= tokens) for tokens in packs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [1, 2, 4])
def test_no_other_sizes_compute_packs_with_fewer_tokens(seed, most):
    draw = random.Random(seed)
    packs = [draw.randint(1, 90) for _ in range(40)]
    found = graph_sizes(packs, most)
    assert found == sorted(found)
    assert len(found) <= most
    assert not any(size % MULTIPLE for size in found)
    occurring = sorted({-(-tokens // MULTIPLE) * MULTIPLE for tokens in packs})
    others = [
        [*some, occurring[-1]]
        for fewer in range(most)
        for some in itertools.combinations(occurring[:-1], fewer)
    ]
    assert computed(packs, found) == min(computed(packs, sizes) for sizes in others)


def test_sizes_are_as_many_as_pay_for_their_capture():
    assert graph_sizes([900, 1000]) == [1000]
    assert graph_sizes([900] * 20 + [1000]) == [904, 1000]
    assert graph_sizes([100, 129, 500, 128] * 1000) == [104, 128, 136, 504]
