"""The training loss: cross entropy of the response tokens, computed only where there is a label."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from src.data.packing import Pack
from src.models import attention

CHUNK = 1024  # supervised tokens whose logits exist at once; (1024, 49152) in float32 is 192 MiB


def supervised_loss(model: torch.nn.Module, pack: Pack, packed_attention: str) -> torch.Tensor:
    """Sum of the cross entropy over the supervised tokens of `pack`, a float32 scalar."""
    extra: dict[str, Any] = {}
    if packed_attention == attention.NAME:
        ends = {"cu_seq_lens_q": pack.boundaries, "cu_seq_lens_k": pack.boundaries}
        extra = ends | {"max_length_q": pack.longest, "max_length_k": pack.longest}
    decoder, head = _split(model)
    hidden = decoder(
        input_ids=pack.input_ids, position_ids=pack.position_ids, use_cache=False, **extra
    ).last_hidden_state[0]  # (t, h)
    return chunked_cross_entropy(hidden[pack.predicting], head, pack.targets)


def chunked_cross_entropy(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor) -> torch.Tensor:
    """Summed cross entropy of head(hidden (s, h)) and targets (s,), logits made chunk by chunk.

    Logits are made again in the backward pass instead of being kept: s x v numbers never exist at once.
    """
    if len(targets) <= CHUNK:
        return _cross_entropy(hidden, head, targets)
    pieces = zip(hidden.split(CHUNK), targets.split(CHUNK), strict=True)
    sums = [checkpoint(_cross_entropy, part, head, wanted, use_reentrant=False) for part, wanted in pieces]
    return torch.stack(sums).sum()


def _cross_entropy(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(head(hidden).float(), targets, reduction="sum")


def _split(model: torch.nn.Module) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The decoder without its head, and the head, of a plain or adapted model."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return inner.base_model, inner.get_output_embeddings()
