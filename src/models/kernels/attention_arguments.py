"""What attention functions of ours share: which arguments of a model they may leave unread, and heads that share keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

# Each changes nothing in attention over queries, keys and values that are complete when they arrive.
INERT = {
    "position_ids": "already in queries and keys",
    "cache_position": "already in the cache",
    "max_length_k": "no key is longer than max_length_q says",
    "use_cache": "keys and values are what the cache gave",
    "logits_to_keep": "of the head",
    "output_hidden_states": "of the decoder",
    "output_router_logits": "of the router",
    "num_items_in_batch": "of the loss",
}


class UnknownArgumentError(RuntimeError):
    """A model needs more of attention than our function computes: a soft cap, sinks, a bias, a mask of its own."""


def refuse_unknown(arguments: Mapping[str, Any]) -> None:
    """Raises UnknownArgumentError where one of `arguments` would have to be understood."""
    unknown = sorted(
        name for name, value in arguments.items() if name not in INERT and not _says_nothing(name, value)
    )
    if unknown:
        raise UnknownArgumentError(f"its attention takes {', '.join(unknown)}")


def _says_nothing(name: str, value: Any) -> bool:
    return value is None or value is (name == "is_causal")


def repeat_kv(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values with as many heads, in dimension 1, as queries have."""
    repeats = query.shape[1] // key.shape[1]
    if repeats == 1:
        return key, value
    return key.repeat_interleave(repeats, dim=1), value.repeat_interleave(repeats, dim=1)
