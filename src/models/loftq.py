"""LoftQ's first weights for an adapter on a 4-bit base (Li et al. 2023, arXiv 2310.08659), one iteration.

peft's own version computes on GPUs only and leaves the adapter's scaling out of account.
"""

from __future__ import annotations

from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from transformers import PreTrainedModel

from src.schema import UserError


@torch.no_grad()
def fill_from_residual(model: PeftModel, full: PreTrainedModel) -> None:
    """Set A and B of every adapted layer so that 4-bit weight + scaling B A is nearest to the weight in `full`.

    The nearest matrix of rank r to the residual is its truncated singular value decomposition.
    """
    weights = dict(full.named_parameters())
    adapted = {
        name.removeprefix("base_model.model."): layer
        for name, layer in model.named_modules()
        if isinstance(layer, LoraLayer)
    }
    for name, layer in adapted.items():
        base: Any = layer.get_base_layer().weight
        if f"{name}.weight" not in weights or not hasattr(base, "quant_state"):
            raise UserError(f"lora.init_lora_weights=loftq: the layer {name} is not held in 4 bits")
        residual = weights[f"{name}.weight"].to(base.device, torch.float32) - _dequantised(base)
        left, values, right = torch.linalg.svd(residual, full_matrices=False)
        rank, scaling = layer.r["default"], layer.scaling["default"]
        root = (values[:rank] / scaling).sqrt()
        update: tuple[Any, Any] = layer.lora_A["default"], layer.lora_B["default"]
        update[0].weight.copy_(root[:, None] * right[:rank])
        update[1].weight.copy_(left[:, :rank] * root)


def _dequantised(weight: Any) -> torch.Tensor:
    """The numbers that a bitsandbytes 4-bit weight stands for, float32."""
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(weight.data, weight.quant_state).float()
