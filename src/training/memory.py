"""How much memory training takes, and the pack size and checkpointing that fit the free memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from transformers import PretrainedConfig

from src.config import LoraConfig, QloraConfig, TrainingConfig
from src.models.architecture import Shape, shape_of
from src.models.hardware import GIB, Hardware
from src.schema import UserError
from src.training.loss import LOGIT_CHUNK

PACK_TOKENS: dict[str, tuple[int, ...]] = {
    "cpu": (1024, 512, 256),  # 2,048 were no faster
    "cuda": (16384, 12288, 8192, 7168, 6144, 5120, 4096, 3072, 2048, 1024, 512),
}
MASKED_PACK_TOKENS = {"cuda": 2048, "cpu": 512}  # masked attention computes all pairs: its cost is quadratic
LARGE_PACK = 2048  # tokens; on a GPU, smaller packs cost more speed than recomputing activations does
USABLE = {"cuda": 0.96, "cpu": 0.92}  # part of the free memory; the allocator cannot use all of it
GPU_RESERVE_GIB = 0.25  # the least left to the allocator on a GPU: with 0.22 a run failed


@dataclass(frozen=True)
class Plan:
    """How a training run fits the memory."""

    pack_tokens: int
    checkpointing: bool
    offload: bool  # the input embeddings are kept in main memory
    estimate_gib: float
    free_gib: float


def estimate_gib(
    shape: Shape,
    hardware: Hardware,
    lora: LoraConfig,
    quantization: QloraConfig | None,
    pack: int,
    checkpointing: bool,
    weight_shards: int = 1,
    fused: bool = False,
    offload: bool = False,
    unshared_per_computed: float = 1.0,
) -> float:
    """Peak memory of a training step in GiB: weights, adapter with its Adam state, activations, logits.

    Of weights in several `weight_shards` a process holds one, and two layers and the embeddings gathered. `fused`
    means that Liger's kernels are used, `offload` that the input embeddings stay in main memory. Keys and values are
    kept of `unshared_per_computed` tokens for each that is computed.
    """
    width = _dtype_bytes(hardware)
    weights = _weight_bytes(shape, width, quantization) - offload * width * shape.vocabulary * shape.hidden
    if weight_shards > 1:
        gathered = 2 * shape.linear_weights / shape.layers + shape.embedding_weights
        weights = weights / weight_shards + gathered * width
    adapter = 16 * _adapter_parameters(shape, lora)  # bytes each: weight, gradient, two moments
    layer = (
        _layer_bytes(shape, lora, width, fused) + width * 2 * shape.kv_hidden * (unshared_per_computed - 1)
    ) * pack
    backward = width * (2 * shape.intermediate + shape.hidden) * pack
    if quantization is not None:
        backward += width * shape.hidden * shape.intermediate  # one matrix at a time, dequantised
    logits = (8 + width) * min(pack, LOGIT_CHUNK) * shape.vocabulary
    if checkpointing:  # logits are freed before the first layer is recomputed
        activations = width * shape.hidden * pack * shape.layers + max(logits, layer + backward)
    else:
        activations = layer * shape.layers + max(logits, backward)
    return (weights + adapter + activations + _overhead(hardware)) / GIB


def loading_gib(shape: Shape, hardware: Hardware, quantization: QloraConfig | None) -> float:
    """Peak memory of loading: all weights, the input embeddings too, and the matrix that is being quantised."""
    width = _dtype_bytes(hardware)
    full = width * shape.hidden * shape.intermediate if quantization is not None else 0
    return (_weight_bytes(shape, width, quantization) + full + _overhead(hardware)) / GIB


def _dtype_bytes(hardware: Hardware) -> int:
    return 4 if hardware.dtype == torch.float32 else 2


def _overhead(hardware: Hardware) -> float:
    return 0.6 * GIB if hardware.device == "cpu" else 0.05 * GIB  # Python and torch; cuBLAS' workspace


def _weight_bytes(shape: Shape, width: int, quantization: QloraConfig | None) -> float:
    return shape.linear_weights * _bytes_per_weight(width, quantization) + shape.embedding_weights * width


def _bytes_per_weight(width: int, quantization: QloraConfig | None) -> float:
    if quantization is None:
        return width
    constants = 0.016 if quantization.use_double_quant else 0.0625  # a scale for every 64 weights
    return quantization.bits / 8 + constants


def _adapts_mlp(lora: LoraConfig) -> bool:
    if isinstance(lora.target_modules, str):
        return lora.target_modules == "all-linear"
    return any(part in name for name in lora.target_modules for part in ("gate", "up", "down", "fc", "mlp"))


def _adapter_parameters(shape: Shape, lora: LoraConfig) -> int:
    attention = 6 * shape.hidden + 2 * shape.kv_hidden
    mlp = (3 if shape.gated else 2) * (shape.hidden + shape.intermediate) if _adapts_mlp(lora) else 0
    return lora.r * shape.layers * (attention + mlp)


def _layer_bytes(shape: Shape, lora: LoraConfig, width: int, fused: bool) -> float:
    """Bytes a layer keeps per token for its backward pass: a frozen product keeps nothing, an adapted one its input."""
    hidden, inner = shape.hidden, shape.intermediate
    # both norms' inputs, one norm's output, queries, attention output; keys, values
    kept = 5 * hidden + 2 * shape.kv_hidden
    kept += (2 if fused else 3) * inner if shape.gated else inner
    dropout_masks = 4 * hidden  # a byte for each input of the adapted products
    if _adapts_mlp(lora):
        kept += hidden + inner
        dropout_masks += (2 if shape.gated else 1) * hidden + inner
    unfused_norms = 2.1 * hidden if shape.gated and not fused else 0.0  # measured, 7B Llama
    if not shape.gated:
        # fitted to one run of StarCoder's shape: norms in float32, dropout's masks, keys and values repeated
        unfused_norms = 8.8 * hidden
    return width * (kept + unfused_norms) + (dropout_masks if lora.lora_dropout > 0 else 0)


def plan(
    config: PretrainedConfig,
    hardware: Hardware,
    lora: LoraConfig,
    quantization: QloraConfig | None,
    training: TrainingConfig,
    step_tokens: int,
    weight_shards: int = 1,
    fused: bool = False,
    offload: tuple[bool, ...] = (False,),
    masked: bool = False,
    unshared_per_computed: float = 1.0,
) -> Plan:
    """The fastest plan that fits the memory; what the user set is kept.

    `step_tokens` is the size of the largest optimizer step: no pack is larger. `fused` kernels keep less. `offload`
    lists where the input embeddings may be (False: on the GPU, True: in main memory), a later one for when nothing
    else fits. `masked` attention needs smaller packs. `weight_shards` and `unshared_per_computed` are as in
    `estimate_gib`. Raises UserError where not even the smallest plan fits.
    """
    shape = shape_of(config)
    free = training.memory_budget_gib or hardware.free_gib

    estimate = partial(
        estimate_gib,
        shape,
        hardware,
        lora,
        quantization,
        weight_shards=weight_shards,
        fused=fused,
        unshared_per_computed=unshared_per_computed,
    )

    def needed(candidate: tuple[int, bool, bool]) -> float:
        pack, checkpointing, offloaded = candidate
        step = estimate(min(pack, step_tokens), checkpointing, offload=offloaded)
        return max(step, loading_gib(shape, hardware, quantization)) if offloaded else step

    candidates = [
        (*each, offloaded) for offloaded in offload for each in _candidates(hardware, training, masked)
    ]
    usable = free * USABLE[hardware.device]
    if hardware.device == "cuda":
        usable = min(usable, free - GPU_RESERVE_GIB)
    for candidate in candidates:
        if needed(candidate) <= usable:
            return Plan(*candidate, needed(candidate), free)
    smallest = min(candidates, key=needed)
    if needed(smallest) <= free:
        return Plan(*smallest, needed(smallest), free)
    raise UserError(
        f"training needs about {needed(smallest):.1f} GiB and {free:.1f} GiB are "
        f"{'allowed by training.memory_budget_gib' if training.memory_budget_gib else 'free'} on the "
        f"{hardware.device}: {_advice(shape, hardware, quantization, training)}"
    )


def _candidates(hardware: Hardware, training: TrainingConfig, masked: bool) -> list[tuple[int, bool]]:
    """Pack sizes with or without recomputation, the fastest first, within what the user set."""
    sizes = PACK_TOKENS[hardware.device]
    if masked:
        sizes = tuple(size for size in sizes if size <= MASKED_PACK_TOKENS[hardware.device])
    if training.pack_tokens:
        sizes = (training.pack_tokens,)
    large = [size for size in sizes if size >= LARGE_PACK]
    small = [size for size in sizes if size < LARGE_PACK]
    setting = training.gradient_checkpointing
    return [
        (size, checkpointing)
        for group in (large, small)
        for checkpointing in (False, True)
        if setting in ("auto", checkpointing)
        for size in group
    ]


def _advice(
    shape: Shape, hardware: Hardware, quantization: QloraConfig | None, training: TrainingConfig
) -> str:
    if training.gradient_checkpointing is False:
        return "set training.gradient_checkpointing=auto"
    if training.pack_tokens > PACK_TOKENS[hardware.device][-1]:
        return "set training.pack_tokens=0"
    if training.offload is False and hardware.device == "cuda" and not shape.tied:
        return "set training.offload=auto"
    return "use train_qlora.py" if quantization is None else "use a smaller base model"
