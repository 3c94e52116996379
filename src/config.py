"""The typed configuration: config.yaml, then the given file, then --set, checked key by key."""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from src.config_validators import OneOf, OneOfOrList, Range, StrList, check_value, shown
from src.schema import UserError

DEFAULTS = Path(__file__).resolve().parent.parent / "config.yaml"  # the one home of every default


@dataclass(frozen=True)
class DataConfig:
    source: Annotated[str, OneOf("hub", "github", "file", "starter")]
    dataset_name: str
    dataset_path: str
    paths: Annotated[list[str], StrList()]
    max_length: Annotated[int, Range(16, 1_000_000)]
    validation_fraction: Annotated[float, Range(0, 0.5)]
    test_fraction: Annotated[float, Range(0, 0.5)]
    near_duplicate_threshold: Annotated[float, Range(0.3, 1)]
    remove_contamination: bool


@dataclass(frozen=True)
class ModelConfig:
    base_model: str
    device: Annotated[str, OneOf("auto", "cuda", "cpu")]
    dtype: Annotated[str, OneOf("auto", "bfloat16", "float16", "float32")]
    trust_remote_code: bool


@dataclass(frozen=True)
class PromptConfig:
    template: Annotated[str, OneOf("alpaca", "chat")]
    before: Annotated[str, OneOf("same", "alpaca", "chat")]


@dataclass(frozen=True)
class LoraConfig:
    r: Annotated[int, Range(1, 4096)]
    lora_alpha: Annotated[int, Range(1, 65_536)]
    lora_dropout: Annotated[float, Range(0, 0.95)]
    target_modules: Annotated[str | list[str], OneOfOrList("auto", "all-linear")]  # or a list of layer names
    bias: Annotated[str, OneOf("none", "all", "lora_only")]
    use_rslora: bool
    use_dora: bool
    init_lora_weights: Annotated[str, OneOf("default", "pissa", "loftq")]
    modules_to_save: Annotated[str | list[str], OneOfOrList("none")]  # or a list of module names
    continue_from: str


@dataclass(frozen=True)
class QloraConfig:
    bits: Annotated[int, OneOf(4, 8)]
    quant_type: Annotated[str, OneOf("nf4", "fp4")]
    use_double_quant: bool
    compute_dtype: Annotated[str, OneOf("auto", "bfloat16", "float16", "float32")]


@dataclass(frozen=True)
class TrainingConfig:
    output_dir: str
    num_train_epochs: Annotated[float, Range(0.01, 1000)]
    max_steps: Annotated[int, Range(0)]
    learning_rate: Annotated[float, Range(1e-9, 1)]
    lr_scheduler_type: Annotated[str, OneOf("cosine", "linear", "constant")]
    warmup_ratio: Annotated[float, Range(0, 0.9)]
    weight_decay: Annotated[float, Range(0, 10)]
    max_grad_norm: Annotated[float, Range(0)]
    batch_size: Annotated[int, Range(1, 65_536)]
    loss_on_prompt: bool
    pack_tokens: Annotated[int, Range(0)]
    share_prefixes: bool
    gradient_checkpointing: Annotated[bool | str, OneOf("auto", True, False)]
    fused_kernels: Annotated[bool | str, OneOf("auto", True, False)]
    offload: Annotated[bool | str, OneOf("auto", True, False)]
    optim: Annotated[
        str, OneOf("adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit")
    ]
    logging_steps: Annotated[int, Range(1)]
    eval_steps: Annotated[int, Range(1)]
    save_steps: Annotated[int, Range(1)]
    save_total_limit: Annotated[int, Range(1)]
    early_stopping_patience: Annotated[int, Range(0)]
    loraplus_lr_ratio: Annotated[float, Range(1, 1024)]
    neftune_noise_alpha: Annotated[float, Range(0, 1000)]
    memory_budget_gib: Annotated[float, Range(0)]
    report_to: Annotated[str, OneOf("tensorboard", "none", "wandb", "trackio", "mlflow", "swanlab")]
    seed: Annotated[int, Range(0, 2**32 - 1)]


@dataclass(frozen=True)
class EvaluationConfig:
    num_samples: Annotated[int, Range(0)]
    max_new_tokens: Annotated[int, Range(1, 100_000)]
    batch_size: Annotated[int, Range(0)]
    backend: Annotated[str, OneOf("transformers", "vllm")]
    temperature: Annotated[float, Range(0, 10)]
    top_p: Annotated[float, Range(0.001, 1)]
    num_completions: Annotated[int, Range(1, 10_000)]
    timeout_s: Annotated[float, Range(0.1, 3600)]
    memory_mib: Annotated[int, Range(16)]
    workers: Annotated[int, Range(0, 1024)]
    bootstrap_resamples: Annotated[int, Range(100, 1_000_000)]
    examples: Annotated[int, Range(0)]
    seed: Annotated[int, Range(0, 2**32 - 1)]


@dataclass(frozen=True)
class Config:
    data: DataConfig
    model: ModelConfig
    prompt: PromptConfig
    lora: LoraConfig
    qlora: QloraConfig
    training: TrainingConfig
    evaluation: EvaluationConfig


SECTIONS: dict[str, type] = {
    "data": DataConfig, "model": ModelConfig, "prompt": PromptConfig, "lora": LoraConfig,
    "qlora": QloraConfig, "training": TrainingConfig, "evaluation": EvaluationConfig,
}  # fmt: skip
ALL_KEYS = [
    f"{name}.{item.name}" for name, section in SECTIONS.items() for item in dataclasses.fields(section)
]


def load_config(path: str | Path | None = None, overrides: list[str] | None = None) -> Config:
    """Read `path` over config.yaml's defaults, then apply `section.key=value` overrides.

    Raises UserError naming the full key, what was expected and the nearest valid key.
    """
    layers = [_read_yaml(DEFAULTS)]
    if path is not None and Path(path).resolve() != DEFAULTS:
        layers.append(_read_yaml(Path(path)))
    layers += [_read_override(item) for item in overrides or []]
    values: dict[str, Any] = {}
    for layer, origin in layers:
        for key, value in _flatten(layer, origin).items():
            values[key] = _checked(key, value, origin)
    missing = [key for key in ALL_KEYS if key not in values]
    if missing:
        raise UserError(f"{DEFAULTS.name} lacks the key {missing[0]}; restore it (git checkout config.yaml)")
    config = Config(
        **{
            name: section(
                **{item.name: values[f"{name}.{item.name}"] for item in dataclasses.fields(section)}
            )
            for name, section in SECTIONS.items()
        }
    )
    return _consistent(config)


def _read_yaml(path: Path) -> tuple[Any, str]:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(
            f"no config file {path}; give --config FILE or leave the flag out for config.yaml"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the config file {path}: {error}") from error
    try:
        _refuse_yaml_bombs(text)
        return OmegaConf.to_container(OmegaConf.create(text)) if text.strip() else {}, str(path)
    except (YAMLError, OmegaConfBaseException, ValueError, AssertionError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} is not valid YAML: {reason}") from error


MAX_DEPTH = 20  # of nested YAML collections
_KEY = re.compile(r" *[^\W\d][\w-]*(\.[^\W\d][\w-]*)* *")  # omegaconf would read brackets as dots


def _read_override(text: str) -> tuple[Any, str]:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    key, equals, value = text.partition("=")
    if not equals or not _KEY.fullmatch(key):
        raise UserError(
            f"--set {text[:200]}: expected section.key=value, such as --set training.learning_rate=1e-4"
        )
    try:
        _refuse_yaml_bombs(value)
        return OmegaConf.to_container(OmegaConf.from_dotlist([text])), f"--set {text}"
    except (YAMLError, OmegaConfBaseException, ValueError, AssertionError, RecursionError) as error:
        raise UserError(f"--set {text}: not a YAML value: {' '.join(str(error).split())[:150]}") from error


def _refuse_yaml_bombs(text: str) -> None:
    """Raise ValueError for YAML of which a few lines could take unbounded memory or time.

    Aliases expand exponentially, and the time for nested brackets is quadratic in their depth.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases (*name) are not read; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} deep")


def _flatten(layer: Any, origin: str) -> dict[str, Any]:
    if not isinstance(layer, dict):
        raise UserError(f"{origin}: expected sections ({', '.join(SECTIONS)}), got {shown(layer)}")
    flat = {}
    for section, keys in layer.items():
        if section not in SECTIONS:
            raise UserError(f"{origin}: unknown section {section!r}{_nearest(str(section), list(SECTIONS))}")
        if not isinstance(keys, dict):
            raise UserError(f"{origin}: {section} is a section of keys, got {shown(keys)}")
        for key, value in keys.items():
            full = f"{section}.{key}"
            if full not in ALL_KEYS:
                raise UserError(f"{origin}: unknown key {full}{_nearest(full, ALL_KEYS)}")
            flat[full] = value
    return flat


def _nearest(key: str, valid: list[str]) -> str:
    by_last = {item.split(".")[-1]: item for item in valid}
    last = key.split(".")[-1]
    match = difflib.get_close_matches(key, valid, 1, 0.6)
    match = match or [by_last[item] for item in difflib.get_close_matches(last, list(by_last), 1, 0.6)]
    return f"; did you mean {match[0]}?" if match else f"; valid: {', '.join(valid[:12])}"


def _checked(key: str, value: Any, origin: str) -> Any:
    """`value` converted to the type of its field. Raises UserError with what was expected."""
    section, name = key.split(".")
    try:
        return check_value(get_type_hints(SECTIONS[section], include_extras=True)[name], value)
    except ValueError as expected:
        raise UserError(f"{origin}: {key} must be {expected}, got {shown(value)}") from expected


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
    if config.model.dtype == "float16" and config.model.device == "cpu":
        raise UserError("model.dtype float16 does not work on a CPU; use auto, float32 or bfloat16")
    return config
