"""How much memory training takes, and the pack size and checkpointing that fit what there is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import PretrainedConfig

from src.config import LoraConfig, QloraConfig, TrainingConfig
from src.models.hardware import GIB, Hardware
from src.schema import UserError

CPU_PACK_TOKENS = 512  # measured best on CPUs: larger packs leave the cache, smaller ones repeat overhead
GPU_PACK_TOKENS = (16384, 8192, 4096, 2048, 1024, 512)
LARGE_PACK = 2048  # tokens; on a GPU, smaller packs cost more speed than recomputing activations does
HEADROOM = 0.92  # of the free memory; the allocator cannot use all of it
LOGIT_ROWS = 1024  # supervised tokens whose logits exist at once, see loss.CHUNK


@dataclass(frozen=True)
class Shape:
    """What of an architecture decides memory."""

    layers: int
    hidden: int
    intermediate: float
    kv_hidden: int  # width of keys or values
    vocabulary: int
    tied: bool

    @property
    def linear_weights(self) -> float:
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
    kv_heads = getattr(text, "num_key_value_heads", None) or heads
    if getattr(text, "multi_query", False):
        kv_heads = 1
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // heads
    return Shape(
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=_gated_width(text),
        kv_hidden=kv_heads * head_dim,
        vocabulary=text.vocab_size,
        tied=bool(getattr(config, "tie_word_embeddings", False)),
    )


def _gated_width(text: PretrainedConfig) -> float:
    """The MLP's width as that of a gated one: a plain MLP has two matrices of its width where a gated has three."""
    plain = getattr(text, "n_inner", None) or 4 * text.hidden_size
    width = getattr(text, "intermediate_size", None) or plain
    return width * 2 / 3 if text.model_type in ("gpt_bigcode", "starcoder2") else width


def estimate_gib(
    shape: Shape,
    hardware: Hardware,
    lora: LoraConfig,
    quantization: QloraConfig | None,
    pack: int,
    checkpointing: bool,
    parts: int = 1,
) -> float:
    """Peak memory of a training step in GiB: weights, adapter with its Adam state, activations, logits.

    Of weights divided into `parts` a process holds one, and two layers and the embeddings gathered.
    """
    width = 4 if hardware.dtype == torch.float32 else 2
    per_weight: float = width
    if quantization is not None:
        per_weight = quantization.bits / 8 * 1.03  # 3 %: the quantisation constants
    weights = shape.linear_weights * per_weight + shape.embedding_weights * width
    if parts > 1:
        gathered = 2 * shape.linear_weights / shape.layers + shape.embedding_weights
        weights = weights / parts + gathered * width
    numbers = 16  # bytes a trained number: weight, gradient, two moments
    adapter = numbers * lora.r * shape.layers * (6 * shape.hidden + 2 * shape.kv_hidden)
    layer = width * (10 * shape.hidden + 4 * shape.kv_hidden + 4 * shape.intermediate) * pack
    kept = width * shape.hidden * pack * shape.layers + layer if checkpointing else layer * shape.layers
    logits = 3 * 4 * min(pack, LOGIT_ROWS) * shape.vocabulary
    workspace = 2 * shape.hidden * shape.intermediate * width if quantization is not None else 0
    overhead = 0.6 * GIB  # Python, torch and its kernels
    return (weights + adapter + kept + logits + workspace + overhead) / GIB


def plan(
    config: PretrainedConfig,
    hardware: Hardware,
    lora: LoraConfig,
    quantization: QloraConfig | None,
    training: TrainingConfig,
    step_tokens: int,
    parts: int = 1,
) -> Plan:
    """The fastest way of training that fits the memory; what the user set is kept.

    `step_tokens` is the size of the largest optimizer step: no pack is larger. `parts` processes share the base's
    weights. Raises UserError where not even the smallest way fits.
    """
    shape = shape_of(config)
    free = training.memory_budget_gib or hardware.free_gib

    def needed(way: tuple[int, bool]) -> float:
        pack, checkpointing = way
        return estimate_gib(shape, hardware, lora, quantization, min(pack, step_tokens), checkpointing, parts)

    ways = _ways(hardware, training)
    for way in ways:
        if needed(way) <= free * HEADROOM:
            return Plan(*way, needed(way), free)
    smallest = min(ways, key=needed)
    if needed(smallest) <= free:
        return Plan(*smallest, needed(smallest), free)
    raise UserError(
        f"training needs about {needed(smallest):.1f} GiB and {free:.1f} GiB are "
        f"{'allowed by training.memory_budget_gib' if training.memory_budget_gib else 'free'} on the "
        f"{hardware.device}: {_advice(quantization, training)}"
    )


def _ways(hardware: Hardware, training: TrainingConfig) -> list[tuple[int, bool]]:
    """Pack sizes with or without recomputation, the fastest first, within what the user set."""
    sizes: tuple[int, ...] = (
        GPU_PACK_TOKENS if hardware.device == "cuda" else (CPU_PACK_TOKENS, CPU_PACK_TOKENS // 2)
    )
    if training.pack_tokens:
        sizes = (training.pack_tokens,)
    large = [size for size in sizes if size >= LARGE_PACK]
    small = [size for size in sizes if size < LARGE_PACK]
    ways = [(size, again) for group in (large, small) for again in (False, True) for size in group]
    wanted = training.gradient_checkpointing
    return [way for way in ways if wanted == "auto" or way[1] == wanted]


def _advice(quantization: QloraConfig | None, training: TrainingConfig) -> str:
    if training.gradient_checkpointing is False:
        return "set training.gradient_checkpointing=auto"
    if training.pack_tokens > CPU_PACK_TOKENS:
        return "set training.pack_tokens=0"
    return "use train_qlora.py" if quantization is None else "use a smaller base model"
