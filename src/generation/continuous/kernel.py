"""Decode attention, one query token per row: a Triton kernel that reads each row's slot only up to its own length.

Kernels that take a mask read every row up to the longest one, and need new keys and values to be written
beforehand. This one writes them and attends, in float32 at memory bandwidth. Triton comes with torch on GPUs.
"""

from __future__ import annotations

import importlib.util

import torch

from src.models.kernels.triton_support import compiles_kernels

if importlib.util.find_spec("triton"):
    import triton
    import triton.language as tl

    @triton.jit
    def _attend(  # type: ignore[no-untyped-def]
        queries, new_keys, new_values, keys, values, attended, positions,
        scale, slot_stride, head_stride,
        heads: tl.constexpr, group: tl.constexpr, dim: tl.constexpr, block: tl.constexpr,
    ):  # fmt: skip
        """Program (row, head): online softmax (arXiv 1805.02867), starting with the new key."""
        row = tl.program_id(0).to(tl.int64)
        head = tl.program_id(1)
        dims = tl.arange(0, dim)
        position = tl.load(positions + row)
        new = (row * (heads // group) + head // group) * dim + dims
        key = tl.load(new_keys + new)
        value = tl.load(new_values + new)
        slot = row * slot_stride + (head // group) * head_stride
        first = head % group == 0  # of the heads that share keys, one writes them
        tl.store(keys + slot + position * dim + dims, key, mask=first & (dims < dim))
        tl.store(values + slot + position * dim + dims, value, mask=first & (dims < dim))
        own = (row * heads + head) * dim + dims
        query = tl.load(queries + own).to(tl.float32) * scale
        running_max = tl.sum(query * key.to(tl.float32), 0)
        denominator = 1.0
        numerator = value.to(tl.float32)
        for start in range(0, position, block):
            cached = start + tl.arange(0, block)
            valid = cached < position
            at = slot + cached[:, None] * dim + dims[None, :]
            old_keys = tl.load(keys + at, mask=valid[:, None], other=0.0).to(tl.float32)
            old_values = tl.load(values + at, mask=valid[:, None], other=0.0).to(tl.float32)
            scores = tl.where(valid, tl.sum(old_keys * query[None, :], 1), float("-inf"))
            new_max = tl.maximum(running_max, tl.max(scores, 0))
            rescale = tl.exp(running_max - new_max)
            weights = tl.exp(scores - new_max)
            numerator = numerator * rescale + tl.sum(weights[:, None] * old_values, 0)
            denominator = denominator * rescale + tl.sum(weights, 0)
            running_max = new_max
        tl.store(attended + own, (numerator / denominator).to(attended.dtype.element_ty))


def runs_on(device: torch.device, head_dim: int) -> bool:
    """Whether the kernel supports the device and head_dim: a GPU where Triton compiles, a power of two from 16 to 256."""
    return _is_width(head_dim) and compiles_kernels(device.type)


def takes(key: torch.Tensor, value: torch.Tensor) -> bool:
    """Whether keys and values (..., head_dim) have one width, and one that the kernel supports; not so in MLA."""
    return key.shape[-1] == value.shape[-1] and _is_width(key.shape[-1])


def _is_width(head_dim: int) -> bool:
    return 16 <= head_dim <= 256 and head_dim & (head_dim - 1) == 0


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    positions: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """Write each row's new key and value at its position of its slot, and attend to all positions up to that one.

    query (b, heads, head_dim), key and value (b, kv_heads, head_dim), keys and values (slots, kv_heads, length,
    head_dim) with b <= slots, positions (b,) -> (b, heads, head_dim).
    """
    query, key, value = query.contiguous(), key.contiguous(), value.contiguous()
    rows, heads, dim = query.shape
    attended = torch.empty_like(query)
    _attend[rows, heads](
        query, key, value, keys, values, attended, positions,
        scale, keys.stride(0), keys.stride(1),
        heads=heads, group=heads // key.shape[1], dim=dim, block=max(16, 8192 // dim), num_warps=2,
    )  # fmt: skip
    return attended
