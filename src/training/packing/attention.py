"""Attention over packed samples: no mask is built, no pair of samples computed.

On a GPU by stock torch's varlen kernel, or by its memory-efficient one where that needs a newer GPU or another
number type; elsewhere sample by sample. Where samples share a prefix, its keys and values
are computed once and gathered for each; a sample's own tokens attend to them and to those before themselves.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AttentionInterface, PretrainedConfig
from transformers.masking_utils import AttentionMaskInterface, flash_attention_mask

from src.models.architecture import head_dim
from src.models.attention_arguments import refuse_unknown
from src.models.hardware import Hardware
from src.models.loading import supports_sdpa
from src.training.packing.packs import SharedPrefixes

VARLEN = "torch_varlen"
EFFICIENT = "torch_memory_efficient"
BY_SAMPLE = "sdpa_by_sample"
FALLBACK = "own"  # the one the model ships with; block-diagonal masks, made by transformers from position_ids
PACKED = (VARLEN, EFFICIENT, BY_SAMPLE)
LAST_TOKENS = (
    2  # torch's number for causal attention in which queries are the last of the tokens that have keys
)
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


def _registered(name: str, function: Any) -> str:
    AttentionInterface.register(name, function)
    AttentionMaskInterface.register(name, flash_attention_mask)
    return name


def _repeated(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values with as many heads, in dimension 1, as queries have."""
    repeats = query.shape[1] // key.shape[1]
    if repeats == 1:
        return key, value
    return key.repeat_interleave(repeats, dim=1), value.repeat_interleave(repeats, dim=1)


def attention_by_sample(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    cu_seq_lens_k: torch.Tensor | None = None,
    sliding_window: int | None = None,
    max_length_q: int | None = None,
    shared: SharedPrefixes | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention inside each packed sample, one after the other; shapes and errors as in `varlen_attention`."""
    refuse_unknown(more | {"attention_mask": attention_mask})
    if cu_seq_lens_q is None or cu_seq_lens_k is None or max_length_q is None:
        raise BoundariesLostError(LOST)
    if shared is not None:
        key, value = (
            unshared(tensor[0].transpose(0, 1), shared).transpose(0, 1)[None] for tensor in (key, value)
        )
    key, value = _repeated(query, key, value)
    query_lengths, key_lengths = cu_seq_lens_q.diff().tolist(), cu_seq_lens_k.diff().tolist()
    split = query.split(query_lengths, dim=2), key.split(key_lengths, dim=2), value.split(key_lengths, dim=2)
    parts = []
    for q, k, v in zip(*split, strict=True):
        keys = k.shape[2]
        mask = None
        if keys > q.shape[2] or (sliding_window and keys > sliding_window):
            mask = _causal(q.shape[2], keys, sliding_window or keys).to(q.device)
        parts.append(
            scaled_dot_product_attention(
                q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scaling
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def _causal(queries: int, keys: int, window: int) -> torch.Tensor:
    """(queries, keys): which keys the last `queries` of so many tokens attend to, no more than `window` of them."""
    before = keys - queries
    return torch.ones(queries, keys, dtype=torch.bool).tril(before).triu(before + 1 - window)


def varlen_attention(
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
    """Causal attention inside each packed sample.

    query (1, heads, t, head_dim), key and value (1, kv_heads, t, head_dim) -> (1, t, heads, head_dim).
    `cu_seq_lens_q` and `cu_seq_lens_k` (d + 1,), `max_length_q`, which no sample exceeds, and `shared` come from
    the pack; attention dropout is not applied. Raises BoundariesLostError where they have not come, and
    UnknownArgumentError for what this attention does not compute: a mask, a soft cap, sinks.
    """
    refuse_unknown(more | {"attention_mask": attention_mask})
    if cu_seq_lens_q is None or cu_seq_lens_k is None or max_length_q is None:
        raise BoundariesLostError(LOST)
    from torch.nn.attention.varlen import varlen_attn

    # (t, heads, head_dim)
    query, key, value = (tensor.squeeze(0).transpose(0, 1) for tensor in (query, key, value))
    options: dict[str, Any] = {"scale": scaling}
    accepted = inspect.signature(varlen_attn).parameters
    if "window_size" in accepted:
        options["window_size"] = (
            sliding_window - 1 if sliding_window else -1,
            0,
        )  # tokens to the left, right
    else:
        options["is_causal"] = True
    if query.shape[1] != key.shape[1]:
        if "enable_gqa" in accepted:
            options["enable_gqa"] = True
        else:
            key, value = _repeated(query, key, value)
    query, key, value = (_to_16_bit(tensor) for tensor in (query, key, value))
    if shared is not None:
        key, value = unshared(key, shared), unshared(value, shared)
    output = varlen_attn(
        query, key, value, cu_seq_lens_q, cu_seq_lens_k, max_length_q, max_length_q, **options
    )
    assert isinstance(output, torch.Tensor)  # a pair only where the log-sum-exp is requested
    return output.unsqueeze(0), None


def efficient_attention(
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
    """`varlen_attention` by the kernel that computes nested tensors; windows narrower than a sample it does not know."""
    narrow = {"sliding_window": sliding_window} if (sliding_window or math.inf) < (max_length_q or 0) else {}
    refuse_unknown(more | narrow | {"attention_mask": attention_mask})
    if cu_seq_lens_q is None or cu_seq_lens_k is None or max_length_q is None:
        raise BoundariesLostError(LOST)
    # (t, heads, head_dim)
    query, key, value = (_as_autocast(tensor.squeeze(0).transpose(0, 1)) for tensor in (query, key, value))
    if shared is not None:
        key, value = unshared(key, shared), unshared(value, shared)
    key, value = _repeated(query, key, value)
    output, *_ = torch.ops.aten._efficient_attention_forward(
        query[None], key[None], value[None], None, cu_seq_lens_q, cu_seq_lens_k, max_length_q, max_length_q,
        0.0, LAST_TOKENS, True, scale=scaling,
    )  # fmt: skip
    return output, None


def _as_autocast(tensor: torch.Tensor) -> torch.Tensor:
    enabled = torch.is_autocast_enabled(tensor.device.type)
    return tensor.to(torch.get_autocast_dtype(tensor.device.type)) if enabled else tensor


def _to_16_bit(tensor: torch.Tensor) -> torch.Tensor:
    """The kernel takes 16-bit tensors; under autocast some models pass float32."""
    if tensor.dtype in (torch.bfloat16, torch.float16):
        return tensor
    autocast = torch.is_autocast_enabled("cuda")
    return tensor.to(torch.get_autocast_dtype("cuda") if autocast else torch.bfloat16)


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
