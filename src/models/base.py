"""Model references resolved and loaded: a hub id, a folder, or the embedded model; any causal language model."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from src.config import ModelConfig, QloraConfig
from src.models import embedded
from src.models.hardware import Hardware
from src.schema import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelReference:
    """Where a model comes from: `base` and, where it was fine-tuned with an adapter, `adapter`."""

    base: str  # what the user typed or the adapter names
    adapter: Path | None = None
    quantization: QloraConfig | None = None  # the base is loaded as the adapter was trained


def resolve(model_path: str, base_model: str | None = None) -> ModelReference:
    """Tell an adapter from a whole model. Raises UserError for a folder that is neither."""
    folder = Path(model_path)
    if not folder.exists() and not _could_be_hub_id(model_path):
        raise UserError(
            f"no model at {model_path}: no such folder. Run train_lora.py or train_qlora.py first"
        )
    if not folder.is_dir():
        return ModelReference(model_path)
    if (folder / "adapter_config.json").exists():
        return _resolve_adapter(folder, base_model)
    if (folder / "config.json").exists():
        return ModelReference(model_path)
    found = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
    raise UserError(f"no adapter and no model in {model_path} (found: {found}). Run train_lora.py first")


def _could_be_hub_id(reference: str) -> bool:
    if reference == embedded.NAME:
        return True
    parts = reference.split("/")
    return (
        len(parts) == 2
        and all(parts)
        and not reference.startswith((".", "~"))
        and parts[0] not in _OUR_FOLDERS
    )


_OUR_FOLDERS = ("checkpoints", "reports", "data", "models")


def _resolve_adapter(folder: Path, base_model: str | None) -> ModelReference:
    if not (folder / "adapter_model.safetensors").exists():
        raise UserError(
            f"{folder} has an adapter_config.json but no adapter_model.safetensors; other formats are refused"
        )
    run = _read_json(folder / "run.json") if (folder / "run.json").exists() else {}
    named = run.get("base_model") or _read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    base = base_model or named
    if not base:
        raise UserError(f"the adapter in {folder} does not name its base model; give --base_model")
    quantization = QloraConfig(**run["qlora"]) if run.get("method") == "qlora" else None
    return ModelReference(base, folder, quantization)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error}); the folder is damaged") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} should hold a JSON object")
    return values


def location(reference: str) -> str:
    """The path or hub id that transformers loads for `reference`."""
    return str(embedded.embedded_model()) if reference == embedded.NAME else reference


def load_tokenizer(reference: str, config: ModelConfig) -> PreTrainedTokenizerBase:
    """The tokenizer, with a padding token that is never a label. Raises UserError where there is none."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            location(reference), trust_remote_code=config.trust_remote_code
        )
    except (OSError, ValueError) as error:
        raise UserError(_loading_failed("tokenizer", reference, error)) from None
    if tokenizer.eos_token_id is None:
        raise UserError(
            f"the tokenizer of {reference} has no end token: training could not teach the model to stop"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_base(
    reference: str,
    config: ModelConfig,
    hardware: Hardware,
    quantization: QloraConfig | None = None,
    attention: str = "sdpa",
) -> PreTrainedModel:
    """The causal language model on its device; 4- or 8-bit where `quantization` is given."""
    options: dict[str, Any] = {}
    if quantization is not None:
        from src.models.qlora_model import quantization_config

        options["quantization_config"] = quantization_config(quantization, hardware)
    place = location(reference)
    if not sys.stderr.isatty():
        disable_progress_bar()
    try:
        _check_format(place, config)
        return AutoModelForCausalLM.from_pretrained(
            place,
            dtype=hardware.dtype,
            device_map={"": hardware.device},
            attn_implementation=attention,
            use_safetensors=True,
            trust_remote_code=config.trust_remote_code,
            **options,
        )
    except (OSError, ValueError) as error:
        raise UserError(_loading_failed("model", reference, error)) from None


def _check_format(place: str, config: ModelConfig) -> None:
    """Fail in a second, not after gigabytes, where the configuration cannot be loaded."""
    AutoConfig.from_pretrained(place, trust_remote_code=config.trust_remote_code)


def _loading_failed(part: str, reference: str, error: Exception) -> str:
    reason = " ".join(str(error).split())
    if "trust_remote_code" in reason:
        return f"{reference} brings its own Python code; read it, then set model.trust_remote_code=true to run it"
    if isinstance(error, OSError) and not Path(reference).exists():
        return (
            f"cannot load the {part} of {reference}: the hub was not reached or refused "
            f"({reason[:160]}). Check the name, the network and `hf auth login`, or give a local folder or {embedded.NAME}"
        )
    return f"cannot load the {part} of {reference}: {reason[:300]}"


def fingerprint(model: torch.nn.Module) -> str:
    """16 hex digits that change with the weights: SHA-256 over names, shapes and a sample of every tensor."""
    import hashlib

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        flat = tensor.detach().reshape(-1)
        sample = flat[:: max(1, flat.numel() // 64)][:64].to("cpu")
        sample = sample.view(torch.uint8) if sample.dtype == torch.bfloat16 else sample
        digest.update(
            f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode() + sample.contiguous().numpy().tobytes()
        )
    return digest.hexdigest()[:16]
