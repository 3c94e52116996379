"""One token a row attends to its slot of the cache: a kernel that reads each row only as far as it reaches.

Kernels that take a mask read every row as far as the longest one, and ask for new keys and values to be
written beforehand. This one does both, in float32 at the memory's speed. Triton comes with torch on GPUs.
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
        """Program (row, head): softmax in one pass (arXiv 1805.02867), started with the new key."""
        row = tl.program_id(0).to(tl.int64)
        head = tl.program_id(1)
        dims = tl.arange(0, dim)
        position = tl.load(positions + row)
        new = (row * (heads // group) + head // group) * dim + dims
        key = tl.load(new_keys + new)
        value = tl.load(new_values + new)
        slot = row * slot_stride + (head // group) * head_stride
        first = head % group == 0  # of the heads that share keys, one keeps them
        tl.store(keys + slot + position * dim + dims, key, mask=first & (dims < dim))
        tl.store(values + slot + position * dim + dims, value, mask=first & (dims < dim))
        place = (row * heads + head) * dim + dims
        query = tl.load(queries + place).to(tl.float32) * scale
        highest = tl.sum(query * key.to(tl.float32), 0)
        weight = 1.0
        total = value.to(tl.float32)
        for start in range(0, position, block):
            places = start + tl.arange(0, block)
            known = places < position
            at = slot + places[:, None] * dim + dims[None, :]
            old_keys = tl.load(keys + at, mask=known[:, None], other=0.0).to(tl.float32)
            old_values = tl.load(values + at, mask=known[:, None], other=0.0).to(tl.float32)
            scores = tl.where(known, tl.sum(old_keys * query[None, :], 1), float("-inf"))
            higher = tl.maximum(highest, tl.max(scores, 0))
            shrink = tl.exp(highest - higher)
            weights = tl.exp(scores - higher)
            total = total * shrink + tl.sum(weights[:, None] * old_values, 0)
            weight = weight * shrink + tl.sum(weights, 0)
            highest = higher
        tl.store(attended + place, (total / weight).to(attended.dtype.element_ty))


def runs_on(device: torch.device, head_dim: int) -> bool:
    """Whether there is such a kernel: on a GPU where Triton compiles, for heads whose width is a power of two up to 256."""
    return 16 <= head_dim <= 256 and head_dim & (head_dim - 1) == 0 and compiles_kernels(device.type)


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    positions: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """Put each row's new key and value at its position of its slot, and attend to all up to there.

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
