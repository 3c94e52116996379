"""How much memory training takes, and the pack size and checkpointing that fit what there is."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PretrainedConfig

from src.config import LoraConfig, QloraConfig, TrainingConfig
from src.models.hardware import GIB, Hardware
from src.schema import UserError

CPU_PACK_TOKENS = 512  # measured best on CPUs: larger packs leave the cache, smaller ones repeat overhead
GPU_PACK_TOKENS = (16384, 8192, 4096, 2048, 1024, 512)
HEADROOM = 0.92  # of the free memory; the allocator cannot use all of it


@dataclass(frozen=True)
class Shape:
    """What of an architecture decides memory."""

    layers: int
    hidden: int
    intermediate: int
    kv_hidden: int  # width of keys or values
    vocabulary: int
    tied: bool

    @property
    def linear_weights(self) -> int:
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_hidden
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def embedding_weights(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied else 2)


@dataclass(frozen=True)
class Plan:
    """How a training run fits the memory."""

    pack_tokens: int
    checkpointing: bool
    estimate_gib: float
    free_gib: float


def shape_of(config: PretrainedConfig) -> Shape:
    """Read the sizes that every decoder configuration has under one name or another."""
    text = config.get_text_config()
    heads = text.num_attention_heads
    kv_heads = (
        1 if getattr(text, "multi_query", False) else getattr(text, "num_key_value_heads", None) or heads
    )
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // heads
    gated = hasattr(
        text, "intermediate_size"
    )  # a plain MLP of width w weighs as much as a gated one of 2/3 w
    width = (
        text.intermediate_size if gated else (getattr(text, "n_inner", None) or 4 * text.hidden_size) * 2 // 3
    )
    return Shape(
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=width,
        kv_hidden=kv_heads * head_dim,
        vocabulary=text.vocab_size,
        tied=bool(getattr(config, "tie_word_embeddings", False)),
    )


def estimate_gib(
    shape: Shape,
    hardware: Hardware,
    lora: LoraConfig,
    quantization: QloraConfig | None,
    pack: int,
    checkpointing: bool,
) -> float:
    """Peak memory of a training step in GiB: weights, adapter with its Adam state, activations, logits."""
    width = 4 if str(hardware.dtype).endswith("float32") else 2
    per_weight = width
    if quantization is not None:
        per_weight = quantization.bits / 8 * 1.03  # 3 %: the quantisation constants
    weights = shape.linear_weights * per_weight + shape.embedding_weights * width
    adapter = (
        16 * lora.r * shape.layers * (6 * shape.hidden + 2 * shape.kv_hidden)
    )  # weight, gradient, two moments
    layer = width * (10 * shape.hidden + 4 * shape.kv_hidden + 4 * shape.intermediate) * pack
    kept = width * shape.hidden * pack * shape.layers + layer if checkpointing else layer * shape.layers
    logits = 3 * 4 * min(pack, 1024) * shape.vocabulary
    workspace = 2 * max(shape.hidden * shape.intermediate, 1) * width if quantization is not None else 0
    overhead = 0.6 * GIB
    return (weights + adapter + kept + logits + workspace + overhead) / GIB


def plan(
    config: PretrainedConfig,
    hardware: Hardware,
    lora: LoraConfig,
    quantization: QloraConfig | None,
    training: TrainingConfig,
) -> Plan:
    """The largest packs without recomputation that fit, else with it; what the user set is kept.

    Raises UserError where the weights alone do not fit.
    """
    shape = shape_of(config)
    free = hardware.free_gib
    sizes = (training.pack_tokens,) if training.pack_tokens else _candidates(hardware)
    modes = (False, True) if training.gradient_checkpointing == "auto" else (training.gradient_checkpointing,)
    choices = [
        (pack, mode) for mode in modes for pack in sizes if len(sizes) == 1 or mode or pack >= sizes[-1]
    ]
    for pack, mode in choices:
        needed = estimate_gib(shape, hardware, lora, quantization, pack, mode)
        if needed <= free * HEADROOM:
            return Plan(pack, mode, needed, free)
    pack, mode = choices[-1]
    needed = estimate_gib(shape, hardware, lora, quantization, pack, mode)
    if estimate_gib(shape, hardware, lora, quantization, 1, True) > free:
        advice = "use train_qlora.py" if quantization is None else "use a smaller base model"
        raise UserError(
            f"training needs about {needed:.1f} GiB and {free:.1f} GiB are free on the {hardware.device}: {advice}"
        )
    return Plan(pack, mode, needed, free)


def _candidates(hardware: Hardware) -> tuple[int, ...]:
    return GPU_PACK_TOKENS if hardware.device == "cuda" else (CPU_PACK_TOKENS,)
