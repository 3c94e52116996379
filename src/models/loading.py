"""Model references resolved and loaded: a hub id, one of ModelScope, a folder, or the embedded model; any causal LM."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from src.config import ModelConfig, QloraConfig
from src.models import adapters, embedded, qlora_model
from src.models.hardware import Hardware
from src.models.run_record import read_record
from src.schema import UserError
from src.system import hub_access, modelscope
from src.system.exhaustion import is_out_of_memory
from src.system.hub_access import go_offline_unless_reachable

log = logging.getLogger(__name__)

MOST_LAYERS = 1_000  # of a model; Llama 3.1 405B has 126
_PROJECT_FOLDERS = ("checkpoints", "reports", "data", "models")
_SUFFIXES = (".json", ".jinja", ".safetensors", ".bin", ".model", ".txt")  # of a model's files
_NO_ADAPTER = {"subfolder": "no-adapter"}  # where transformers looks for one, which it would load unasked


@dataclass(frozen=True)
class ModelReference:
    """Where a model comes from: `base` and, where it was fine-tuned with an adapter, `adapter`."""

    base: str  # as the user or the adapter names it
    adapter: Path | None = None
    quantization: QloraConfig | None = None  # the base is loaded as the adapter was trained


def resolve(model_path: str, base_model: str | None = None) -> ModelReference:
    """Distinguish an adapter from a full model. Raises UserError for a folder that is neither."""
    folder = Path(model_path)
    hub_id = model_path == embedded.EMBEDDED_MODEL or (
        model_path.count("/") == 1 and not _is_path(model_path)
    )
    if not folder.exists() and not hub_id:
        raise UserError(
            f"no model at {model_path}: no such folder. Run train_lora.py or train_qlora.py first"
        )
    _check_files(folder)
    if (folder / adapters.SETTINGS).exists():
        return _resolve_adapter(folder, base_model)
    if not folder.is_dir() or (folder / "config.json").exists():
        return ModelReference(model_path)
    found = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
    inside = [path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{adapters.SETTINGS}")]
    newest = sorted(inside, key=lambda path: (path.name == "final", path.stat().st_mtime), reverse=True)
    remedy = (
        f"It holds {', '.join(map(str, newest[:3]))}: give one of them"
        if inside
        else "Run train_lora.py first"
    )
    raise UserError(f"no adapter and no model in {model_path} (found: {found}). {remedy}")


def _check_files(folder: Path) -> None:
    """Refuse what a reader cannot read, or waits for without end, in the place of a model's file."""
    odd = [path for path in folder.glob("*.*") if path.suffix in _SUFFIXES and not path.is_file()]
    if odd:
        raise UserError(
            f"{min(odd)} should be a file, but is a folder, a pipe or a broken link; copy it again"
        )


def _is_path(reference: str) -> bool:
    """Whether a reference can be nothing but a path: no hub id has this form."""
    parts = reference.split("/")
    odd = len(parts) > 2 or "" in parts or "\\" in reference or reference.startswith((".", "~"))
    return odd or parts[0] in _PROJECT_FOLDERS


def _resolve_adapter(folder: Path, base_model: str | None) -> ModelReference:
    adapters.weights_file(folder)
    settings, record = adapters.read_settings(folder), read_record(folder)
    named = (record and record.base_model) or settings.get("base_model_name_or_path")
    base = base_model or (embedded.short_name(named) if isinstance(named, str) else "")
    if not base:
        raise UserError(
            f"the adapter in {folder} does not name its base model in run.json or adapter_config.json; give --base_model"
        )
    beside = (folder / "config.json").exists() and any(folder.glob("model*.safetensors"))
    if _is_path(base) and not Path(base).exists():
        if base_model:
            raise UserError(f"no base model at {base}: no such folder; give another --base_model")
        if not beside:
            raise UserError(
                f"the base of the adapter in {folder}, {base}, is not on this machine; give --base_model"
            )
        base = str(folder)
    if beside:
        log.warning(
            "%s holds an adapter and a whole model: the adapter is used, on %s. To use it on the model beside it, give "
            "--base_model %s; to use that model alone, move adapter_config.json away",
            folder,
            base,
            folder,
        )
    return ModelReference(base, folder, record.qlora if record else None)


def location(reference: str) -> str:
    """The path or hub id that transformers loads for `reference`, fetched where that is not transformers' part. Raises UserError where that is no model."""
    if reference == embedded.EMBEDDED_MODEL:
        return str(embedded.embedded_model())
    if modelscope.is_reference(reference):
        reference = str(modelscope.downloaded(reference))
    folder = Path(reference)
    if _is_path(reference) and not folder.exists():
        raise UserError(
            f"no model at {reference}: no such folder; give another, or the id of a model on the hub"
        )
    _check_files(folder)
    if (folder / adapters.SETTINGS).exists() and not (folder / "config.json").exists():
        raise UserError(
            f"{reference} is an adapter and no base model: train it further with train_lora.py --from_adapter, or merge "
            f"it (python inference.py --model_path {reference} --merge_to DIR) and give DIR"
        )
    return reference


def load_tokenizer(reference: str, config: ModelConfig) -> PreTrainedTokenizerBase:
    """The tokenizer, with a padding token that is never a label. Raises UserError where there is none."""
    with loading_errors("tokenizer", reference):
        tokenizer = AutoTokenizer.from_pretrained(
            location(reference), trust_remote_code=config.trust_remote_code
        )
        tokenizer("x")  # settings of another type than they should be are first used here
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
    attention: str | None = None,
) -> PreTrainedModel:
    """The causal language model on its device; 4- or 8-bit where `quantization` is given.

    Without `attention` it has the one that it ships with: torch's scaled_dot_product_attention where it supports that.
    """
    options: dict[str, Any] = {}
    if quantization is not None:
        options["quantization_config"] = qlora_model.quantization_config(quantization, hardware)
    path = location(reference)
    if not sys.stderr.isatty():
        disable_progress_bar()
    # otherwise a service of the hub converts pickled weights to safetensors, which would then be loaded
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    with loading_errors("model", reference):
        own = getattr(_checked_config(path, reference, config), "quantization_config", None)
        options |= qlora_model.quantised_base(reference, own, quantization, hardware)
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            path,
            output_loading_info=True,
            dtype=hardware.dtype,
            device_map={"": hardware.place},
            attn_implementation=attention,
            use_safetensors=True,
            trust_remote_code=config.trust_remote_code,
            adapter_kwargs=_NO_ADAPTER,
            **options,
        )
    model, found = loaded
    missing = sorted(found["missing_keys"])
    if missing:  # transformers would fill them with random numbers
        raise UserError(
            f"{reference} lacks {len(missing)} of the weights of a {type(model).__name__} ({', '.join(missing[:3])}): "
            "incomplete, or another kind of model; download it again"
        )
    assert isinstance(model, PreTrainedModel)
    if hardware.device == "cpu":
        qlora_model.keep_weights_differentiable(model)
    if attention is None and not supports_sdpa(type(model)):
        _say_slower(type(model).__name__)
    return model


def skeleton(reference: str, config: ModelConfig, hardware: Hardware) -> PreTrainedModel:
    """The model without its weights, in which names, kinds and sizes of modules are looked up.

    The files of a folder are checked as `load_base` does; those of the hub are not fetched for it, nor can quantised
    weights be read without their device. Layers are those of the model before it was quantised.
    """
    path = location(reference)
    with loading_errors("model", reference):
        settings = _checked_config(path, reference, config)
    if Path(path).is_dir() and getattr(settings, "quantization_config", None) is None:
        return load_base(reference, config, dataclasses.replace(hardware, device="meta"))
    with loading_errors("model", reference), torch.device("meta"):
        made = AutoModelForCausalLM.from_config(
            settings, dtype=hardware.dtype, trust_remote_code=config.trust_remote_code
        )
    assert isinstance(made, PreTrainedModel)
    return made


def supports_sdpa(kind: type) -> bool:
    """Whether a class of models can use torch's scaled_dot_product_attention; soft caps and sinks cannot."""
    return bool(getattr(kind, "_supports_sdpa", False))


@functools.cache
def _say_slower(kind: str) -> None:
    """Say it once."""
    log.warning("%s does not support torch's fused attention: it uses its own, which is slower", kind)


def _checked_config(path: str, reference: str, config: ModelConfig) -> PretrainedConfig:
    """Fail in a second, not after gigabytes, where the configuration cannot be loaded or is of another kind of model."""
    found: PretrainedConfig = AutoConfig.from_pretrained(path, trust_remote_code=config.trust_remote_code)
    layers = getattr(found.get_text_config(), "num_hidden_layers", 1)
    if isinstance(layers, int) and not 0 < layers <= MOST_LAYERS:
        raise UserError(
            f"{reference}: num_hidden_layers in its config.json is no number of layers; fetch it again"
        )
    remote = "AutoModelForCausalLM" in (getattr(found, "auto_map", None) or {})
    if remote or type(found) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return found
    kind = found.model_type or type(found).__name__
    if getattr(found, "is_encoder_decoder", False):
        reason = "an encoder-decoder, which reads the prompt with another network than it answers with"
    elif {"vision_config", "audio_config"} & found.to_dict().keys():
        reason = "a model of images or sounds, whose text part transformers does not load apart"
    else:
        reason = "no causal language model of transformers"
    raise UserError(
        f"{reference} ({kind}) is {reason}; choose a decoder-only language model, such as codellama/CodeLlama-7b-hf"
    )


def _is_of_the_hub(reference: str) -> bool:
    here = Path(reference).exists() or reference == embedded.EMBEDDED_MODEL
    return not here and not modelscope.is_reference(reference)


@contextmanager
def loading_errors(part: str, reference: str) -> Iterator[None]:
    """Turn the errors of the libraries over a model's files or the hub's answers, of many types, into a UserError.

    Running out of memory is no fault of the files and is raised as it is.
    """
    if _is_of_the_hub(reference):
        go_offline_unless_reachable(f"{reference}/resolve/main/config.json")
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise UserError(_loading_failed(part, reference, error)) from error


def _loading_failed(part: str, reference: str, error: Exception) -> str:
    reason = " ".join(str(error).split())
    failed = f"cannot load the {part} of {reference}"
    if "trust_remote_code" in reason:
        return f"{reference} brings its own Python code; read it, then set model.trust_remote_code=true to run it"
    if "model.safetensors" in reason and ("no file named" in reason or "not appear to have a file" in reason):
        return (
            f"{failed}: it has no weights as model.safetensors, and pickled ones are refused; convert them or use "
            "another model"
        )
    if "instantiate the backend tokenizer" in reason:
        reason = "it has no tokenizer.json; copy it from the model that this one was made from"
    if "ignore_mismatched_sizes" in reason:
        return f"{failed}: its weights have other shapes than its config.json states"
    if _is_of_the_hub(reference):
        return (
            f"{failed}: {hub_access.explain(reference, error) or f'{reason[:300]}. {hub_access.CHECK_NAME}'}"
        )
    return f"{failed}: {reason[:300]}"
