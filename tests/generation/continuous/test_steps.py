"""Steps sample by uniform numbers, share graphs, and fall back to kernels that work."""

from __future__ import annotations

import contextlib

import pytest
import torch

from src.generation.continuous.kv_cache import use_slot_attention
from src.generation.continuous.steps import CaptureError, Steps, fitting_spans, kv_reads
from tests import tiny


@pytest.mark.parametrize(
    ("temperature", "top_p", "expected"),
    [
        (1.0, 1.0, [0, 0, 1, 2, 2]),  # cumulative: 0.5, 0.8, 1
        (1.0, 0.7, [0, 0, 1, 1, 1]),  # of 0.5 and 0.3, renormalised: 0.625, 1
        (0.5, 1.0, [0, 0, 0, 1, 2]),  # squares 25, 9, 4 of 38: 0.658, 0.895, 1
    ],
)
def test_a_token_is_where_the_cumulative_probability_passes_the_uniform_number(
    temperature: float, top_p: float, expected: list[int]
):
    steps = Steps(tiny.build_model("llama"), 5, 8, 7, False, temperature, top_p)
    steps.logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]])).expand(5, 3)
    steps.uniforms[:, 0] = torch.tensor([0.0, 0.49, 0.64, 0.82, 0.999], dtype=torch.double)
    assert steps._sample(5).tolist() == expected


def test_a_token_of_probability_0_is_never_sampled():
    steps = Steps(tiny.build_model("llama"), 1, 8, 7, graphs=False, temperature=1.0)
    steps.logits = torch.tensor([[0.0, 0.0, float("-inf")]])
    steps.uniforms[:, 0] = 1.0
    assert steps._sample(1).tolist() == [1]


def test_kv_reads_by_hand():
    assert kv_reads(((0, 4, 70), (4, 6, 33))) == 4 * 70 + 2 * 33


@pytest.mark.parametrize(
    ("failures", "raised"), [(0, None), (1, None), (2, CaptureError), (-1, torch.OutOfMemoryError)]
)
def test_where_cudnn_cannot_attend_the_next_kernel_does(failures: int, raised, caplog, monkeypatch):
    model, calls = tiny.build_model("llama"), []
    steps = Steps(model, 2, 64, 63, graphs=False)
    real = steps._forward

    def fails(spans):
        calls.append(spans)
        if failures < 0:
            raise torch.OutOfMemoryError
        if len(calls) <= failures:
            raise RuntimeError("no execution plan")
        real(spans)

    monkeypatch.setattr(steps, "_forward", fails)
    with use_slot_attention(model), pytest.raises(raised) if raised else contextlib.nullcontext():
        steps._try_kernels(((0, 2, 64),))
    assert len(calls) == (2 if failures > 0 else 1)
    assert ("without cuDNN: no execution plan" in caplog.text) == (failures > 0)


WIDE = ((0, 4, 128), (4, 8, 64))


@pytest.mark.parametrize(
    ("captured", "needed", "expected"),
    [
        ([], ((0, 4, 70), (4, 8, 33)), ((0, 4, 128), (4, 8, 128))),  # with 32 to spare, in 64s
        ([], ((0, 4, 190), (4, 8, 1)), ((0, 4, 200), (4, 8, 64))),  # not more than the cache has
        ([WIDE], ((0, 4, 110), (4, 8, 60)), WIDE),
        ([WIDE, ((0, 4, 128), (4, 8, 128))], ((0, 4, 110), (4, 8, 60)), WIDE),  # the tightest
        ([WIDE], ((0, 4, 96), (4, 8, 20)), WIDE),  # reads too much, but a new one would be the same
        ([((0, 4, 200), (4, 8, 192))], ((0, 4, 96), (4, 8, 20)), WIDE),
        ([WIDE], ((0, 4, 110), (4, 8, 65)), ((0, 4, 192), (4, 8, 128))),
        ([WIDE], ((0, 2, 110), (2, 4, 60)), ((0, 2, 192), (2, 4, 128))),  # other slots
    ],
)
def test_a_graph_is_reused_where_it_reads_enough_and_not_too_much(captured, needed, expected):
    assert fitting_spans(captured, needed, 200) == expected
