"""Runs a computation as the forward pass of a module that FSDP2 or DeepSpeed has wrapped."""

from __future__ import annotations

from collections.abc import Callable

import torch


def as_forward(
    wrapped: torch.nn.Module,
    inner: torch.nn.Module,
    work: Callable[[], torch.Tensor],
    argument: torch.Tensor,
) -> torch.Tensor:
    """What `work` computes with `inner`, where the hooks of `wrapped` see one call of the module.

    FSDP2 gathers a module's weights when the module itself is called; the loss calls parts of the model. So `inner`'s forward
    stands for `work` during one call. `argument` only tells the hooks where inputs lie.
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
