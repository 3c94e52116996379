"""Attaches a LoRA adapter to a causal language model (Hu et al. 2021, arXiv 2106.09685)."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from src.config import LoraConfig
from src.models.adapters import load_adapter, merge_adapter
from src.models.architecture import decoder_of
from src.models.loading import ModelReference, load_base
from src.schema import UserError

if TYPE_CHECKING:  # peft imports bitsandbytes and a compiler with it: not before an adapter is attached
    from peft import PeftModel

log = logging.getLogger(__name__)

_ATTENTION = re.compile("attn|attention", re.IGNORECASE)
_WHOLE_LAYER = re.compile("layer|block|model", re.IGNORECASE)  # a class such as JambaAttentionDecoderLayer
# peft 0.21 refuses these layers of these types, whose fused kernels do not call them.
_MAMBA_TYPES = ("falcon_h1", "mamba", "mamba2", "falcon_mamba", "nemotron_h")
_MAMBA_KERNELS = ("out_proj", "conv1d")


def attach_lora(model: PreTrainedModel, config: LoraConfig, seed: int) -> PeftModel:
    """Freeze `model` and add trainable low-rank updates, or those of `continue_from` to train further.

    Raises UserError where a layer is named that the model does not have, or the adapter does not fit.
    """
    from peft import LoraConfig as PeftLoraConfig
    from peft import PeftModel, get_peft_model

    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if config.continue_from != "none":
        log.warning(
            "training the adapter of %s further: its rank, scaling and layers are kept", config.continue_from
        )
        return _train_in_float32(_attach_trained(model, Path(config.continue_from)))
    pissa = config.init_lora_weights == "pissa"
    peft_config = PeftLoraConfig(
        r=config.r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=target_modules(model, config.target_modules),
        modules_to_save=_modules_to_save(model, config.modules_to_save),
        bias=config.bias,
        use_rslora=config.use_rslora,
        use_dora=config.use_dora,
        init_lora_weights="pissa" if pissa else True,
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(seed)  # peft draws the adapter's initial weights from the global generator
    if isinstance(config.target_modules, str) and isinstance(peft_config.target_modules, set):
        peft_config.target_modules -= _taken_for_experts(model, peft_config.target_modules)
    try:
        adapted = get_peft_model(model, peft_config)
    except ValueError as error:
        reason = " ".join(str(error).split())[:300]
        remedy = "set lora.lora_dropout=0" if "lora_dropout" in reason else "set lora.target_modules=auto"
        raise UserError(f"peft cannot adapt {type(model).__name__} so ({reason}); {remedy}") from error
    assert isinstance(adapted, PeftModel)
    _train_in_float32(adapted)
    if config.target_modules == "all-linear":
        _say_what_is_adapted(adapted)
    return adapted


def _train_in_float32(model: PeftModel) -> PeftModel:
    """Of a base in float16, biases and modules trained in full too: steps are smaller than that type's digits."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype == torch.float16:
            parameter.data = parameter.data.float()
    return model


def _taken_for_experts(model: PreTrainedModel, chosen: set[str]) -> set[str]:
    """Gates of attention that peft takes for the gates of experts, whose other half is not chosen: it would refuse."""
    if not any("expert" in name for name, _ in model.named_modules()):
        return set()
    halves = {name for name in chosen if name.endswith(".up_proj")}
    return set() if halves else {name for name in chosen if name.endswith(".gate_proj")}


def _attach_trained(model: PreTrainedModel, folder: Path) -> PeftModel:
    if not (folder / "adapter_config.json").exists():
        raise UserError(f"lora.continue_from: no adapter in {folder} (adapter_config.json is missing)")
    return load_adapter(model, folder, trainable=True)


def check_lora(skeleton: PreTrainedModel, config: LoraConfig, quantised: bool) -> None:
    """Raise UserError where `attach_lora` would; an adapter to train further is attached to the skeleton.

    peft is asked only where it may refuse: of layers that are not plainly linear, and of Mamba's.
    """
    if config.continue_from != "none":
        _attach_trained(skeleton, Path(config.continue_from))
        return
    target_modules(skeleton, config.target_modules)
    _modules_to_save(skeleton, config.modules_to_save, quantised)
    kinds = {type(skeleton.get_submodule(name)) for name in linear_layers(skeleton)}
    if kinds - {torch.nn.Linear, Conv1D} or skeleton.config.model_type in _MAMBA_TYPES:
        attach_lora(skeleton, config, seed=0)


def _modules_to_save(
    model: torch.nn.Module, names: str | list[str], quantised: bool = False
) -> list[str] | None:
    """The modules to train in full; None for the word "none". `quantised` linear layers cannot be."""
    if isinstance(names, str):
        return None
    frozen = [f"{name}." for name in linear_layers(model)] if quantised else []
    for name in names:
        places = {path: module for path, module in model.named_modules() if path.split(".")[-1] == name}
        found = list(places.values())
        if not found:
            paths = (path for path, _ in model.named_modules() if path and not path[-1].isdigit())
            existing = ", ".join(sorted({path.split(".")[-1] for path in paths}))
            raise UserError(
                f"lora.modules_to_save: {type(model).__name__} has no module {name}; it has {existing}"
            )
        whole = any(not weight.is_floating_point() for module in found for weight in module.parameters())
        if whole or any(layer.startswith(f"{path}.") for path in places for layer in frozen):
            raise UserError(
                f"lora.modules_to_save: {name} is quantised, and whole numbers cannot be trained; name modules "
                "that stay in floating point, such as lm_head, or use train_lora.py"
            )
    return names


def target_modules(model: torch.nn.Module, wanted: str | list[str]) -> str | list[str]:
    """The layers to adapt, in peft's form: suffixes of module names, or whole names where a suffix would take in others."""
    layers = linear_layers(model)
    if wanted == "all-linear":
        return _suffixes(model, [name for name in layers if not _is_left_out(model, name)])
    if wanted == "auto":
        attention = [name for name in layers if _is_of_attention(model, name)]
        if not attention:
            log.warning(
                "%s has no attention: lora.target_modules=auto adapts all layers", type(model).__name__
            )
            attention = [name for name in layers if not _is_left_out(model, name)]
        if not attention:
            raise UserError(f"lora.target_modules=auto finds no linear layers in {type(model).__name__}")
        return _suffixes(model, attention)
    for name in wanted:
        if not any(layer == name or layer.endswith(f".{name}") for layer in layers):
            existing = ", ".join(sorted({layer.split(".")[-1] for layer in layers}))
            raise UserError(
                f"lora.target_modules: {type(model).__name__} has no layer {name}; it has {existing}, or use auto"
            )
    return list(wanted)


def linear_layers(model: torch.nn.Module) -> list[str]:
    """Full names of the layers of the decoder that LoRA can adapt; output head, images and sounds left out."""
    head = getattr(model, "get_output_embeddings", lambda: None)()
    decoder = decoder_of(model) if isinstance(model, PreTrainedModel) else model
    inside = {id(module) for module in decoder.modules()}
    return [
        name
        for name, module in model.named_modules()
        if _is_linear(module) and module is not head and id(module) in inside and name.count(".") >= 1
    ]


def _is_linear(module: torch.nn.Module) -> bool:
    """Quantised layers are named so too, whatever their library."""
    named = "Linear" in type(module).__name__ and hasattr(module, "in_features")
    return isinstance(module, torch.nn.Linear | Conv1D) or named


def _is_of_attention(model: torch.nn.Module, name: str) -> bool:
    """Whether a layer lies in a module that is attention by its name or by that of its class; an indexer only selects."""
    parts = name.split(".")[:-1]
    if any("indexer" in part for part in parts):
        return False
    classes = [type(model.get_submodule(".".join(parts[: end + 1]))).__name__ for end in range(len(parts))]
    return any("attn" in part.lower() or "attention" in part.lower() for part in parts) or any(
        _ATTENTION.search(kind) and not _WHOLE_LAYER.search(kind) for kind in classes
    )


def _is_left_out(model: torch.nn.Module, name: str) -> bool:
    """Of all-linear: routers, whose choice has no gradient of use, and what peft refuses to adapt in Mamba's kernels."""
    parent, _, last = name.rpartition(".")
    beside = (part for part, _ in model.get_submodule(parent.removesuffix(".router")).named_children())
    router = ("router" in name.split(".") or last == "gate") and any("expert" in part for part in beside)
    kind = getattr(getattr(model, "config", None), "model_type", "")
    return router or (kind in _MAMBA_TYPES and last in _MAMBA_KERNELS)


def _suffixes(model: torch.nn.Module, chosen: list[str]) -> list[str]:
    """Parent and layer of each: `c_proj` alone would also match the MLP of StarCoder."""
    wanted = set(chosen)
    others = [name for name, module in model.named_modules() if _is_linear(module) and name not in wanted]
    found: set[str] = set()
    for name in chosen:
        suffix = ".".join(name.split(".")[-2:])
        ambiguous = any(other == suffix or other.endswith(f".{suffix}") for other in others)
        found.add(name if ambiguous else suffix)
    return sorted(found)


def _say_what_is_adapted(model: PeftModel) -> None:
    """Of mixtures of experts, where "all" is not what one would think."""
    from peft.tuners.lora import LoraLayer

    base = model.get_base_model()
    if not any("expert" in name for name, _ in base.named_modules()):
        return
    names = tuple(name for name, item in base.named_modules() if isinstance(item, LoraLayer))
    left = {name.split(".")[-1] for name in linear_layers(base) if not name.startswith(names)}
    experts = any("experts" in name.split(".") for name in names)
    log.warning(
        "lora.target_modules=all-linear adapts %s of this mixture of experts%s%s",
        ", ".join(sorted({name.split(".")[-1] for name in names})),
        "" if experts else "; not its experts, whose weights are no linear layers",
        f"; not {', '.join(sorted(left))}" if left else "",
    )


def load_model(
    reference: ModelReference, *, merge: bool = False, **load_options: Any
) -> PreTrainedModel | PeftModel:
    """The model a reference names, ready for generation; `load_options` go to load_base.

    A 4-bit base stays 4-bit and its adapter unmerged; `merge` adds the adapter to 16- or 32-bit weights.
    """
    model = load_base(reference.base, quantization=reference.quantization, **load_options)
    if reference.adapter is None:
        return model.eval()
    adapted = load_adapter(model, reference.adapter)
    if merge and reference.quantization is None:
        return merge_adapter(adapted, reference.adapter).eval()
    return adapted.eval()
