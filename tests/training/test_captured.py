"""Packs of a fixed shape compute what the packs in them compute; graphs add to gradients as a backward pass does."""

import itertools
import math
import random
from types import SimpleNamespace

import pytest
import torch

from src.data.packing import filled, pack
from src.data.preprocessing import Encoded
from src.models.fast_lora import speed_up
from src.training import captured
from src.training.captured import PackGraphs, graph_sizes, is_random
from src.training.loss import supervised_loss
from tests import tiny
from tests.models.test_fast_lora import adapted


def samples(*lengths):
    generator = torch.Generator().manual_seed(sum(lengths))
    return [
        Encoded(str(length), torch.randint(3, 400, (length,), generator=generator).tolist(), length // 2)
        for length in lengths
    ]


@pytest.fixture
def model():
    made = adapted("llama")
    speed_up(made)
    return made


def gradients(model, made, scale=1.0):
    model.zero_grad(set_to_none=True)
    loss = supervised_loss(model, made, "sdpa") * scale
    loss.backward()
    return loss.detach(), [item.grad.clone() for item in model.parameters() if item.grad is not None]


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
@pytest.mark.parametrize("tokens", [36, 128])
def test_a_filled_pack_has_the_loss_and_gradients_of_what_is_in_it(architecture, tokens):
    model = adapted(architecture).eval()
    own = pack(samples(9, 20, 7))
    (loss, wanted), (filled_loss, found) = (
        gradients(model, made) for made in (own, filled(own, tokens, 16, 64, longest=20))
    )
    torch.testing.assert_close(filled_loss, loss)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_filled_pack_has_the_shape_asked_for():
    made = filled(pack(samples(9, 20)), 100, 30, 40, longest=20)
    assert [tuple(tensor.shape) for tensor in made.tensors()] == [(1, 100), (1, 100), (40,), (40,), (31,)]
    assert made.boundaries.tolist()[:7] == [0, 9, 29, 49, 69, 89, 100]
    assert set(made.boundaries.tolist()[7:]) == {100}
    assert made.position_ids.max() == 19


@pytest.mark.parametrize("room", [(28, 9, 40, 20), (100, 5, 40, 20), (100, 9, 13, 20), (100, 9, 40, 19)])
def test_what_does_not_fit_in_is_not_filled(room):
    """Tokens, samples, supervised tokens, longest sample: one of them is too few each time."""
    own = pack(samples(9, 20))
    assert filled(own, 100, 9, 40, 20) is not None
    assert filled(own, *room) is None


@pytest.fixture
def graphs(model, monkeypatch):
    """PackGraphs whose graph is a plain computation: all but the CUDA graph itself."""
    real = torch.zeros
    monkeypatch.setattr(torch, "zeros", lambda *shape, **options: real(*shape))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    made = PackGraphs(
        lambda one: supervised_loss(model, one, "sdpa"),
        [item for item in model.parameters() if item.requires_grad],
        [90, 128, 1000], 40,
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

        return captured._Graph(static, loss, SimpleNamespace(replay=replay, pool=lambda: None))

    monkeypatch.setattr(made, "_capture", capture)
    made.paying = True
    return made


def test_graphs_add_up_gradients_with_plain_passes_in_between(model, graphs):
    packs = [pack(samples(*lengths)) for lengths in ([9, 20], [30, 7, 12, 15], [5], [40, 40, 22])]
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
                for total, new in zip(wanted, gradients(model, made, 0.5)[1], strict=True):
                    total.add_(new)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)
    assert sorted(graphs.graphs) == [128, 1024]


def test_a_pack_larger_than_the_largest_graph_is_computed_as_usual(graphs):
    assert graphs.sizes[-1] == 1024
    assert graphs.backward(pack(samples(*[40] * 26)), 1.0) is None


def test_a_failed_capture_ends_graphs_but_not_the_run(graphs, monkeypatch, caplog):
    def fails(_):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(graphs, "_capture", fails)
    assert graphs.backward(pack(samples(9)), 1.0) is None
    assert not graphs.paying
    assert "going on without graphs: operation not permitted when stream is capturing" in caplog.text
    graphs.paying = True
    monkeypatch.setattr(graphs, "_capture", lambda _: (_ for _ in ()).throw(torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        graphs.backward(pack(samples(9)), 1.0)


@pytest.mark.parametrize(("started", "ran", "pays"), [(0.9, 1.0, True), (0.2, 1.0, False)])
def test_graphs_pay_where_kernels_wait_for_python(graphs, monkeypatch, started, ran, pays):
    graphs.paying = False
    clock = iter([0.0, started, ran])
    monkeypatch.setattr(captured.time, "perf_counter", lambda: next(clock, math.inf))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    for number in range(1, 6):
        assert graphs.time(lambda: "loss") == "loss"
        assert graphs.paying == (pays and number >= captured.TIMED)


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
    assert not any(size % captured.STEP for size in found)
    occurring = sorted({-(-tokens // captured.STEP) * captured.STEP for tokens in packs})
    others = [[*some, occurring[-1]] for some in itertools.combinations(occurring[:-1], most - 1)]
    assert computed(packs, found) == min(computed(packs, sizes) for sizes in others)


def test_as_many_sizes_as_occur_fill_up_to_the_next_step():
    assert graph_sizes([100, 129, 500, 128]) == [128, 256, 512]


def test_dropout_anywhere_is_randomness():
    assert not is_random(adapted("llama"))
    assert is_random(adapted("llama", lora_dropout=0.1))
    assert is_random(tiny.build_model("gpt_bigcode", resid_pdrop=0.1))
