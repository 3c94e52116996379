"""Trains by one of the scripts with the frozen base in FP8, to find out what that gives and what it costs.

    python -m benchmarks.training.fp8 train_lora.py --set training.learning_rate=2e-3 ...
    python -m benchmarks.training.gpu fp8 --tokenizer FOLDER --data FOLDER     its speed beside bfloat16's,
                                                        into benchmarks/results/train_gpu.json

The linear layers of the base, all but the head, have weights in e4m3 with a scale per row; inputs and gradients are
rounded to e4m3 too, with a scale per token. Products go through torch._scaled_mm in both directions (GPUs from compute
capability 8.9 on, and CPUs). The gradient is that of the rounded weights. Norms, embeddings, head and adapters stay as they
are, and adapters are evaluated on the 16-bit base. The 16-bit weights stay in memory beside, so peaks say nothing.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch.nn import functional

from src.models.kernels import fused_lora
from src.training import trainer as training

FORMAT = torch.float8_e4m3fn
LARGEST = torch.finfo(FORMAT).max
SMALLEST_SCALE = 1e-12  # of rows of zeros
MULTIPLE = 16  # of both widths of a layer, which torch._scaled_mm takes


def quantise(rows: torch.Tensor, factors: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows (n, width) in e4m3 and their scales (n, 1) in float32: rows = codes * scales, to rounding.

    `factors` (1, width) multiply the rows first.
    """
    wide = rows.float() if factors is None else rows.float() * factors
    scales = (wide.abs().amax(1, keepdim=True) / LARGEST).clamp_min(SMALLEST_SCALE)
    return (wide / scales).to(FORMAT), scales


@cache
def _quantise_on(device: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """On a GPU compiled: one kernel reads the rows and writes their codes."""
    return torch.compile(quantise, dynamic=True) if device == "cuda" else quantise


class Float8Weight:
    """A frozen weight (out, in) in e4m3, which `linear(x, weight)` and `grad @ weight` take in a tensor's place."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.codes, self.scales = quantise(weight.detach())  # (out, in), (out, 1)
        self.columns = self.codes.T.contiguous()  # (in, out): products need the contracted width last
        self.ones = torch.ones(1, weight.shape[1], device=weight.device)

    def linear(self, x: torch.Tensor) -> torch.Tensor:
        """x (..., in) -> (..., out)"""
        codes, scales = _quantise_on(x.device.type)(x.reshape(-1, x.shape[-1]))
        return _product(codes, self.codes.T, scales, self.scales.T, x.dtype).view(*x.shape[:-1], -1)

    def back(self, grad: torch.Tensor) -> torch.Tensor:
        """grad (..., out) -> (..., in)"""
        flat = grad.reshape(-1, grad.shape[-1])
        codes, scales = _quantise_on(grad.device.type)(flat, self.scales.T)
        return _product(codes, self.columns.T, scales, self.ones, grad.dtype).view(*grad.shape[:-1], -1)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> torch.Tensor:
        if func is functional.linear:
            x, weight, bias = args
            out: torch.Tensor = weight.linear(x)
            return out if bias is None else out + bias
        if func is torch.Tensor.matmul:
            grad, weight = args
            result: torch.Tensor = weight.back(grad)
            return result
        return NotImplemented


def _product(
    a: torch.Tensor, b: torch.Tensor, scales_a: torch.Tensor, scales_b: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    return torch._scaled_mm(a, b, scale_a=scales_a, scale_b=scales_b, out_dtype=dtype, use_fast_accum=True)


class _FrozenLinear(torch.autograd.Function):
    """x (..., in) -> (..., out); nothing is saved for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: Float8Weight, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.weight, ctx.dtype = weight, x.dtype
        out = weight.linear(x.to(fused_lora._product_type(x)))
        return out if bias is None else out + bias.to(out.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return ctx.weight.back(grads[0]).to(ctx.dtype), None, None


def convert(model: Any) -> int:
    """Compute the frozen linear layers of an adapted model in FP8, where their widths allow it; their number."""
    head = model.get_output_embeddings()
    count = 0
    for layer in model.modules():
        frozen = type(layer) is torch.nn.Linear and layer is not head and not layer.weight.requires_grad
        if frozen and not any(width % MULTIPLE for width in layer.weight.shape):
            layer.float8 = Float8Weight(layer.weight)
            layer.forward = partial(_forward, layer)
            count += 1
    return count


def _forward(layer: Any, x: torch.Tensor) -> torch.Tensor:
    out: torch.Tensor = _FrozenLinear.apply(x, layer.float8, layer.bias)
    return out


def converting(attach: Callable[..., Any]) -> Callable[..., Any]:
    """`attach_lora` that gives the base FP8 layers."""

    def attaching(*args: Any) -> Any:
        model = attach(*args)
        print(f"{convert(model)} layers of the base in FP8", file=sys.stderr)
        return model

    return attaching


def weight_of(plain: Callable[..., Any]) -> Callable[..., Any]:
    """What a fused layer takes as its base's weight."""
    return lambda base, dtype: getattr(base, "float8", None) or plain(base, dtype)


def main() -> None:
    training.attach_lora = converting(training.attach_lora)
    fused_lora._weight = weight_of(fused_lora._weight)
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
