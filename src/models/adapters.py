"""An adapter's folder: its settings and weights, checked, and put beside the weights of a base model."""

from __future__ import annotations

import dataclasses
import json
import pickle
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
from pydantic import Field, FiniteFloat
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PreTrainedModel

from src.models import embedded
from src.models.run_record import BaseKind, read_record
from src.schema import UserError, parse_record
from src.system.exhaustion import is_out_of_memory
from src.system.files import write_atomic
from src.system.untrusted import read_object, refuse_inflating

# peft reads the attribute by its old name, which transformers warns of
warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)

if TYPE_CHECKING:  # peft imports bitsandbytes and a compiler with it: not before an adapter is attached
    from peft import PeftConfig, PeftModel

SETTINGS = "adapter_config.json"
SAFETENSORS, PICKLE = "adapter_model.safetensors", "adapter_model.bin"
_SIZE = re.compile(r"Size\((\[[\d, ]*\])\)")  # as torch words it
_SHOWN = 3  # names of tensors in a message


@dataclass(frozen=True)
class _Settings:
    """The values of adapter_config.json that peft uses unchecked."""

    r: Annotated[int, Field(gt=0)] = 8
    lora_alpha: FiniteFloat = 8
    lora_dropout: FiniteFloat = 0
    target_modules: str | list[str] | None = None
    modules_to_save: list[str] | None = None
    exclude_modules: str | list[str] | None = None
    rank_pattern: dict[str, Annotated[int, Field(gt=0)]] | None = None
    alpha_pattern: dict[str, FiniteFloat] | None = None
    bias: Literal["none", "all", "lora_only"] = "none"
    use_rslora: bool = False
    use_dora: bool = False
    fan_in_fan_out: bool = False
    layers_to_transform: int | list[int] | None = None
    layers_pattern: str | list[str] | None = None
    layer_replication: list[tuple[int, int]] | None = None
    megatron_config: None = None  # for layers of a library that is not used here


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file of an adapter's folder. Raises UserError where there is none."""
    try:
        return read_object(path)
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error}); the folder is damaged") from error


def read_settings(folder: Path) -> dict[str, Any]:
    """The values of adapter_config.json. Raises UserError where they are not those of a LoRA adapter that writes text."""
    path = folder / SETTINGS
    values = read_json(path)
    kind, task = values.get("peft_type"), values.get("task_type")
    if not isinstance(kind, str):
        raise UserError(f"{path} names no kind of adapter (peft_type); damaged, or not written by peft")
    if kind != "LORA":
        raise UserError(
            f"{folder} holds a {kind} adapter, only LoRA ones can be used; where peft can merge it into its base, give "
            "the merged model, else train one with train_lora.py"
        )
    if task not in (None, "CAUSAL_LM"):
        raise UserError(f"{folder} holds an adapter for {task!s:.80}; only those for CAUSAL_LM write text")
    known = {
        field.name: values[field.name] for field in dataclasses.fields(_Settings) if field.name in values
    }
    parse_record(_Settings, json.dumps(known), str(path), "Copy the folder again")
    return values


def name_base(folder: Path) -> None:
    """Let adapter_config.json name the base as others can load it; peft writes the place that it was loaded from."""
    settings = read_json(folder / SETTINGS)
    name = embedded.public_name(str(settings.get("base_model_name_or_path") or ""))
    settings["base_model_name_or_path"] = name or None
    write_atomic(folder / SETTINGS, json.dumps(settings, indent=2, sort_keys=True) + "\n")


def weights_file(folder: Path) -> Path:
    """The adapter's weights: safetensors, else a pickle. Raises UserError where there is neither."""
    found = next((folder / name for name in (SAFETENSORS, PICKLE) if (folder / name).exists()), None)
    if found is None:
        raise UserError(f"{folder} has an {SETTINGS} but no {SAFETENSORS} and no {PICKLE}; copy it again")
    return found


def load_adapter(model: PreTrainedModel, folder: Path, trainable: bool = False) -> PeftModel:
    """The model with the adapter of `folder` beside its weights. Raises UserError where they do not fit.

    Of a pickle nothing but tensors is loaded.
    """
    from peft import PeftModel, PeftModelForCausalLM

    _check_base(model, folder)
    config = _peft_config(folder)
    config.inference_mode = not trainable
    _check_weights(weights_file(folder))
    kind = PeftModelForCausalLM if config.task_type else PeftModel
    mapping = getattr(model, "_checkpoint_conversion_mapping", {})
    try:
        adapted = kind(model, config)
    except (ValueError, LookupError, AttributeError, TypeError, re.error) as error:  # of unchecked settings
        raise _misfit(folder, [_reason(error)[:200]]) from error
    try:
        result = adapted.load_adapter(str(folder), "default", is_trainable=trainable, key_mapping=mapping)
    except (RuntimeError, ValueError, LookupError) as error:
        reason = _reason(error)
        shapes = _other_shapes(reason)
        if isinstance(error, RuntimeError) and not shapes:
            raise
        raise _misfit(folder, [_named(shapes, "of another shape")] if shapes else [reason[:200]]) from error
    faults = [_named(result.missing_keys, "missing"), _named(result.unexpected_keys, "without a layer")]
    if any(faults):
        raise _misfit(folder, faults)
    return adapted


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())


def _other_shapes(reason: str) -> list[str]:
    """The tensors of another shape than their layers that torch's message names."""
    parts = [
        (part.partition(": ")[0], _SIZE.findall(part)) for part in reason.split("size mismatch for ")[1:]
    ]
    return [f"{name} is {sizes[0]}, the layer {sizes[1]}" for name, sizes in parts if len(sizes) > 1]


def merge_adapter(adapted: PeftModel, folder: Path, check: bool = False) -> PreTrainedModel:
    """The base with the adapter of `folder` added to its weights; `check` refuses weights that are not numbers.

    Raises UserError where it is of a kind that has no sum with its base.
    """
    config: Any = adapted.peft_config["default"]
    if config.layer_replication:
        raise UserError(
            f"the adapter in {folder} repeats layers of its base, which share weights: it has no merged model"
        )
    try:
        return adapted.merge_and_unload(safe_merge=check)
    except (NotImplementedError, RuntimeError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        raise UserError(f"the adapter in {folder} cannot be merged into its base: {error}") from error


def _misfit(folder: Path, faults: Sequence[str]) -> UserError:
    return UserError(
        f"the adapter in {folder} does not fit this base model: {'; '.join(filter(None, faults))}. Give the base that "
        "it was trained on (--base_model)"
    )


def _named(tensors: Sequence[str], fault: str) -> str:
    """Tensors with a fault, the first by name; "" where there are none."""
    short = [name.replace("base_model.model.", "").replace(".default.", ".") for name in sorted(tensors)]
    rest = f" and {len(short) - _SHOWN} more" if len(short) > _SHOWN else ""
    return f"tensors {fault}: {', '.join(short[:_SHOWN])}{rest}" if short else ""


def _check_weights(path: Path) -> None:
    """Read the file once, so that later errors are those of base or library."""
    pickled = path.suffix != ".safetensors"
    if pickled:
        refuse_inflating(path)
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True) if pickled else load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path} is damaged ({error}); train again or use a checkpoint") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        raise UserError(
            f"{path} is damaged, or holds more than tensors, which is not loaded ({_reason(error)[:120]}); save the adapter again "
            "with peft, which writes safetensors"
        ) from error
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in weights.items()
    ):
        raise UserError(f"{path} holds no tensors by name; save the adapter again with peft")
    diverged = [name for name, value in weights.items() if not value.float().isfinite().all()]
    if diverged:
        fault = _named(diverged, "with values that are not finite")
        raise UserError(
            f"{path} has {fault}: its training diverged; use an earlier checkpoint, or train again"
        )


def _peft_config(folder: Path) -> PeftConfig:
    from peft import PeftConfig

    read_settings(folder)
    try:
        return PeftConfig.from_pretrained(str(folder))
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{folder / SETTINGS} is none that this peft knows ({error}); damaged, or of another version"
        ) from error


def _check_base(model: PreTrainedModel, folder: Path) -> None:
    """Compare `model` with the base that the adapter's run.json states, if a run of this project made it."""
    record, here = read_record(folder), BaseKind.of(model)
    if record and record.base_kind and record.base_kind != here:
        raise UserError(
            f"the adapter in {folder} was made for a {record.base_kind}; this base model is a {here}"
        )
