"""The 4-bit base of QLoRA (Dettmers et al. 2023, arXiv 2305.14314), by bitsandbytes; the adapter is lora_model's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import torch
from transformers import BitsAndBytesConfig, PreTrainedModel

from src.config import QloraConfig
from src.models.hardware import Hardware, cpu_has_bf16
from src.schema import UserError

if TYPE_CHECKING:
    from peft import PeftModel

log = logging.getLogger(__name__)


def quantization_config(config: QloraConfig, hardware: Hardware) -> BitsAndBytesConfig:
    """The settings for transformers to quantise the linear layers as they are loaded."""
    # a kernel that is not used is not here
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise UserError("QLoRA needs bitsandbytes: pip install -r requirements.txt") from error
    if config.bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=config.quant_type,
        bnb_4bit_use_double_quant=config.use_double_quant,
        bnb_4bit_compute_dtype=compute_dtype(config, hardware),
    )


def compute_dtype(config: QloraConfig, hardware: Hardware) -> torch.dtype:
    """The type of the matrix products: the requested one, else the fastest that the device supports natively."""
    if config.compute_dtype != "auto":
        return getattr(torch, config.compute_dtype)
    if hardware.device == "cuda" and hardware.dtype != torch.float32:
        return hardware.dtype
    if hardware.device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if cpu_has_bf16() and hardware.dtype == torch.bfloat16 else torch.float32


def quantised_base(
    reference: str, own: Any, wanted: QloraConfig | None, hardware: Hardware
) -> dict[str, Any]:
    """What to change of the options where a base comes quantised, as its config.json states in `own`.

    Raises UserError where it would be quantised once more.
    """
    if own is None:
        return {}
    kind = own.get("quant_method") if isinstance(own, dict) else own.quant_method
    kind = str(getattr(kind, "value", kind))
    if wanted is not None and kind != "bitsandbytes":
        raise UserError(
            f"{reference} comes quantised ({kind}) and cannot be quantised again; use train_lora.py, which trains an "
            "adapter on it, or choose the same model in 16 bits"
        )
    if kind == "bitsandbytes" and hardware.device == "mps":
        raise UserError(f"{reference} comes quantised by bitsandbytes: set model.device=cpu")
    if wanted is not None:
        log.warning(
            "%s comes quantised by bitsandbytes: its own settings hold, not those of qlora", reference
        )
    if kind != "mxfp4":
        return {}
    from transformers.utils.quantization_config import Mxfp4Config

    log.warning("%s comes in MXFP4, which has no gradients: it is loaded in 16 or 32 bits", reference)
    return {"quantization_config": Mxfp4Config(dequantize=True)}


def keep_weights_differentiable(model: PreTrainedModel) -> None:
    """On a CPU: keep bitsandbytes from packing 4-bit weights again at the first pass in evaluation mode.

    Where the CPU has AVX-512 BF16 it does, for products in bfloat16 that have no backward pass: gradients after a
    validation pass would be wrong without an error (bitsandbytes 0.50.2, Linear4bit.forward).
    """
    uneven = {}
    for name, module in model.named_modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
            state = getattr(module.weight, "quant_state", None)
            if state is not None and state.shape[-1] % state.blocksize:
                uneven[name] = state
    if uneven and _has_avx512():
        name, state = next(iter(uneven.items()))
        log.warning(
            "%s: bitsandbytes' AVX-512 kernel gives other 4-bit values for layers with %d inputs, which is no "
            "multiple of %d, than other machines do",
            name,
            state.shape[-1],
            state.blocksize,
        )


def _has_avx512() -> bool:
    return torch.backends.cpu.get_cpu_capability() == "AVX512"


@torch.no_grad()
def init_loftq_weights(model: PeftModel, full: PreTrainedModel) -> None:
    """LoftQ's initial weights (Li et al. 2023, arXiv 2310.08659), one iteration: A and B of every adapted layer so that
    4-bit weight + scaling B A is nearest to the weight in `full`.

    peft's own version computes on GPUs only and ignores the adapter's scaling. The nearest matrix of rank r to the residual is its truncated singular value decomposition.
    """
    from peft.tuners.lora import LoraLayer

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
        residual = weights[f"{name}.weight"].to(base.device, torch.float32) - dequantised(base)
        left, values, right = torch.linalg.svd(residual, full_matrices=False)
        rank, scaling = layer.r["default"], layer.scaling["default"]
        root = (values[:rank] / scaling).sqrt()
        update: tuple[Any, Any] = layer.lora_A["default"], layer.lora_B["default"]
        update[0].weight.copy_(root[:, None] * right[:rank])
        update[1].weight.copy_(left[:, :rank] * root)


def dequantised(weight: Any) -> torch.Tensor:
    """The values of a bitsandbytes 4-bit weight in float32."""
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(weight.data, weight.quant_state).float()
