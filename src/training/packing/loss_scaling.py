"""Dynamic loss scaling for float16, whose smallest numbers are too large for many gradients (arXiv 1710.03740)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from src.schema import UserError

if TYPE_CHECKING:
    from accelerate import Accelerator


class LossScaling:
    """torch's GradScaler: gradients are those of the loss times a scale, and divided by it before they are used.

    A step whose gradients are not all finite is skipped and the scale halved; it doubles after 2,000 steps without
    one. Off, nothing is scaled and no step skipped.
    """

    def __init__(self, device: str, on: bool) -> None:
        self.on = on
        self.scaler = torch.amp.GradScaler(device, enabled=on)
        self._scale_before = 1.0

    def used_in(self, accelerator: Accelerator) -> LossScaling:
        """Let the Trainer's backward passes and steps use it; autocast is that of model.dtype, not of the launcher."""
        accelerator.native_amp = False
        accelerator.scaler = self.scaler if self.on else None
        return self

    def begin(self) -> None:
        """Start to watch the scale, be it the first or that of a checkpoint."""
        self._scale_before = self.scaler.get_scale()

    def unscale(self, optimizer: Any) -> None:
        """Divide the gradients by the scale, when a step has all of them; accelerate's optimizer holds torch's."""
        if self.on:
            self.scaler.unscale_(getattr(optimizer, "optimizer", optimizer))

    def skipped(self) -> bool:
        """Whether the step that has just been done was skipped. Raises UserError where no scale would help."""
        before, self._scale_before = self._scale_before, self.scaler.get_scale()
        if self._scale_before >= before:
            return False
        if self._scale_before < 1:  # then gradients are not finite without a scale either
            raise UserError(
                "gradients are not finite in float16, however small the loss is scaled: training diverged, or the model "
                "needs a wider number type; lower training.learning_rate, or set model.dtype=float32"
            )
        return True
