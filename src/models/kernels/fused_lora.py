"""Fused LoRA layers: the base's product and the low-rank update added in place.

peft adds the update as tensors of the layer's full width: a product, a scaled copy and a sum, and as many again
in the backward pass. Here both directions accumulate within the matrix products. The arithmetic is
that of arXiv 2106.09685, y = W x + s B A dropout(x), with the same gradients.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch.autograd.function import once_differentiable
from torch.nn import functional


def fuse_lora_layers(model: PeftModel) -> int:
    """Fuse the plain LoRA layers of `model` on 16- or 32-bit and 4-bit bases; their number.

    Layers of another kind (DoRA, 8-bit, convolutions, trained biases) stay as peft computes them.
    """
    unfuse_lora_layers(model)
    found = [module for module in model.modules() if isinstance(module, LoraLayer) and _is_plain(module)]
    for module in found:
        module.forward = partial(_forward, module, module.forward)
    return len(found)


def unfuse_lora_layers(model: PeftModel) -> None:
    """Let peft compute its layers again."""
    for module in model.modules():
        if isinstance(module, LoraLayer) and isinstance(module.__dict__.get("forward"), partial):
            del module.forward


def _is_plain(module: LoraLayer) -> bool:
    base = module.get_base_layer()
    if type(base) is not torch.nn.Linear and not _is_4bit(base):
        return False
    one = list(module.lora_A) == ["default"]
    return one and not module.lora_variant and module.lora_B["default"].bias is None


def _is_4bit(base: torch.nn.Module) -> bool:
    return type(base).__name__ == "Linear4bit"


def _forward(module: Any, plain: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    if module.disable_adapters or module.merged or args or kwargs:
        result: torch.Tensor = plain(x, *args, **kwargs)
        return result
    dropout = module.lora_dropout["default"]
    probability = dropout.p if module.training and isinstance(dropout, torch.nn.Dropout) else 0.0
    a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
    return _AdaptedLinear.apply(x, a, b, module.get_base_layer(), module.scaling["default"], probability)


def _product_type(x: torch.Tensor) -> torch.dtype:
    if torch.is_autocast_enabled(x.device.type):
        return torch.get_autocast_dtype(x.device.type)
    return x.dtype


def _weight(base: Any, dtype: torch.dtype) -> torch.Tensor:
    """The base's weights (out, in); of a 4-bit base dequantised as in its own products."""
    if _is_4bit(base):
        from bitsandbytes.functional import dequantize_4bit

        return dequantize_4bit(base.weight.data, base.weight.quant_state).to(dtype)
    weight: torch.Tensor = base.weight.to(dtype)
    return weight


class _AdaptedLinear(torch.autograd.Function):
    """x (..., in), A (r, in), B (out, r) -> (..., out). Saved for the backward pass: all three, A x and the dropout mask."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        a: torch.Tensor,
        b: torch.Tensor,
        base: torch.nn.Module,
        scaling: float,
        probability: float,
    ) -> torch.Tensor:
        dtype = _product_type(x)
        with torch.autocast(x.device.type, enabled=False):
            flat = x.reshape(-1, x.shape[-1]).to(dtype)  # (t, in)
            dropped, mask = torch.native_dropout(flat, probability, True) if probability else (flat, None)
            a_cast, b_cast = a.to(dtype), b.to(dtype)
            inner = dropped @ a_cast.T  # (t, r)
            bias = getattr(base, "bias", None)
            bias = None if bias is None else bias.to(dtype)
            # no view: OLMoE clamps it in place, which autograd forbids for a function's view
            out = functional.linear(flat.view(x.shape), _weight(base, dtype), bias)  # (..., out)
            out.view(len(flat), -1).addmm_(inner, b_cast.T, alpha=scaling)
        ctx.save_for_backward(flat, mask, inner, a_cast, b_cast)
        ctx.base, ctx.scaling, ctx.probability, ctx.x = base, scaling, probability, (x.shape, x.dtype)
        ctx.adapter_types = a.dtype, b.dtype
        return out

    @staticmethod
    @once_differentiable  # saved tensors are no longer tied to A and B: second derivatives would lack a part
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        flat, mask, inner, a, b = ctx.saved_tensors
        dtype, keep = flat.dtype, 1 / (1 - ctx.probability)
        grad = grads[0].reshape(-1, grads[0].shape[-1]).to(dtype)  # (t, out)
        grad_inner = (grad @ b).mul_(ctx.scaling)  # (t, r)
        grad_b = (grad.T @ inner).mul_(ctx.scaling)
        dropped = flat if mask is None else torch.ops.aten.native_dropout_backward(flat, mask, keep)
        grad_a = grad_inner.T @ dropped
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = grad @ _weight(ctx.base, dtype)  # (t, in)
            if mask is None:
                grad_x.addmm_(grad_inner, a)
            else:
                update = grad_inner @ a
                grad_x.add_(torch.ops.aten.native_dropout_backward(update, mask, keep))
            shape, kind = ctx.x
            grad_x = grad_x.view(shape).to(kind)
        type_a, type_b = ctx.adapter_types
        return grad_x, grad_a.to(type_a), grad_b.to(type_b), None, None, None
