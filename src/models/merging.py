"""Merges an adapter into its base and saves a plain model, which plain transformers loads."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from src.config import ModelConfig
from src.models.adapters import load_adapter, merge_adapter
from src.models.fingerprints import trained_elsewhere
from src.models.hardware import GIB, Hardware, available_ram_gib, decide
from src.models.loading import ModelReference, load_base, load_tokenizer, loading_errors, location
from src.schema import UserError
from src.system.files import scratch_folder

log = logging.getLogger(__name__)


def merge_to(reference: ModelReference, config: ModelConfig, folder: Path) -> torch.dtype:
    """Save the merged model with its tokenizer to `folder`; the number type it is stored in.

    The sum is computed in float32 on the CPU, where the memory allows it: in 16 bits most of a small update is
    rounded away. An adapter trained on a 4-bit base is added to the dequantised weights it was trained on.
    Raises UserError where there is no adapter, or `folder` holds something.
    """
    if reference.adapter is None:
        raise UserError(f"{reference.base} is no adapter: there is nothing to merge")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} holds something already; give --merge_to a new folder")
    trained_elsewhere(reference)
    stored = _stored_type(reference.base, config)
    hardware = _merging_hardware(reference, config, stored)
    model = load_base(reference.base, config, hardware, reference.quantization)
    if reference.quantization is not None:
        model = model.dequantize()
    adapted = load_adapter(model, reference.adapter)
    merged: Any = merge_adapter(adapted, reference.adapter, check=True)
    merged = merged.to(stored)
    with scratch_folder(folder.parent, f".{folder.name}.partial-") as scratch:
        made = scratch / folder.name
        merged.save_pretrained(made)
        load_tokenizer(reference.base, config).save_pretrained(made)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return stored


def _stored_type(base: str, config: ModelConfig) -> torch.dtype:
    """What model.dtype requests, else the type in which the base itself is stored."""
    if config.dtype != "auto":
        return getattr(torch, config.dtype)
    with loading_errors("configuration", base):
        found = AutoConfig.from_pretrained(location(base), trust_remote_code=config.trust_remote_code).dtype
    return found if isinstance(found, torch.dtype) else torch.float32


def _merging_hardware(reference: ModelReference, config: ModelConfig, stored: torch.dtype) -> Hardware:
    here = decide(dataclasses.replace(config, dtype="auto", device="cpu"))
    size = _weights_gib(reference.base)
    needed = size * torch.float32.itemsize / stored.itemsize
    if needed < available_ram_gib():
        return here
    log.warning(
        "merging in %s: float32 would need %.0f GiB of memory and loses less of the update", stored, needed
    )
    return dataclasses.replace(here, dtype=stored)


def _weights_gib(base: str) -> float:
    """Size of the weight files; 0 for a hub model that is not in the cache yet."""
    return sum(path.stat().st_size for path in Path(location(base)).glob("*.safetensors")) / GIB
