"""The conditions of the self-check: no dropout, noise in B, nothing changed afterwards; and inputs changed by a digit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy
import torch
from peft.tuners.lora import LoraLayer
from transformers.modeling_layers import GradientCheckpointingLayer

from src.models.hardware import empty_cache
from src.training.step_trainer import StepTrainer

B_DEVIATION = 0.02  # of the noise in B: at 0 it would hide the gradient of A


def local(tensor: Any) -> torch.Tensor:
    """This process's part of a sharded tensor."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def coarsest_type(trainer: StepTrainer) -> torch.dtype:
    """What products are rounded to: the hardware's number type, or that of a quantised base."""
    kinds = {getattr(module, "compute_dtype", None) for module in trainer.adapted.modules()}
    kinds |= {trainer.hardware.dtype}
    eight_bit = any(type(module).__name__ == "Linear8bitLt" for module in trainer.adapted.modules())
    if eight_bit or torch.bfloat16 in kinds:
        return torch.bfloat16
    return torch.float16 if torch.float16 in kinds else torch.float32


@contextmanager
def prepared(trainer: StepTrainer) -> Iterator[None]:
    """No dropout, and noise in B; all as before afterwards, the random generators too."""
    model = trainer.adapted
    modes = {module: module.training for module in model.modules()}
    updates = [item for name, item in model.named_parameters() if "lora_B" in name and item.requires_grad]
    kept = [local(item.data).clone() for item in updates]
    with _random_states_kept():
        model.eval()
        for module in modes:  # recomputed as in training, what is within still without dropout
            if isinstance(module, GradientCheckpointingLayer) and module.gradient_checkpointing:
                module.training = True
        generator = torch.Generator(trainer.args.device).manual_seed(0)
        for item in updates:
            own = local(item.data)
            own += torch.randn(own.shape, generator=generator, device=own.device) * B_DEVIATION
        try:
            yield
        finally:
            for item, before in zip(updates, kept, strict=True):
                local(item.data).copy_(before)
            for module, mode in modes.items():
                module.training = mode
            model.zero_grad(set_to_none=True)
            empty_cache()


@contextmanager
def _random_states_kept() -> Iterator[None]:
    python, numpys, torchs = random.getstate(), numpy.random.get_state(), torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    apple = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        yield
    finally:
        random.setstate(python)
        numpy.random.set_state(numpys)
        torch.set_rng_state(torchs)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)
        if apple is not None:
            torch.mps.set_rng_state(apple)


@contextmanager
def last_digits_changed(trainer: StepTrainer, dtype: torch.dtype) -> Iterator[None]:
    """The inputs of all adapted layers times 1 + noise of one unit of the last binary digit of `dtype`; equal at every call."""
    digit = torch.finfo(dtype).eps

    def change(module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *more = inputs
        generator = torch.Generator(x.device).manual_seed(x.shape[-1])
        noise = torch.rand(x.shape, generator=generator, device=x.device) * 2 - 1
        return ((x.float() * (1 + digit * noise)).to(x.dtype), *more)

    layers = [module for module in trainer.adapted.modules() if isinstance(module, LoraLayer)]
    hooks = [
        layer.register_forward_pre_hook(change) for layer in layers if isinstance(layer, torch.nn.Module)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
