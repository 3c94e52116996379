"""The training loss: cross entropy of the response tokens, computed only where there is a label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from peft import PeftModel
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from src.training.packing import attention
from src.training.packing.packs import Pack

LOGIT_CHUNK = 1024  # supervised tokens whose logits exist at once; (1024, 49152) in float32 is 192 MiB


def supervised_loss(
    model: torch.nn.Module, pack: Pack, packed_attention: str, noise_alpha: float = 0.0
) -> torch.Tensor:
    """Sum of the cross entropy over the supervised tokens of `pack`, a float32 scalar.

    `noise_alpha` above 0 adds NEFTune's noise to the embeddings.
    """
    extra: dict[str, Any] = {}
    if packed_attention != attention.FALLBACK:
        unshared = pack.boundaries if pack.shared is None else pack.shared.boundaries
        extra = {"cu_seq_lens_q": pack.boundaries, "cu_seq_lens_k": unshared, "shared": pack.shared}
        extra |= {"max_length_q": pack.longest, "max_length_k": pack.longest}
    decoder, head = _split(model)
    if noise_alpha:
        embedded = decoder.get_input_embeddings()(pack.input_ids)  # type: ignore[operator]
        extra["inputs_embeds"] = add_neftune_noise(embedded, pack, noise_alpha)
    else:
        extra["input_ids"] = pack.input_ids
    hidden = decoder(position_ids=pack.position_ids, use_cache=False, **extra).last_hidden_state[0]  # (t, h)
    return chunked_cross_entropy(hidden[pack.predicting], head, pack.targets)


def add_neftune_noise(embedded: torch.Tensor, pack: Pack, alpha: float) -> torch.Tensor:
    """Uniform noise of size alpha / sqrt(tokens of the sample x h), arXiv 2310.05914; (1, t, h) -> (1, t, h).

    The Trainer's own version would treat the whole pack as one sample.
    """
    lengths = (pack.boundaries[1:] - pack.boundaries[:-1]).long()  # (d,)
    size = alpha / (lengths * embedded.shape[-1]).float().sqrt()
    size = size.repeat_interleave(lengths, output_size=pack.tokens)[None, :, None].to(embedded.dtype)
    return embedded + size * torch.empty_like(embedded).uniform_(-1, 1)


def chunked_cross_entropy(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor) -> torch.Tensor:
    """Summed cross entropy of head(hidden (s, h)) and targets (s,), logits computed chunk by chunk.

    Logits are recomputed in the backward pass instead of being kept: s x v numbers never exist at once. The head is
    called once, whatever s is: at each call FSDP2 gathers its weights, for which all processes must meet.
    """
    logits = head.forward

    def chunk_loss(hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits(hidden).float(), targets, reduction="sum")

    def loss() -> torch.Tensor:
        if len(targets) <= LOGIT_CHUNK:
            return chunk_loss(hidden, targets)
        chunks = zip(hidden.split(LOGIT_CHUNK), targets.split(LOGIT_CHUNK), strict=True)
        sums = [
            checkpoint(chunk_loss, *chunk, use_reentrant=False, preserve_rng_state=False) for chunk in chunks
        ]
        return torch.stack(sums).sum()

    return as_forward(head, head, loss, hidden)


def _split(model: torch.nn.Module) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The decoder without its head, and the head, of a plain or adapted model."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    assert isinstance(inner, PreTrainedModel)
    head = inner.get_output_embeddings()
    assert isinstance(head, torch.nn.Module)
    return inner.base_model, head


def as_forward(
    wrapped: torch.nn.Module,
    inner: torch.nn.Module,
    work: Callable[[], torch.Tensor],
    argument: torch.Tensor,
) -> torch.Tensor:
    """What `work` computes with `inner`, where the hooks of `wrapped` see one call of the module.

    FSDP2 gathers a module's weights when the module itself is called; the loss calls parts of the model. So `work`
    replaces `inner`'s forward during one call. `argument` only shows the hooks the device of the inputs.
    """
    own = inner.__dict__.get("forward")  # an instance's own forward hides that of the class

    def forward(*_: object) -> torch.Tensor:
        return work()

    inner.forward = forward
    try:
        loss: torch.Tensor = wrapped(argument)
    finally:
        del inner.forward
        if own is not None:
            inner.forward = own
    return loss
