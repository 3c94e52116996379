"""A KV cache of slots, one row each in a single allocation, with the attention that reads it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from src.generation.continuous import kernel
from src.models.architecture import plain_model, shape_of
from src.models.kernels.attention_arguments import refuse_unknown, repeat_kv

SLOT_ATTENTION = "slots"
# each: first slot, end of the slots, the KV length that each of them reads
Spans = tuple[tuple[int, int, int], ...]


class SlotCache:
    """Serves as a model's past_key_values; the token at position p of a row is entry p of its slot.

    Nothing here synchronises with the device. The model needs position_ids and, to decode, a 4-D mask: then it
    calls nothing of a cache but `update`.
    """

    is_compileable = False

    def __init__(self, slots: int, length: int, by_kernel: bool = False) -> None:
        self.slots = slots
        self.length = length
        self.by_kernel = by_kernel  # decode by src.generation.continuous.kernel
        self.stores: dict[tuple[int, str], torch.Tensor] = {}  # each (slots, kv_heads, length, head_dim)
        self._rows = torch.empty(0)
        self._positions: torch.Tensor | None = None
        self._kv_length = 0

    def prefill(self, rows: torch.Tensor) -> None:
        """The next call of the model has whole prompts for the slots `rows` (b,)."""
        self._rows, self._positions = rows, None

    def decode(self, rows: torch.Tensor, positions: torch.Tensor, kv_length: int) -> None:
        """The next call has one token per slot, at `positions` (b,), and reads the first `kv_length` entries."""
        self._rows, self._positions, self._kv_length = rows, positions, kv_length

    def update(
        self, key: torch.Tensor, value: torch.Tensor, layer_idx: int, cache_kwargs: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store keys and values (b, kv_heads, t, head_dim); returns those to attend to.

        The kernel gets the new ones and stores them itself.
        """
        if self.by_kernel and not kernel.takes(key, value):
            self.by_kernel = False
        if self.by_kernel and self._positions is not None:
            return key, value
        return self._write(key, (layer_idx, "key")), self._write(value, (layer_idx, "value"))

    def attend(
        self, layer_idx: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """The kernel's output for new queries (b, heads, head_dim), keys and values (b, kv_heads, head_dim) of a layer."""
        assert self._positions is not None
        keys, values = self._store((layer_idx, "key"), key), self._store((layer_idx, "value"), value)
        return kernel.attend(query, key, value, keys, values, self._positions, scaling)

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Called by some models, which do not use it where position_ids are given."""
        return 0

    def select(self, order: Sequence[int]) -> None:
        """Move slot order[n] to slot n, for every n < len(order)."""
        moved = [(target, slot) for target, slot in enumerate(order) if target != slot]
        if not moved or not self.stores:
            return
        device = next(iter(self.stores.values())).device
        targets, slots = torch.tensor(moved, device=device).unbind(1)
        for store in self.stores.values():
            store[targets] = store[slots]

    def _store(self, name: tuple[int, str], new: torch.Tensor) -> torch.Tensor:
        """The entries of all slots for tensors shaped as `new` (b, kv_heads, ..., head_dim), allocated at first use."""
        if name not in self.stores:
            shape = (self.slots, new.shape[1], self.length, new.shape[-1])
            self.stores[name] = torch.zeros(shape, dtype=new.dtype, device=new.device)
        return self.stores[name]

    def _write(self, new: torch.Tensor, name: tuple[int, str]) -> torch.Tensor:
        store = self._store(name, new)
        if self._positions is None:
            store.index_fill_(0, self._rows, 0)  # a NaN of the slot's previous row would reach this one
            store[self._rows, :, : new.shape[2]] = new
            return new
        store[self._rows, :, self._positions] = new[:, :, 0]
        return store[: new.shape[0], :, : self._kv_length]


def slot_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    spans: Spans | None = None,
    slot_cache: SlotCache | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention over whole prompts where there is no mask; with one, of one token per row over its `spans`.

    With `slot_cache` the kernel attends for one token per row, and mask and spans are ignored.

    query (b, heads, t, head_dim), key and value (b, kv_heads, kv_length, head_dim), additive mask
    (b, 1, 1, kv_length) -> (b, t, heads, head_dim). Heads that share keys become queries of one head: no key is
    copied. No row is longer than a sliding window (`supports_slots`), and dropout is not applied. Raises
    UnknownArgumentError.
    """
    refuse_unknown(others)
    rows, heads, tokens, dim = query.shape
    kv_heads = key.shape[1]
    if attention_mask is None:
        key, value = repeat_kv(query, key, value)
        output = scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
        return output.transpose(1, 2).contiguous(), None
    if slot_cache is not None:
        scale = dim**-0.5 if scaling is None else scaling
        layer: Any = module.layer_idx
        attended = slot_cache.attend(layer, query[:, :, 0], key[:, :, 0], value[:, :, 0], scale)
        return attended[:, None], None
    query = query.reshape(rows, kv_heads, heads // kv_heads, dim)
    attention_mask = attention_mask.to(query.dtype)
    parts = [
        scaled_dot_product_attention(
            query[start:stop],
            key[start:stop, :, :kv_length],
            value[start:stop, :, :kv_length],
            attn_mask=attention_mask[start:stop, ..., :kv_length],
            scale=scaling,
        )
        for start, stop, kv_length in spans or ((0, rows, key.shape[2]),)
    ]
    output = parts[0] if len(parts) == 1 else torch.cat(parts)
    return output.reshape(rows, tokens, heads, value.shape[3]), None


@contextmanager
def use_slot_attention(model: PreTrainedModel) -> Iterator[None]:
    """Replace the model's attention by `slot_attention` within the block."""
    AttentionInterface.register(SLOT_ATTENTION, slot_attention)
    plain = plain_model(model)
    before = plain.config._attn_implementation
    plain.set_attn_implementation(SLOT_ATTENTION)
    try:
        yield
    finally:
        plain.set_attn_implementation(before)


def supports_slots(model: PreTrainedModel, length: int) -> bool:
    """Whether rows of up to `length` tokens can be decoded in slots: plain causal attention, all on one device.

    Sliding windows shorter than that, recurrent layers, capped or biased scores and positions that depend on the
    longest row of a batch need generate().
    """
    plain = plain_model(model)
    config = plain.config.get_text_config()
    if plain.config.is_encoder_decoder or not getattr(plain, "_supports_attention_backend", False):
        return False
    if "logits_to_keep" not in inspect.signature(plain.forward).parameters:
        return False
    if {"full_attention"} < {"full_attention", *(getattr(config, "layer_types", None) or ())}:
        return False
    window = getattr(config, "sliding_window", None)
    if window and window < length and getattr(config, "use_sliding_window", True):
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") in ("dynamic", "longrope"):
        return False
    if getattr(config, "attn_logit_softcapping", None) is not None:
        return False
    return len({parameter.device for parameter in plain.parameters()}) == 1


def slot_bytes(model: PreTrainedModel, length: int) -> int:
    """Bytes of a slot of `length` tokens."""
    shape = shape_of(model.config)
    return int(2 * shape.layers * shape.kv_hidden * length * model.dtype.itemsize)
