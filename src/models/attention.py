"""Attention over packed samples: no mask is built, no pair of samples computed.

On a GPU by stock torch's varlen kernel, on a CPU sample by sample.
"""

from __future__ import annotations

import inspect
from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AttentionInterface, PretrainedConfig
from transformers.masking_utils import AttentionMaskInterface, flash_attention_mask

from src.models.hardware import Hardware

NAME = "torch_varlen"
BY_SAMPLE = "sdpa_by_sample"
FALLBACK = "sdpa"  # block-diagonal masks, made by transformers from position_ids


def training_attention(config: PretrainedConfig, hardware: Hardware) -> str:
    """The attention to train packs with: the fastest that model, device, number type and head size allow."""
    kind = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    if not getattr(kind, "_supports_attention_backend", False):
        return FALLBACK
    if hardware.device == "cpu":
        return _registered(BY_SAMPLE, attention_by_sample)
    if hardware.device != "cuda" or hardware.dtype not in (torch.bfloat16, torch.float16):
        return FALLBACK
    if torch.cuda.get_device_capability() < (8, 0):
        return FALLBACK
    try:
        from torch.nn.attention.varlen import varlen_attn  # noqa: F401
    except ImportError:
        return FALLBACK
    text = config.get_text_config()
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    if head_dim % 8 or head_dim > 256:
        return FALLBACK
    return _registered(NAME, varlen_attention)


def _registered(name: str, function: Any) -> str:
    AttentionInterface.register(name, function)
    AttentionMaskInterface.register(name, flash_attention_mask)
    return name


def attention_by_sample(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention inside each packed sample, one after the other; shapes as in `varlen_attention`."""
    repeats = query.shape[1] // key.shape[1]
    key, value = (tensor.repeat_interleave(repeats, dim=1) for tensor in (key, value))
    bounds = [0, query.shape[2]] if cu_seq_lens_q is None else cu_seq_lens_q.tolist()
    parts = []
    for start, stop in pairwise(bounds):
        mask = None
        if sliding_window and stop - start > sliding_window:
            mask = torch.ones(stop - start, stop - start, dtype=torch.bool).tril().triu(1 - sliding_window)
        q, k, v = (tensor[:, :, start:stop] for tensor in (query, key, value))
        parts.append(
            scaled_dot_product_attention(
                q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scaling
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def varlen_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention inside each packed sample.

    query (1, heads, t, head_dim), key and value (1, kv_heads, t, head_dim) -> (1, t, heads, head_dim).
    `cu_seq_lens_q` (d + 1,) and `max_length_q` come from the pack; attention dropout is not applied.
    """
    from torch.nn.attention.varlen import varlen_attn

    query, key, value = (
        tensor.squeeze(0).transpose(0, 1) for tensor in (query, key, value)
    )  # (t, heads, head_dim)
    options: dict[str, Any] = {"scale": scaling}
    known = inspect.signature(varlen_attn).parameters
    if "window_size" in known:
        options["window_size"] = (
            sliding_window - 1 if sliding_window else -1,
            0,
        )  # tokens to the left, right
    else:
        options["is_causal"] = True
    if query.shape[1] != key.shape[1]:
        if "enable_gqa" in known:
            options["enable_gqa"] = True
        else:
            repeats = query.shape[1] // key.shape[1]
            key, value = (tensor.repeat_interleave(repeats, dim=1) for tensor in (key, value))
    if cu_seq_lens_q is None or max_length_q is None:  # one sample
        cu_seq_lens_q = torch.tensor([0, query.shape[0]], dtype=torch.int32, device=query.device)
        max_length_q = query.shape[0]
    query, key, value = (_half(tensor) for tensor in (query, key, value))
    output = varlen_attn(
        query, key, value, cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q, **options
    )
    assert isinstance(output, torch.Tensor)  # a pair only where the log-sum-exp is asked for
    return output.unsqueeze(0), None


def _half(tensor: torch.Tensor) -> torch.Tensor:
    """The kernel takes 16-bit tensors; under autocast some models hand over float32."""
    if tensor.dtype in (torch.bfloat16, torch.float16):
        return tensor
    return tensor.to(
        torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled("cuda") else torch.bfloat16
    )
