"""The typed configuration: config.yaml, then the given file, then --set, checked key by key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from src.schema import UserError
from src.system.files import expand_home
from src.system.untrusted import read_file
from src.yaml_text import DEFAULTS, parse_yaml


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _names(value: Any) -> Any:
    """The names of "q_proj,v_proj"."""
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


Text = Annotated[str, Field(pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
Place = Annotated[Text, AfterValidator(expand_home)]  # a path, or the id of a model or data set
Places = Annotated[list[Place], BeforeValidator(_listed)]
LayerNames = Annotated[list[Text], Field(min_length=1), BeforeValidator(_names)]


@dataclass(frozen=True)
class DataConfig:
    source: Text  # an entry of data.sources.catalog.SOURCES
    dataset_name: Place
    dataset_path: Place
    paths: Places
    max_length: Annotated[int, Field(ge=16, le=1_000_000)]
    validation_fraction: Annotated[float, Field(ge=0, le=0.5)]
    test_fraction: Annotated[float, Field(ge=0, le=0.5)]
    near_duplicate_threshold: Annotated[float, Field(ge=0.3, le=1)]
    remove_contamination: bool


@dataclass(frozen=True)
class ModelConfig:
    base_model: Place
    device: Literal["auto", "cuda", "mps", "cpu"]
    dtype: Literal["auto", "bfloat16", "float16", "float32"]
    trust_remote_code: bool


@dataclass(frozen=True)
class PromptConfig:
    template: Literal["alpaca", "chat"]
    before: Literal["same", "alpaca", "chat"]


@dataclass(frozen=True)
class LoraConfig:
    r: Annotated[int, Field(ge=1, le=4096)]
    lora_alpha: Annotated[int, Field(ge=1, le=65_536)]
    lora_dropout: Annotated[float, Field(ge=0, le=0.95)]
    target_modules: Literal["auto", "all-linear"] | LayerNames  # or a list of layer names
    bias: Literal["none", "all", "lora_only"]
    use_rslora: bool
    use_dora: bool
    init_lora_weights: Literal["default", "pissa", "loftq"]
    modules_to_save: Literal["none"] | LayerNames  # or a list of module names
    continue_from: Place


@dataclass(frozen=True)
class QloraConfig:
    bits: Literal[4, 8]
    quant_type: Literal["nf4", "fp4"]
    use_double_quant: bool
    compute_dtype: Literal["auto", "bfloat16", "float16", "float32"]


@dataclass(frozen=True)
class TrainingConfig:
    output_dir: Place
    num_train_epochs: Annotated[float, Field(ge=0.01, le=1000)]
    max_steps: Annotated[int, Field(ge=0)]
    learning_rate: Annotated[float, Field(ge=1e-9, le=1)]
    lr_scheduler_type: Literal["cosine", "linear", "constant"]
    warmup_ratio: Annotated[float, Field(ge=0, le=0.9)]
    weight_decay: Annotated[float, Field(ge=0, le=10)]
    max_grad_norm: Annotated[float, Field(ge=0)]
    batch_size: Annotated[int, Field(ge=1, le=65_536)]
    loss_on_prompt: bool
    pack_tokens: Annotated[int, Field(ge=0)]
    share_prefixes: bool
    self_check: Literal["auto", False]  # YAML reads off as False
    gradient_checkpointing: Literal["auto"] | bool
    fused_kernels: Literal["auto"] | bool
    offload: Literal["auto"] | bool
    optim: Literal["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit"]
    logging_steps: Annotated[int, Field(ge=1)]
    eval_steps: Annotated[int, Field(ge=1)]
    save_steps: Annotated[int, Field(ge=1)]
    save_total_limit: Annotated[int, Field(ge=1)]
    early_stopping_patience: Annotated[int, Field(ge=0)]
    loraplus_lr_ratio: Annotated[float, Field(ge=1, le=1024)]
    neftune_noise_alpha: Annotated[float, Field(ge=0, le=1000)]
    memory_budget_gib: Annotated[float, Field(ge=0)]
    report_to: Literal["tensorboard", "none", "wandb", "trackio", "mlflow", "swanlab"]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    seeds: Annotated[int, Field(ge=1, le=1000)]


@dataclass(frozen=True)
class EvaluationConfig:
    num_samples: Annotated[int, Field(ge=0)]
    max_new_tokens: Annotated[int, Field(ge=1, le=100_000)]
    batch_size: Annotated[int, Field(ge=0)]
    backend: Literal["transformers", "vllm"]
    temperature: Annotated[float, Field(ge=0, le=10)]
    top_p: Annotated[float, Field(ge=0.001, le=1)]
    num_completions: Annotated[int, Field(ge=1, le=10_000)]
    timeout_s: Annotated[float, Field(ge=0.1, le=3600)]
    memory_mib: Annotated[int, Field(ge=16)]
    workers: Annotated[int, Field(ge=0, le=1024)]
    bootstrap_resamples: Annotated[int, Field(ge=100, le=1_000_000)]
    examples: Annotated[int, Field(ge=0)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]


@dataclass(frozen=True)
class Config:
    data: DataConfig
    model: ModelConfig
    prompt: PromptConfig
    lora: LoraConfig
    qlora: QloraConfig
    training: TrainingConfig
    evaluation: EvaluationConfig


SECTIONS: dict[str, type] = get_type_hints(Config)
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, defer_build=True)
_TYPES: dict[str, TypeAdapter[Any]] = {
    f"{name}.{key}": TypeAdapter(hint, config=_STRICT)
    for name, section in SECTIONS.items()
    for key, hint in get_type_hints(section, include_extras=True).items()
}
ALL_KEYS = list(_TYPES)


def keys_named(name: str) -> list[str]:
    """The full keys of a name without its section."""
    return [key for key in ALL_KEYS if key in (name, f"{key.split('.')[0]}.{name}")]


def load_config(path: str | Path | None = None, overrides: list[str] | None = None) -> Config:
    """Read `path` over config.yaml's defaults, then apply `section.key=value` overrides.

    Raises UserError naming the full key, what was expected and the nearest valid key.
    """
    layers = [_read_file(DEFAULTS)]
    if path is not None and Path(path).resolve() != DEFAULTS:
        layers.append(_read_file(Path(path)))
    layers += [_read_override(item) for item in overrides or []]
    values = {
        key: _checked(key, value, origin)
        for layer, origin in layers
        for key, value in _settings(layer, origin)
    }
    missing = [key for key in ALL_KEYS if key not in values]
    if missing:
        raise UserError(f"{DEFAULTS.name} lacks the key {missing[0]}; restore it (git checkout config.yaml)")
    sections = {
        name: section(**{key: values[f"{name}.{key}"] for key in get_type_hints(section)})
        for name, section in SECTIONS.items()
    }
    return _consistent(Config(**sections))


def _read_file(path: Path) -> tuple[Any, str]:
    try:
        text = read_file(path).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(
            f"no config file {path}; give --config FILE or leave the flag out for config.yaml"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the config file {path}: {error}") from error
    try:
        layer = parse_yaml(text)
    except ValueError as error:
        raise UserError(f"{path} is not valid YAML: {error}") from error
    return {} if layer is None else layer, str(path)


def _read_override(text: str) -> tuple[Any, str]:
    path, equals, value = text.partition("=")
    section, dot, key = path.strip().partition(".")
    origin = f"--set {text[:200]}"
    if not (equals and section):
        raise UserError(f"{origin}: expected section.key=value, such as --set training.learning_rate=1e-4")
    if not dot and section not in SECTIONS and (found := keys_named(section)):
        written = " or ".join(f"--set {key}={value[:100]}" for key in found)
        raise UserError(f"{origin}: a key needs its section; write {written}")
    try:
        parsed = parse_yaml(value)
    except ValueError as error:
        raise UserError(f"{origin}: not a YAML value: {error}") from error
    return {section: {key: parsed} if dot else parsed}, origin


def _settings(layer: Any, origin: str) -> Iterator[tuple[str, Any]]:
    """Full key and value of each setting. Raises UserError for a section or a key that there is not."""
    if not isinstance(layer, dict):
        raise UserError(f"{origin}: expected sections ({', '.join(SECTIONS)}), got {_shown(layer)}")
    for section, keys in layer.items():
        if section not in SECTIONS:
            raise UserError(
                f"{origin}: unknown section {_shown(section)}{_nearest(str(section), list(SECTIONS))}"
            )
        if not isinstance(keys, dict):
            raise UserError(f"{origin}: {section} is a section of keys, got {_shown(keys)}")
        for key, value in keys.items():
            full = f"{section}.{key}"
            if full not in ALL_KEYS:
                raise UserError(f"{origin}: unknown key {full[:200]}{_nearest(full, ALL_KEYS)}")
            yield full, value


def _nearest(key: str, valid: list[str]) -> str:
    by_last = {item.split(".")[-1]: item for item in valid}
    last = key.split(".")[-1]
    match = difflib.get_close_matches(key, valid, 1, 0.6)
    match = match or [by_last[item] for item in difflib.get_close_matches(last, list(by_last), 1, 0.6)]
    return f"; did you mean {match[0]}?" if match else f"; valid: {', '.join(valid[:12])}"


def _checked(key: str, value: Any, origin: str) -> Any:
    """`value` in the type of its key. Raises UserError with what was expected."""
    whole = isinstance(value, float) and value.is_integer()  # such as 1e3
    try:
        return _TYPES[key].validate_python(int(value) if whole else value)
    except ValidationError as error:
        expected = _expected(_TYPES[key].json_schema())
        raise UserError(f"{origin}: {key} must be {expected}, got {_shown(value)}") from error


def _expected(schema: dict[str, Any]) -> str:
    """What a key takes, from the JSON schema of its type."""
    if "anyOf" in schema:
        keywords, other = schema["anyOf"]
        words = keywords.get("enum") or [keywords["const"]]
        if other["type"] == "array":
            return f"{', '.join(words)} or a list of layer names"
        return f"one of {words[0]!r}, true, false"
    if "enum" in schema:
        return "one of " + ", ".join(map(_shown, schema["enum"]))
    if "minimum" not in schema:
        return {"boolean": "true or false", "string": "a text", "array": "a list of texts"}[schema["type"]]
    number = "a whole number" if schema["type"] == "integer" else "a number"
    low, high = schema["minimum"], schema.get("maximum")
    return f"{number} of {low:g} or more" if high is None else f"{number} from {low:g} to {high:g}"


def _shown(value: Any) -> str:
    """A value with its type, for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return repr(value)[:80] if isinstance(value, str) else f"{value!r} ({type(value).__name__})"[:80]
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits"


def _consistent(config: Config) -> Config:
    """Refuse settings that do not work together."""
    if config.data.validation_fraction + config.data.test_fraction >= 0.9:
        raise UserError(
            "data.validation_fraction + data.test_fraction must stay below 0.9: nothing is left to train on"
        )
    if config.training.save_steps % config.training.eval_steps:
        raise UserError(
            f"training.save_steps ({config.training.save_steps}) must be a multiple of training.eval_steps "
            f"({config.training.eval_steps}): the best checkpoint is chosen by validation"
        )
    if config.evaluation.num_completions > 1 and config.evaluation.temperature == 0:
        raise UserError(
            "evaluation.num_completions > 1 needs evaluation.temperature > 0: greedy answers are all the same"
        )
    return config
