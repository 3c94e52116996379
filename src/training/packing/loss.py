"""The training loss: cross entropy of the response tokens, computed only where there is a label."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from src.models.architecture import decoder_of, plain_model
from src.models.hardware import Hardware
from src.training.packing.attention import PACKED, BoundariesLostError
from src.training.packing.packs import Pack

LOGIT_CHUNK = 1024  # supervised tokens whose logits exist at once; (1024, 49152) in float32 is 192 MiB


# What makes the logits of the supervised tokens. The head alone is the quickest; models scale or cap what it gives.
HEAD = "head"  # the output head, on what the decoder gives
TAIL = "tail"  # all that the model computes after its decoder, by chunks
FORWARD = "forward"  # the model's whole forward pass, all logits at once


def supervised_loss(
    model: torch.nn.Module, pack: Pack, packed_attention: str, noise_alpha: float = 0.0, logits: str = HEAD
) -> torch.Tensor:
    """Sum of the cross entropy over the supervised tokens of `pack`, a float32 scalar.

    `noise_alpha` above 0 adds NEFTune's noise to the embeddings. `logits` is one of HEAD, TAIL and FORWARD. Raises
    BoundariesLostError where the model cannot be told where samples end.
    """
    base = plain_model(model)
    decoder = base if logits == FORWARD else decoder_of(base)
    inputs = _inputs(decoder, pack, packed_attention)
    if noise_alpha:
        embedded = base.get_input_embeddings()(pack.input_ids)
        inputs["inputs_embeds"] = add_neftune_noise(embedded, pack, noise_alpha)
    else:
        inputs["input_ids"] = pack.input_ids
    if logits == FORWARD:
        return _cross_entropy(_forward_logits(base, pack, inputs), pack.targets)
    output = decoder(**inputs)
    hidden = output.last_hidden_state[0][pack.predicting]  # (s, h)
    if logits == TAIL:
        return _tail_cross_entropy(base, decoder, output, hidden, pack.targets)
    head = base.get_output_embeddings()
    assert isinstance(head, torch.nn.Module)
    return chunked_cross_entropy(hidden, head, pack.targets)


def logits_ways(model: torch.nn.Module) -> tuple[str, ...]:
    """The ways to make logits that the structure of `model` allows, the quickest first."""
    base = plain_model(model)
    if decoder_of(base) is base:
        return (FORWARD,)
    return (HEAD, TAIL, FORWARD) if base.get_output_embeddings() is not None else (TAIL, FORWARD)


def _inputs(module: torch.nn.Module, pack: Pack, packed_attention: str) -> dict[str, Any]:
    """What the decoder or the model is told besides its tokens."""
    accepted = inspect.signature(type(module).forward).parameters
    inputs: dict[str, Any] = {"use_cache": False} if "use_cache" in accepted else {}
    if packed_attention in PACKED:
        unshared = pack.boundaries if pack.shared is None else pack.shared.boundaries
        inputs |= {"cu_seq_lens_q": pack.boundaries, "cu_seq_lens_k": unshared, "shared": pack.shared}
        inputs |= {"max_length_q": pack.longest, "max_length_k": pack.longest}
    elif len(pack.boundaries) == 2:  # one sample: as the model takes it
        return inputs
    if "position_ids" not in accepted:
        raise BoundariesLostError("it takes no positions that would tell where samples end")
    return inputs | {"position_ids": pack.position_ids}


def _cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits.float(), targets, reduction="sum")


def _forward_logits(base: PreTrainedModel, pack: Pack, inputs: dict[str, Any]) -> torch.Tensor:
    """The logits (s, v) of the supervised tokens by the model's own forward pass."""
    if "logits_to_keep" in inspect.signature(type(base).forward).parameters:
        return base(**inputs, logits_to_keep=pack.predicting).logits[0]
    return base(**inputs).logits[0][pack.predicting]


def _tail_cross_entropy(
    base: PreTrainedModel, decoder: PreTrainedModel, output: Any, hidden: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Summed cross entropy of what the model makes of hidden (s, h): its forward pass, its decoder giving chunks of them."""

    def chunk_loss(hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        given = type(output)(**{**output, "last_hidden_state": hidden[None]})
        with replaced_forward(decoder, lambda *_, **__: given):
            logits = base(input_ids=torch.zeros_like(targets)[None]).logits[0]
        return _cross_entropy(logits, targets)

    return _chunked(chunk_loss, hidden, targets)


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
        return _cross_entropy(logits(hidden), targets)

    return as_forward(head, head, lambda: _chunked(chunk_loss, hidden, targets), hidden)


def _chunked(
    chunk_loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    hidden: torch.Tensor,
    targets: torch.Tensor,
) -> torch.Tensor:
    """The sum of `chunk_loss` over chunks, recomputed in the backward pass where there are several."""
    if len(targets) <= LOGIT_CHUNK:
        return chunk_loss(hidden, targets)
    chunks = zip(hidden.split(LOGIT_CHUNK), targets.split(LOGIT_CHUNK), strict=True)
    sums = [checkpoint(chunk_loss, *chunk, use_reentrant=False, preserve_rng_state=False) for chunk in chunks]
    return torch.stack(sums).sum()


def as_forward(
    wrapped: torch.nn.Module, inner: torch.nn.Module, work: Callable[[], torch.Tensor], argument: torch.Tensor
) -> torch.Tensor:
    """What `work` computes with `inner`, where the hooks of `wrapped` see one call of the module.

    FSDP2 gathers a module's weights when the module itself is called; the loss calls parts of the model. So `work`
    replaces `inner`'s forward during one call. `argument` only shows the hooks the device of the inputs.
    """
    with replaced_forward(inner, lambda *_: work()):
        loss: torch.Tensor = wrapped(argument)
    return loss


@contextmanager
def replaced_forward(module: torch.nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """`module` with another forward within the block."""
    own = module.__dict__.get("forward")  # an instance's own forward hides that of the class
    module.forward = forward
    try:
        yield
    finally:
        del module.forward
        if own is not None:
            module.forward = own


@contextmanager
def autocast(hardware: Hardware) -> Iterator[None]:
    """16-bit products with float32 adapter weights, of bfloat16 on a GPU only; plain arithmetic elsewhere."""
    if hardware.dtype == torch.float16 or (hardware.device == "cuda" and hardware.dtype != torch.float32):
        with torch.autocast(hardware.device, hardware.dtype):
            yield
    else:
        yield
