"""Attention over packed samples: no mask is built, no pair of samples computed.

On a GPU by stock torch's varlen kernel, or by its memory-efficient one where that needs a newer GPU or another
number type; elsewhere sample by sample. Where samples share a prefix, its keys and values
are computed once and gathered for each; a sample's own tokens attend to them and to those before themselves.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AttentionInterface, PretrainedConfig
from transformers.masking_utils import AttentionMaskInterface, flash_attention_mask

from src.models.architecture import head_dim
from src.models.hardware import Hardware
from src.models.kernels.attention_arguments import refuse_unknown, repeat_kv
from src.models.loading import supports_sdpa
from src.training.packing.packs import SharedPrefixes

VARLEN = "torch_varlen"
EFFICIENT = "torch_memory_efficient"
BY_SAMPLE = "sdpa_by_sample"
FALLBACK = "own"  # the one the model ships with; block-diagonal masks, made by transformers from position_ids
PACKED = (VARLEN, EFFICIENT, BY_SAMPLE)
# torch's number for causal attention in which queries are the last of the tokens that have keys
LAST_TOKENS = 2
LOST = "its layers do not hand on where samples end"


class BoundariesLostError(RuntimeError):
    """Where one sample of a pack ends and the next begins has not arrived where tokens are mixed."""


def training_attention(config: PretrainedConfig, hardware: Hardware) -> str:
    """The attention to train packs with: the fastest that model, device, number type and head size allow."""
    kind: Any = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    if not (getattr(kind, "_supports_attention_backend", False) and kind is not None and supports_sdpa(kind)):
        return FALLBACK
    if hardware.device != "cuda" or torch.version.hip:  # ROCm's kernels were never tried
        return _registered(BY_SAMPLE, attention_by_sample)
    if head_dim(config) % 8:
        return FALLBACK
    ampere = torch.cuda.get_device_capability() >= (8, 0)
    if ampere and hardware.dtype != torch.float32 and head_dim(config) <= 256 and _has_varlen():
        return _registered(VARLEN, varlen_attention)
    if ampere or hardware.dtype != torch.bfloat16:
        return _registered(EFFICIENT, efficient_attention)
    return FALLBACK


def _has_varlen() -> bool:
    try:
        from torch.nn.attention.varlen import varlen_attn  # noqa: F401
    except ImportError:
        return False
    return True


def repeats_kv(attention: str) -> bool:
    """Whether keys and values are kept once for every head of queries that shares them, as torch 2.11's kernel needs."""
    if attention != VARLEN:
        return attention in (EFFICIENT, BY_SAMPLE)
    from torch.nn.attention.varlen import varlen_attn

    return "enable_gqa" not in inspect.signature(varlen_attn).parameters


def _registered(name: str, function: Any) -> str:
    AttentionInterface.register(name, function)
    AttentionMaskInterface.register(name, flash_attention_mask)
    return name


@dataclass(frozen=True)
class Samples:
    """Which tokens of a pack belong together: the arguments of attention besides queries, keys and values."""

    queries: torch.Tensor  # (d + 1,) int32, where samples start among the queries and the last one ends
    keys: torch.Tensor  # the same among keys and values, which samples that share a prefix have more of
    longest: int  # no sample has more tokens
    window: int | None  # tokens that each attends to, itself included
    scaling: float | None
    dropout: float


Kernel = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Samples], torch.Tensor]


def _attention(kernel: Kernel) -> Callable[..., tuple[torch.Tensor, None]]:
    """`kernel` as transformers calls attention: causal inside each packed sample.

    query (1, heads, t, head_dim), key and value (1, kv_heads, t, head_dim) -> (1, t, heads, head_dim); the kernel gets
    and gives them without the first dimension, tokens first. `cu_seq_lens_q` and `cu_seq_lens_k` (d + 1,),
    `max_length_q`, which no sample exceeds, and `shared` come from the pack. Raises BoundariesLostError where they have
    not come, and UnknownArgumentError for what no kernel computes: a mask, a soft cap, sinks.
    """

    @functools.wraps(kernel)
    def attention(
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float | None = None,
        dropout: float = 0.0,
        cu_seq_lens_q: torch.Tensor | None = None,
        cu_seq_lens_k: torch.Tensor | None = None,
        max_length_q: int | None = None,
        sliding_window: int | None = None,
        shared: SharedPrefixes | None = None,
        **more: Any,
    ) -> tuple[torch.Tensor, None]:
        refuse_unknown(more | {"attention_mask": attention_mask})
        if cu_seq_lens_q is None or cu_seq_lens_k is None or max_length_q is None:
            raise BoundariesLostError(LOST)
        # squeezed, not indexed: the gradient of a selection is a copy into zeros
        query, key, value = (
            _as_autocast(tensor.squeeze(0).transpose(0, 1)) for tensor in (query, key, value)
        )
        if shared is not None:
            key, value = unshared(key, shared), unshared(value, shared)
        samples = Samples(cu_seq_lens_q, cu_seq_lens_k, max_length_q, sliding_window, scaling, dropout)
        return kernel(query, key, value, samples)[None], None

    return attention


def _as_autocast(tensor: torch.Tensor) -> torch.Tensor:
    """In the number type of autocast, under which some models pass float32: kernels are called past it."""
    enabled = torch.is_autocast_enabled(tensor.device.type)
    return tensor.to(torch.get_autocast_dtype(tensor.device.type)) if enabled else tensor


@_attention
def attention_by_sample(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, samples: Samples
) -> torch.Tensor:
    """One sample after the other, by torch's scaled_dot_product_attention."""
    key, value = repeat_kv(query, key, value)
    lengths, key_lengths = samples.queries.diff().tolist(), samples.keys.diff().tolist()
    parts = []
    for each in zip(query.split(lengths), key.split(key_lengths), value.split(key_lengths), strict=True):
        q, k, v = (tensor.transpose(0, 1)[None] for tensor in each)  # (1, heads, t, head_dim)
        queries, keys = q.shape[2], k.shape[2]
        mask = None
        if keys > queries or (samples.window and keys > samples.window):
            mask = _causal(queries, keys, samples.window or keys).to(q.device)
        found = scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=samples.dropout, is_causal=mask is None, scale=samples.scaling
        )
        parts.append(found[0].transpose(0, 1))
    return torch.cat(parts)


def _causal(queries: int, keys: int, window: int) -> torch.Tensor:
    """(queries, keys): which keys the last `queries` of so many tokens attend to, no more than `window` of them."""
    before = keys - queries
    return torch.ones(queries, keys, dtype=torch.bool).tril(before).triu(before + 1 - window)


@_attention
def varlen_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, samples: Samples
) -> torch.Tensor:
    """By torch's varlen kernel, which takes 16-bit numbers; attention dropout is not applied."""
    from torch.nn.attention.varlen import varlen_attn

    accepted = inspect.signature(varlen_attn).parameters
    options: dict[str, Any] = {"scale": samples.scaling}
    if "window_size" in accepted:  # tokens to the left, right
        options["window_size"] = (samples.window - 1 if samples.window else -1, 0)
    else:
        options["is_causal"] = True
    if "enable_gqa" in accepted:
        options["enable_gqa"] = query.shape[1] != key.shape[1]
    else:
        key, value = repeat_kv(query, key, value)
    bounds = samples.queries, samples.keys, samples.longest, samples.longest
    output = varlen_attn(query, key, value, *bounds, **options)
    assert isinstance(output, torch.Tensor)  # a pair only where the log-sum-exp is requested
    return output


@_attention
def efficient_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, samples: Samples
) -> torch.Tensor:
    """By the kernel that computes nested tensors; windows narrower than a sample it does not know, and dropout."""
    if samples.window and samples.window < samples.longest:
        refuse_unknown({"sliding_window": samples.window})
    key, value = repeat_kv(query, key, value)
    output, *_ = torch.ops.aten._efficient_attention_forward(
        query[None], key[None], value[None], None, samples.queries, samples.keys, samples.longest, samples.longest,
        0.0, LAST_TOKENS, True, scale=samples.scaling,
    )  # fmt: skip
    return output[0]


def unshared(computed: torch.Tensor, shared: SharedPrefixes) -> torch.Tensor:
    """Keys or values of the tokens that are computed (t, heads, d) as those of all unshared tokens (k, heads, d)."""
    result: torch.Tensor = _Unshared.apply(computed, shared.sources, shared.first, shared.repeated)
    return result


class _Unshared(torch.autograd.Function):
    """Selects rows. A shared token's gradient is the sum over its samples, as one product."""

    @staticmethod
    def forward(
        ctx: Any, computed: torch.Tensor, sources: torch.Tensor, first: torch.Tensor, repeated: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(sources, first, repeated)
        return computed.index_select(0, sources)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        sources, first, repeated = ctx.saved_tensors
        (grad,) = grads
        result = grad.index_select(0, first)
        places = (repeated[:, None] == sources).to(grad.dtype)  # (m, k)
        sums = places @ grad.reshape(len(grad), -1)
        result.index_copy_(0, repeated, sums.view(-1, *grad.shape[1:]))
        return result, None, None, None
