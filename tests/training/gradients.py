"""The loss of a pack with the gradients of the trained weights."""

from __future__ import annotations

import torch

from src.training.packing.loss import supervised_loss
from src.training.packing.packs import Pack


def loss_and_gradients(
    model: torch.nn.Module, pack: Pack, attention: str = "sdpa", scale: float = 1.0
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """`scale` times the loss, and the gradients in the order of the parameters."""
    model.zero_grad(set_to_none=True)
    loss = supervised_loss(model, pack, attention) * scale
    loss.backward()
    return loss.detach(), [item.grad.clone() for item in model.parameters() if item.grad is not None]
