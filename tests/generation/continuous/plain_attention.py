"""Decode attention by plain PyTorch in float64, row by row: what the kernel and its emulation are held against."""

from __future__ import annotations

import torch


def attend_row_by_row(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    positions: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """What src.generation.continuous.kernel.attend promises, with its arguments."""
    rows = []
    for row, position in enumerate(positions.tolist()):
        keys[row, :, position], values[row, :, position] = key[row], value[row]
        known = (item[row, :, : position + 1] for item in (keys, values))  # each (kv_heads, places, head_dim)
        shared = [item.repeat_interleave(query.shape[1] // key.shape[1], dim=0).double() for item in known]
        weights = (scale * query[row, :, None].double() @ shared[0].mT).softmax(-1)
        rows.append((weights @ shared[1])[:, 0])
    return torch.stack(rows).to(query.dtype)
