"""Attaches a LoRA adapter to a causal language model (Hu et al. 2021, arXiv 2106.09685)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig as PeftLoraConfig
from peft import PeftModel, get_peft_model
from transformers import PreTrainedModel

from src.config import LoraConfig
from src.models.base import ModelReference, load_base
from src.schema import UserError


def attach_lora(model: PreTrainedModel, config: LoraConfig, seed: int) -> PeftModel:
    """Freeze `model` and add trainable low-rank updates.

    Raises UserError where `target_modules` names a layer that the model does not have.
    """
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    peft_config = PeftLoraConfig(
        r=config.r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=target_modules(model, config.target_modules),
        bias=config.bias,
        use_rslora=config.use_rslora,
        use_dora=config.use_dora,
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(seed)  # peft draws the adapter's first weights from the global generator
    return get_peft_model(model, peft_config)


def target_modules(model: torch.nn.Module, wanted: str | list[str]) -> str | list[str]:
    """The layers to adapt, in peft's form: suffixes of module names."""
    if wanted == "all-linear":
        return wanted
    layers = linear_layers(model)
    if wanted == "auto":
        attention = {_suffix(name) for name in layers if "attn" in name.split(".")[-2].lower()}
        if not attention:
            raise UserError(
                f"lora.target_modules=auto finds no attention layers in {type(model).__name__}; "
                f"name some of: {', '.join(sorted({_suffix(name) for name in layers}))}"
            )
        return sorted(attention)
    for name in wanted:
        if not any(layer == name or layer.endswith(f".{name}") for layer in layers):
            existing = ", ".join(sorted({layer.split(".")[-1] for layer in layers}))
            raise UserError(
                f"lora.target_modules: {type(model).__name__} has no layer {name}; it has {existing}, or use auto"
            )
    return list(wanted)


def linear_layers(model: torch.nn.Module) -> list[str]:
    """Full names of the layers that LoRA can adapt, output head left out."""
    from transformers.pytorch_utils import Conv1D

    head = getattr(model, "get_output_embeddings", lambda: None)()
    kinds = (torch.nn.Linear, Conv1D)  # bitsandbytes' 4- and 8-bit layers are Linear too
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, kinds) and module is not head and name.count(".") >= 1
    ]


def _suffix(name: str) -> str:
    """Parent and layer: `c_proj` alone would also match the MLP of StarCoder."""
    return ".".join(name.split(".")[-2:])


def load_model(reference: ModelReference, *, merge: bool = False, **how: Any) -> PreTrainedModel | PeftModel:
    """The model a reference names, ready for generation; `how` goes to load_base.

    A 4-bit base stays 4-bit and its adapter apart; `merge` adds the adapter into 16- or 32-bit weights.
    """
    model = load_base(reference.base, quantization=reference.quantization, **how)
    if reference.adapter is None:
        return model.eval()
    adapted = load_adapter(model, reference.adapter)
    if merge and reference.quantization is None:
        return adapted.merge_and_unload().eval()
    return adapted.eval()


def load_adapter(model: PreTrainedModel, folder: Path) -> PeftModel:
    """The model with the adapter of `folder` beside its weights. Raises UserError where they do not fit."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(model, str(folder), use_safetensors=True)
    except (RuntimeError, ValueError, OSError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"the adapter in {folder} does not fit this base model: {reason}") from None
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise UserError(
            f"{folder}/adapter_model.safetensors is damaged ({error}); train again or use a checkpoint"
        ) from None
    missing = [str(item.message) for item in caught if "missing adapter keys" in str(item.message)]
    if missing:
        raise UserError(f"the adapter in {folder} was made for another model: {missing[0][:200]}")
    return adapted
