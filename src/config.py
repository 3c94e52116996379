"""The typed configuration: config.yaml, then the given file, then --set, checked key by key."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from src.schema import UserError

DEFAULTS = Path(__file__).resolve().parent.parent / "config.yaml"  # the one home of every default


def _number(low: float, high: float = float("inf")) -> Any:
    return field(metadata={"low": low, "high": high})


def _choice(*values: str) -> Any:
    return field(metadata={"choices": values})


@dataclass(frozen=True)
class DataConfig:
    source: str = _choice("hub", "github", "file", "starter")
    dataset_name: str
    dataset_path: str
    max_length: int = _number(16, 1_000_000)
    validation_fraction: float = _number(0, 0.5)
    test_fraction: float = _number(0, 0.5)
    near_duplicate_threshold: float = _number(0.3, 1)
    remove_contamination: bool


@dataclass(frozen=True)
class ModelConfig:
    base_model: str
    device: str = _choice("auto", "cuda", "cpu")
    dtype: str = _choice("auto", "bfloat16", "float16", "float32")
    trust_remote_code: bool


@dataclass(frozen=True)
class LoraConfig:
    r: int = _number(1, 4096)
    lora_alpha: int = _number(1, 65_536)
    lora_dropout: float = _number(0, 0.95)
    target_modules: Any = field(metadata={"words": ("auto", "all-linear")})  # a word or a list of layer names
    bias: str = _choice("none", "all", "lora_only")
    use_rslora: bool
    use_dora: bool


@dataclass(frozen=True)
class QloraConfig:
    bits: int = field(metadata={"choices": (4, 8)})
    quant_type: str = _choice("nf4", "fp4")
    use_double_quant: bool
    compute_dtype: str = _choice("auto", "bfloat16", "float16", "float32")


@dataclass(frozen=True)
class TrainingConfig:
    output_dir: str
    num_train_epochs: float = _number(0.01, 1000)
    max_steps: int = _number(0)
    learning_rate: float = _number(1e-9, 1)
    lr_scheduler_type: str = _choice("cosine", "linear", "constant")
    warmup_ratio: float = _number(0, 0.9)
    weight_decay: float = _number(0, 10)
    max_grad_norm: float = _number(0)
    batch_size: int = _number(1, 65_536)
    pack_tokens: int = _number(0)
    gradient_checkpointing: Any = field(metadata={"choices": ("auto", True, False)})
    optim: str = _choice(
        "adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit"
    )
    logging_steps: int = _number(1)
    eval_steps: int = _number(1)
    save_steps: int = _number(1)
    save_total_limit: int = _number(1)
    early_stopping_patience: int = _number(0)
    report_to: str = _choice("tensorboard", "none", "wandb", "trackio", "mlflow", "swanlab")
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True)
class EvaluationConfig:
    num_samples: int = _number(0)
    max_new_tokens: int = _number(1, 100_000)
    batch_size: int = _number(0)
    temperature: float = _number(0, 10)
    top_p: float = _number(0.001, 1)
    num_completions: int = _number(1, 10_000)
    timeout_s: float = _number(0.1, 3600)
    memory_mib: int = _number(16)
    workers: int = _number(0, 1024)
    bootstrap_resamples: int = _number(100, 1_000_000)
    examples: int = _number(0)
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True)
class Config:
    data: DataConfig
    model: ModelConfig
    lora: LoraConfig
    qlora: QloraConfig
    training: TrainingConfig
    evaluation: EvaluationConfig


SECTIONS: dict[str, type] = {
    "data": DataConfig, "model": ModelConfig, "lora": LoraConfig,
    "qlora": QloraConfig, "training": TrainingConfig, "evaluation": EvaluationConfig,
}  # fmt: skip
ALL_KEYS = [
    f"{name}.{item.name}" for name, section in SECTIONS.items() for item in dataclasses.fields(section)
]


def load_config(path: str | Path = DEFAULTS, overrides: list[str] | None = None) -> Config:
    """Read `path` over config.yaml's defaults, then apply `section.key=value` overrides.

    Raises UserError naming the full key, what was expected and the nearest valid key.
    """
    layers = [_read_yaml(DEFAULTS)]
    if Path(path).resolve() != DEFAULTS:
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


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML, readable by load_config."""
    import yaml

    return yaml.safe_dump(dataclasses.asdict(config), sort_keys=False, allow_unicode=True)


def _read_yaml(path: Path) -> tuple[Any, str]:
    from omegaconf import OmegaConf
    from yaml import YAMLError

    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(
            f"no config file {path}; give --config FILE or leave the flag out for config.yaml"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the config file {path}: {error}") from None
    try:
        return OmegaConf.to_container(OmegaConf.create(text)) if text.strip() else {}, str(path)
    except (YAMLError, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} is not valid YAML: {reason}") from None


def _read_override(text: str) -> tuple[Any, str]:
    from omegaconf import OmegaConf
    from yaml import YAMLError

    key, equals, _ = text.partition("=")
    if not equals or not key.strip():
        raise UserError(
            f"--set {text}: expected section.key=value, such as --set training.learning_rate=1e-4"
        )
    try:
        return OmegaConf.to_container(OmegaConf.from_dotlist([text])), f"--set {text}"
    except (YAMLError, ValueError) as error:
        raise UserError(f"--set {text}: not a YAML value: {' '.join(str(error).split())[:150]}") from None


def _flatten(layer: Any, origin: str) -> dict[str, Any]:
    if not isinstance(layer, dict):
        raise UserError(f"{origin}: expected sections ({', '.join(SECTIONS)}), got {_shown(layer)}")
    flat = {}
    for section, keys in layer.items():
        if section not in SECTIONS:
            raise UserError(f"{origin}: unknown section {section!r}{_nearest(str(section), list(SECTIONS))}")
        if not isinstance(keys, dict):
            raise UserError(f"{origin}: {section} is a section of keys, got {_shown(keys)}")
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
    """`value` in the type of its field, or a UserError that says what was expected."""
    section, name = key.split(".")
    item = next(item for item in dataclasses.fields(SECTIONS[section]) if item.name == name)
    rule = item.metadata

    def refuse(expected: str) -> UserError:
        return UserError(f"{origin}: {key} must be {expected}, got {_shown(value)}")

    if "words" in rule:
        if value in rule["words"]:
            return value
        if isinstance(value, str) and value:
            return [value]
        if isinstance(value, list) and value and all(isinstance(word, str) and word for word in value):
            return value
        raise refuse(f"{', '.join(rule['words'])} or a list of layer names")
    if "choices" in rule:
        if any(value == choice and type(value) is type(choice) for choice in rule["choices"]):
            return value
        raise refuse("one of " + ", ".join(_shown(choice) for choice in rule["choices"]))
    if item.type == "bool":
        if isinstance(value, bool):
            return value
        raise refuse("true or false")
    if item.type == "str":
        if isinstance(value, str) and value.strip() and "\0" not in value:
            return value
        raise refuse("a text")
    return _checked_number(value, item.type == "int", rule, refuse)


def _checked_number(value: Any, whole: bool, rule: Any, refuse: Any) -> int | float:
    expected = "a whole number" if whole else "a number"
    if rule["high"] != float("inf"):
        expected += f" from {rule['low']:g} to {rule['high']:g}"
    elif rule["low"] > float("-inf"):
        expected += f" of {rule['low']:g} or more"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (whole and value != int(value) if is_number and abs(value) < 1e300 else False):
        raise refuse(expected)
    if not rule["low"] <= value <= rule["high"] or value == float("inf"):
        raise refuse(expected)
    return int(value) if whole else float(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value!r} ({type(value).__name__})"[:80] if not isinstance(value, str) else repr(value)[:80]


def _consistent(config: Config) -> Config:
    """Refuse choices that do not work together."""
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
