"""Attention over packs: each sample attends to itself alone, as with a mask, and to the prefixes it shares."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import BloomConfig, Gemma2Config, GptOssConfig

from src.data.preprocessing import Encoded
from src.models.hardware import Hardware
from src.models.kernels.attention_arguments import UnknownArgumentError
from src.training.packing import attention
from src.training.packing.packs import make_pack
from tests import tiny
from tests.training.encoded import random_samples, samples_with_shared_prefixes, tiny_samples


@pytest.mark.parametrize(
    ("device", "dtype", "capability", "heads", "wanted"),
    [
        ("cpu", torch.float32, (9, 0), 4, attention.BY_SAMPLE),
        ("cuda", torch.float32, (9, 0), 4, attention.EFFICIENT),
        ("cuda", torch.float16, (7, 5), 4, attention.EFFICIENT),
        ("cuda", torch.float16, (7, 5), 8, attention.FALLBACK),
        ("cuda", torch.bfloat16, (7, 5), 4, attention.FALLBACK),
        ("cuda", torch.bfloat16, (9, 0), 8, attention.FALLBACK),  # heads of 4: not a multiple of 8
        ("cuda", torch.bfloat16, (8, 0), 4, attention.VARLEN),
        ("cuda", torch.float16, (9, 0), 4, attention.VARLEN),
    ],
)
def test_attention_that_computes_no_pair_of_samples_is_used_where_it_runs(
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    dtype: torch.dtype,
    capability: tuple[int, int],
    heads: int,
    wanted: str,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    config = tiny.model_config("llama", num_attention_heads=heads, head_dim=32 // heads)
    assert attention.training_attention(config, Hardware(device, dtype, "test", 8)) == wanted


def test_an_apple_gpu_and_rocm_take_attention_sample_by_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny.model_config("llama")
    apple, amd = (Hardware(device, torch.bfloat16, "test", 8) for device in ("mps", "cuda"))
    assert attention.training_attention(config, apple) == attention.BY_SAMPLE
    monkeypatch.setattr(torch.version, "hip", "7.2")
    assert attention.training_attention(config, amd) == attention.BY_SAMPLE


def test_models_without_pluggable_attention_keep_their_own() -> None:
    config = BloomConfig(hidden_size=32, n_layer=1, n_head=4, vocab_size=64)
    assert (
        attention.training_attention(config, Hardware("cpu", torch.float32, "test", 8)) == attention.FALLBACK
    )


def test_models_whose_attention_is_more_than_torchs_keep_their_own() -> None:
    """Gemma 2 caps its scores, gpt-oss has sinks."""
    for config in (Gemma2Config(), GptOssConfig()):
        for device, dtype in (("cpu", torch.float32), ("cuda", torch.bfloat16)):
            assert attention.training_attention(config, Hardware(device, dtype, "test", 8)) == "own"


@pytest.mark.parametrize(
    "function", [attention.attention_by_sample, attention.varlen_attention, attention.efficient_attention]
)
def test_what_is_not_understood_and_boundaries_that_do_not_arrive_are_errors(function: Any) -> None:
    tensors = [torch.randn(1, 2, 4, 8) for _ in range(3)]
    bounds = torch.tensor([0, 4], dtype=torch.int32)
    told: dict[str, Any] = {"cu_seq_lens_q": bounds, "cu_seq_lens_k": bounds, "max_length_q": 4}
    module = torch.nn.Identity()
    for more in ({"softcap": 50.0}, {"s_aux": torch.zeros(2)}, {"is_causal": False}):
        with pytest.raises(UnknownArgumentError, match=next(iter(more))):
            function(module, *tensors, None, **told, **more)
    with pytest.raises(UnknownArgumentError, match="attention_mask"):
        function(module, *tensors, torch.ones(1, 1, 4, 4), **told)
    for missing in told:
        with pytest.raises(attention.BoundariesLostError, match="where samples end"):
            function(module, *tensors, None, **{name: item for name, item in told.items() if name != missing})


@pytest.mark.parametrize("window", [None, 3, 50])
def test_attention_by_sample_is_sdpa_with_a_mask(window: int | None) -> None:
    torch.manual_seed(0)
    bounds = torch.tensor([0, 1, 8, 20], dtype=torch.int32)
    query, key, value = (torch.randn(1, heads, 20, 8) for heads in (6, 2, 2))
    sample = torch.repeat_interleave(torch.arange(3), bounds.diff())
    place = torch.arange(20)
    back = place[:, None] - place[None, :]
    seen = (sample[:, None] == sample[None, :]) & (back >= 0) & (back < (window or 20))
    expected = scaled_dot_product_attention(
        query, key, value, attn_mask=seen, scale=0.3, enable_gqa=True
    ).transpose(1, 2)
    found, _ = attention.attention_by_sample(
        torch.nn.Module(), query, key, value, None, scaling=0.3, cu_seq_lens_q=bounds, cu_seq_lens_k=bounds,
        max_length_q=12, sliding_window=window,
    )  # fmt: skip
    torch.testing.assert_close(found, expected)


def _attended(query, key, value, bounds_q, bounds_k, scale, window=-1):  # type: ignore[no-untyped-def]
    """By definition: (t, heads, d) of each sample, queries being its last tokens; a window's tokens to the left."""
    key, value = (item.repeat_interleave(query.shape[1] // item.shape[1], 1) for item in (key, value))
    rows = []
    lengths = bounds_q.diff().tolist(), bounds_k.diff().tolist()
    split = query.split(lengths[0]), key.split(lengths[1]), value.split(lengths[1])
    for parts in zip(*split, strict=True):
        q, k, v = (item.float().transpose(0, 1) for item in parts)
        scores = q @ k.transpose(1, 2) * scale
        own, seen = scores.shape[1:]
        ahead = torch.arange(seen - own, seen)[:, None] - torch.arange(seen)[None, :]
        hidden = (ahead < 0) | ((window >= 0) & (ahead > window))
        rows.append((scores.masked_fill(hidden, float("-inf")).softmax(-1) @ v).transpose(0, 1))
    return torch.cat(rows).to(query.dtype)


def _varlen(query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, *, scale=None, window_size=(-1, -1), enable_gqa=False):  # type: ignore[no-untyped-def]  # fmt: skip
    assert (max_q, max_k, enable_gqa) == (6, 6, True)
    return _attended(query, key, value, cu_seq_q, cu_seq_k, scale, window_size[0])


def _efficient(query, key, value, bias, cu_q, cu_k, max_q, max_k, dropout, mask, logsumexp, *, scale=None):  # type: ignore[no-untyped-def]  # fmt: skip
    assert (bias, max_q, max_k, dropout, mask, logsumexp) == (None, 6, 6, 0, attention.LAST_TOKENS, True)
    assert query.shape[2] == key.shape[2]
    return _attended(query[0], key[0], value[0], cu_q, cu_k, scale)[None], *[None] * 5


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize(
    ("function", "window"),
    [
        (attention.varlen_attention, None),
        (attention.varlen_attention, 3),
        (attention.efficient_attention, None),
        (attention.efficient_attention, 6),  # of the longest sample
    ],
)
def test_kernels_are_called_for_what_sdpa_computes(
    monkeypatch: pytest.MonkeyPatch, function: Any, window: int | None, share: bool
) -> None:
    """They run on GPUs only: stand-ins with their signatures do the sum from its definition."""
    from torch.nn.attention import varlen

    monkeypatch.setattr(varlen, "varlen_attn", _varlen)
    monkeypatch.setattr(torch.ops.aten, "_efficient_attention_forward", _efficient)
    torch.manual_seed(0)
    samples = [Encoded("a", [1, 2, 3], 1), Encoded("b", [1, 2, 4, 5, 6, 7], 1)]
    made = make_pack(samples, share)
    tokens = made.tokens
    query = torch.randn(1, 4, tokens, 16).bfloat16()
    key, value = torch.randn(2, 1, 2, tokens, 16).bfloat16()
    found, _ = function(
        torch.nn.Identity(), query, key, value, None, scaling=0.25, cu_seq_lens_q=made.boundaries,
        cu_seq_lens_k=made.boundaries if made.shared is None else made.shared.boundaries, max_length_q=6,
        sliding_window=window, shared=made.shared,
    )  # fmt: skip
    mask = torch.zeros(tokens, tokens, dtype=torch.bool)
    for path in ([0, 1, 2], [0, 1, 3, 4, 5, 6]) if share else ([0, 1, 2], [3, 4, 5, 6, 7, 8]):
        for place, row in enumerate(path):
            mask[row, path[max(0, place - (window or 99) + 1) : place + 1]] = True
    keys, values = (item.repeat_interleave(2, 1).float() for item in (key, value))
    expected = scaled_dot_product_attention(query.float(), keys, values, mask, scale=0.25)
    torch.testing.assert_close(found.float(), expected.transpose(1, 2), rtol=2e-2, atol=2e-2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the kernel runs on GPUs")
@pytest.mark.parametrize(("heads", "kv_heads", "width"), [(8, 8, 64), (8, 2, 128), (4, 4, 256), (9, 3, 72)])
@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize(
    ("dtype", "rounding"), [(torch.float16, 2e-3), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)]
)
def test_the_memory_efficient_kernel_attends_as_promised(
    heads: int, kv_heads: int, width: int, share: bool, dtype: torch.dtype, rounding: float
) -> None:
    """Measured on an H200: at most 4.5e-4, 9.2e-7 and 3.7e-3; samples without tokens at the end, as in padded packs."""
    torch.manual_seed(0)
    lengths = 9, 40, 133, 64, 20, 257
    made = make_pack((samples_with_shared_prefixes if share else random_samples)(*lengths), share)
    bounds = [made.boundaries, made.boundaries if made.shared is None else made.shared.boundaries]
    query = torch.randn(heads, made.tokens, width, dtype=dtype, requires_grad=True)
    pair = [torch.randn(kv_heads, made.tokens, width, dtype=dtype, requires_grad=True) for _ in range(2)]
    tensors = [item.detach().float().transpose(0, 1).requires_grad_() for item in (query, *pair)]
    own = [item if made.shared is None else item.index_select(0, made.shared.sources) for item in tensors[1:]]
    expected = _attended(tensors[0], *own, *bounds, 0.1)
    on_gpu = made.to("cuda")
    found, _ = attention.efficient_attention(
        torch.nn.Identity(), *(item.cuda()[None] for item in (query, *pair)), None, scaling=0.1,
        cu_seq_lens_q=torch.cat([bounds[0], bounds[0][-1:].expand(3)]).cuda(),
        cu_seq_lens_k=torch.cat([bounds[1], bounds[1][-1:].expand(3)]).cuda(),
        max_length_q=made.longest + 7, shared=on_gpu.shared,
    )  # type: ignore[arg-type]  # fmt: skip
    weights = torch.randn(expected.shape)
    wanted = torch.autograd.grad(expected, tensors, weights)
    got = torch.autograd.grad(found, (query, *pair), weights[None].cuda().to(dtype))
    pairs = [
        (found[0].cpu(), expected),
        *((one.transpose(0, 1), other) for one, other in zip(got, wanted, strict=True)),
    ]
    assert all((one.float() - other).norm() <= rounding * other.norm() for one, other in pairs)


def test_the_memory_efficient_kernel_refuses_windows_narrower_than_a_sample() -> None:
    tensors = [torch.randn(1, 2, 4, 8) for _ in range(3)]
    bounds = torch.tensor([0, 4], dtype=torch.int32)
    with pytest.raises(UnknownArgumentError, match="sliding_window"):
        attention.efficient_attention(
            torch.nn.Identity(), *tensors, None, cu_seq_lens_q=bounds, cu_seq_lens_k=bounds, max_length_q=4,
            sliding_window=3,
        )  # type: ignore[arg-type]  # fmt: skip


def test_the_gradient_of_shared_tokens_is_the_sum_over_their_samples() -> None:
    shared = make_pack(tiny_samples(), share=True).shared
    assert shared is not None
    generator = torch.Generator().manual_seed(0)
    computed = torch.randn(
        len(shared.first), 2, 3, dtype=torch.float64, generator=generator, requires_grad=True
    )
    result = attention.unshared(computed, shared)
    weights = torch.randn(result.shape, dtype=torch.float64, generator=generator)
    wanted = computed.index_select(0, shared.sources)
    torch.testing.assert_close(result, wanted, rtol=0, atol=0)
    (found,) = torch.autograd.grad((result * weights).sum(), computed)
    (expected,) = torch.autograd.grad((wanted * weights).sum(), computed)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("kernel", "repeats"),
    [
        (lambda query, key, value, *bounds, scale=None, window_size=(-1, -1), enable_gqa=False: None, False),
        (lambda query, key, value, *bounds, scale=None, window_size=(-1, -1): None, True),
    ],
    ids=["takes groups of heads", "torch 2.11"],
)
def test_keys_and_values_are_repeated_where_the_kernel_knows_no_groups_of_heads(monkeypatch, kernel, repeats):
    from torch.nn.attention import varlen

    monkeypatch.setattr(varlen, "varlen_attn", kernel)
    assert attention.repeats_kv(attention.VARLEN) is repeats
    assert attention.repeats_kv(attention.EFFICIENT)
    assert attention.repeats_kv(attention.BY_SAMPLE)
    assert not attention.repeats_kv(attention.FALLBACK)
