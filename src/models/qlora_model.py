"""The 4-bit base of QLoRA (Dettmers et al. 2023, arXiv 2305.14314), by bitsandbytes; the adapter is lora_model's."""

from __future__ import annotations

import torch
from transformers import BitsAndBytesConfig

from src.config import QloraConfig
from src.models.hardware import Hardware, cpu_has_bf16
from src.schema import UserError


def quantization_config(config: QloraConfig, hardware: Hardware) -> BitsAndBytesConfig:
    """What transformers needs to quantise the linear layers as they are loaded."""
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise UserError("QLoRA needs bitsandbytes: pip install -r requirements.txt") from None
    if config.bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=config.quant_type,
        bnb_4bit_use_double_quant=config.use_double_quant,
        bnb_4bit_compute_dtype=compute_dtype(config, hardware),
    )


def compute_dtype(config: QloraConfig, hardware: Hardware) -> torch.dtype:
    """The type of the matrix products: what is asked for, else the fastest that the device really has."""
    if config.compute_dtype != "auto":
        return getattr(torch, config.compute_dtype)
    if hardware.device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if cpu_has_bf16() and hardware.dtype == torch.bfloat16 else torch.float32
