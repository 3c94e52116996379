"""Liger's fused kernels for norms, rotary embeddings and gated MLPs, where the package and the architecture have them."""

from __future__ import annotations

import importlib.util

from peft import PeftModel
from transformers import PretrainedConfig, PreTrainedModel

from src.models.hardware import Hardware
from src.models.kernels.triton_support import compiles_kernels
from src.models.switches import switched_on

INSTALL = "pip install -r requirements-gpu.txt"


def uses_fused_kernels(setting: bool | str, config: PretrainedConfig, hardware: Hardware) -> bool:
    """Whether to train with Liger (arXiv 2410.10989); `setting` is training.fused_kernels: "auto", True or False.

    "auto" uses it where it helps: on a GPU, installed, with kernels for the architecture. Raises UserError where it
    is True and not supported.
    """
    return switched_on("training.fused_kernels", setting, lambda: _obstacle(config, hardware))


def _obstacle(config: PretrainedConfig, hardware: Hardware) -> str:
    """Why Liger's kernels cannot be used; empty where they can."""
    if hardware.device != "cuda":
        return "fused kernels run on GPUs only"
    if importlib.util.find_spec("liger_kernel") is None:
        return f"liger-kernel is not installed: {INSTALL}"
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    kind = config.get_text_config().model_type
    if kind not in MODEL_TYPE_TO_APPLY_LIGER_FN:
        return f"liger-kernel has none for {kind}"
    return "" if compiles_kernels(hardware.device) else "Triton cannot compile them on this machine"


def apply_liger(model: PreTrainedModel | PeftModel) -> None:
    """Patch `model`, or the base of an adapted one; the loss stays our own, which computes logits only where there is a label."""
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    _apply_liger_kernel_to_instance(
        model=plain, rope=True, rms_norm=True, swiglu=True, geglu=True, layer_norm=True,
        cross_entropy=False, fused_linear_cross_entropy=False,
    )  # fmt: skip
