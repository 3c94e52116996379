"""Liger's fused kernels for norms, rotary embeddings and gated MLPs, where the package and the architecture have them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import PretrainedConfig, PreTrainedModel

from src.models.architecture import plain_model
from src.models.hardware import Hardware
from src.models.kernels.triton_support import compiles_kernels
from src.models.switches import switched_on

if TYPE_CHECKING:
    from peft import PeftModel

INSTALL = "pip install -r requirements-gpu.txt"
_MISSING = object()


def uses_fused_kernels(setting: bool | str, config: PretrainedConfig, hardware: Hardware) -> bool:
    """Whether to train with Liger (arXiv 2410.10989); `setting` is training.fused_kernels: "auto", True or False.

    "auto" uses it where it helps: on a GPU, installed, with kernels for the architecture. Raises UserError where it
    is True and not supported.
    """
    return switched_on("training.fused_kernels", setting, lambda: _obstacle(config, hardware))


def _obstacle(config: PretrainedConfig, hardware: Hardware) -> str:
    """Why Liger's kernels cannot be used; empty where they can."""
    if hardware.device != "cuda":
        return "fused kernels run on NVIDIA GPUs only"
    if importlib.util.find_spec("liger_kernel") is None:
        return f"liger-kernel is not installed: {INSTALL}"
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    kind = config.get_text_config().model_type
    if kind not in MODEL_TYPE_TO_APPLY_LIGER_FN:
        return f"liger-kernel has none for {kind}"
    return "" if compiles_kernels(hardware.device) else "Triton cannot compile them on this machine"


class Patches:
    """What Liger has changed in a model and in the module of its code, to be taken back and made again."""

    def __init__(self, places: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> None:
        self.changes = [
            (
                place,
                {name: old.get(name, _MISSING) for name in changed},
                {name: place[name] for name in changed},
            )
            for place, old in zip(places, before, strict=True)
            if (changed := [name for name, value in place.items() if old.get(name, _MISSING) is not value])
        ]

    def switch(self, on: bool) -> None:
        """Use Liger's kernels, or what was there before."""
        for place, before, after in self.changes:
            for name, value in (after if on else before).items():
                if value is _MISSING:
                    place.pop(name, None)
                else:
                    place[name] = value


def apply_liger(model: PreTrainedModel | PeftModel) -> Patches:
    """Patch `model`, or the base of an adapted one; the loss stays our own, which computes logits only where there is a label.

    Experts stay as they are: Liger's try dozens of kernels for minutes when they are first used, and compute the
    gradients of frozen weights too.
    """
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    plain = plain_model(model)
    patched = [vars(sys.modules[type(plain).__module__])]
    kept: list[dict[str, Any]] = []
    for module in plain.modules():
        (kept if _holds_experts(module) else patched).append(vars(module))
    before = [[dict(place) for place in places] for places in (patched, kept)]
    _apply_liger_kernel_to_instance(
        model=plain, rope=True, rms_norm=True, swiglu=True, geglu=True, layer_norm=True,
        cross_entropy=False, fused_linear_cross_entropy=False,
    )  # fmt: skip
    Patches(kept, before[1]).switch(on=False)
    return Patches(patched, before[0])


def _holds_experts(module: torch.nn.Module) -> bool:
    """Whether its weights are those of many linear layers: (experts, out, in)."""
    return any(weight.ndim == 3 for weight in module.parameters(recurse=False))
