"""How much memory training takes, and the pack size and checkpointing that fit the free memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from src.config import LoraConfig, QloraConfig, TrainingConfig
from src.models.architecture import Shape
from src.models.hardware import GIB, Hardware
from src.schema import UserError
from src.training.packing.loss import LOGIT_CHUNK

PACK_TOKENS: dict[str, tuple[int, ...]] = {
    "cpu": (1024, 512, 256),  # 2,048 were no faster
    "mps": (1024, 512, 256),  # as on a CPU: not measured
    "cuda": (16384, 12288, 8192, 7168, 6144, 5120, 4096, 3072, 2048, 1024, 512),
}
# masked attention computes all pairs: its cost is quadratic
MASKED_PACK_TOKENS = {"cuda": 2048, "mps": 512, "cpu": 512}
LARGE_PACK = 2048  # tokens; on a GPU, smaller packs cost more speed than recomputing activations does
# part of the free memory; the allocator cannot use all of it
USABLE = {"cuda": 0.96, "mps": 0.92, "cpu": 0.92}
GPU_RESERVE_GIB = 0.25  # the least left to the allocator on a GPU: with 0.22 a run failed


@dataclass(frozen=True)
class Plan:
    """How a training run fits the memory."""

    pack_tokens: int
    checkpointing: bool
    offload: bool  # the input embeddings are kept in main memory
    estimate_gib: float
    free_gib: float


@dataclass(frozen=True)
class TrainingSetup:
    """What decides the memory of a training, besides the plan."""

    shape: Shape
    hardware: Hardware
    lora: LoraConfig
    quantization: QloraConfig | None
    training: TrainingConfig
    step_tokens: int  # of the largest optimizer step: no pack is larger
    weight_shards: int = 1  # a process holds one, and two layers and the embeddings gathered
    fused: bool = False  # Liger's kernels, which keep less
    masked: bool = False  # attention by masks, which needs smaller packs
    repeated_kv: bool = False  # attention that keeps keys and values once for every head of queries
    offload: tuple[bool, ...] = (False,)  # whether to, in the order of preference
    unshared_per_computed: float = 1.0  # tokens whose keys and values are kept, for each that is computed

    @property
    def width(self) -> int:
        """Bytes of a number."""
        return 4 if self.hardware.dtype == torch.float32 else 2

    @property
    def kv_kept(self) -> int:
        """Width of the keys or values that a layer keeps."""
        return self.shape.hidden if self.repeated_kv else self.shape.kv_hidden


def estimate_gib(setup: TrainingSetup, pack: int, checkpointing: bool, offload: bool = False) -> float:
    """Peak memory of a training step in GiB: weights, adapter with its Adam state, activations, logits."""
    shape, width, shards = setup.shape, setup.width, setup.weight_shards
    weights = _weight_bytes(setup) - offload * width * shape.vocabulary * shape.hidden
    if shards > 1:
        layers = shape.weights.linear + shape.weights.other - shape.embedding_weights
        gathered = 2 * layers / shape.layers + shape.embedding_weights
        weights = weights / shards + gathered * width
    adapter = 16 * _adapter_parameters(shape, setup.lora)  # bytes each: weight, gradient, two moments
    again = width * 2 * setup.kv_kept * (setup.unshared_per_computed - 1)
    layer = (_layer_bytes(setup) + again) * pack
    backward = width * (2 * shape.intermediate + shape.hidden) * pack + _dequantised_bytes(setup)
    logits = (8 + width) * min(pack, LOGIT_CHUNK) * shape.vocabulary
    if checkpointing:  # logits are freed before the first layer is recomputed
        activations = width * shape.hidden * pack * shape.layers + max(logits, layer + backward)
    else:
        activations = layer * shape.layers + max(logits, backward)
    return (weights + adapter + activations + _overhead(setup.hardware)) / GIB


def loading_gib(setup: TrainingSetup) -> float:
    """Peak memory of loading: all weights, the input embeddings too, and the matrix that is being quantised."""
    return (_weight_bytes(setup) + _dequantised_bytes(setup) + _overhead(setup.hardware)) / GIB


def _overhead(hardware: Hardware) -> float:
    return 0.05 * GIB if hardware.device == "cuda" else 0.6 * GIB  # cuBLAS' workspace; Python and torch


def _weight_bytes(setup: TrainingSetup) -> float:
    shape, quantization = setup.shape, setup.quantization
    per_weight: float = setup.width
    if quantization is not None:
        constants = 0.016 if quantization.use_double_quant else 0.0625  # a scale for every 64 weights
        per_weight = quantization.bits / 8 + constants
    return shape.weights.linear * per_weight + shape.weights.other * setup.width


def _dequantised_bytes(setup: TrainingSetup) -> int:
    """One matrix at a time."""
    return 0 if setup.quantization is None else setup.width * setup.shape.hidden * setup.shape.intermediate


def _adapts_mlp(lora: LoraConfig) -> bool:
    if isinstance(lora.target_modules, str):
        return lora.target_modules == "all-linear"
    return any(part in name for name in lora.target_modules for part in ("gate", "up", "down", "fc", "mlp"))


def _adapter_parameters(shape: Shape, lora: LoraConfig) -> int:
    attention = 6 * shape.hidden + 2 * shape.kv_hidden
    mlp = (3 if shape.gated else 2) * (shape.hidden + shape.intermediate) if _adapts_mlp(lora) else 0
    return lora.r * shape.layers * (attention + mlp)


def _layer_bytes(setup: TrainingSetup) -> float:
    """Bytes a layer keeps per token for its backward pass: a frozen product keeps nothing, an adapted one its input."""
    shape, lora, fused = setup.shape, setup.lora, setup.fused
    hidden, inner = shape.hidden, shape.intermediate
    # both norms' inputs, one norm's output, queries, attention output; keys, values
    kept = 5 * hidden + 2 * setup.kv_kept
    kept += (2 if fused else 3) * inner if shape.gated else inner
    dropout_masks = 4 * hidden  # a byte for each input of the adapted products
    if _adapts_mlp(lora):
        kept += hidden + inner
        dropout_masks += (2 if shape.gated else 1) * hidden + inner
    unfused_norms = 2.1 * hidden if shape.gated and not fused else 0.0  # measured, 7B Llama
    if not shape.gated:
        # fitted to one run of StarCoder's shape: norms in float32, dropout's masks, keys and values repeated
        unfused_norms = 8.8 * hidden
    return setup.width * (kept + unfused_norms) + (dropout_masks if lora.lora_dropout > 0 else 0)


def plan(setup: TrainingSetup) -> Plan:
    """The fastest plan that fits the memory; what the user set is kept.

    Raises UserError where not even the smallest plan fits.
    """
    training, device = setup.training, setup.hardware.device
    free = training.memory_budget_gib or setup.hardware.free_gib
    usable = free * USABLE[device]
    if device == "cuda":
        usable = min(usable, free - GPU_RESERVE_GIB)

    def needed(candidate: tuple[int, bool, bool]) -> float:
        pack, checkpointing, offload = candidate
        step = estimate_gib(setup, min(pack, setup.step_tokens), checkpointing, offload)
        return max(step, loading_gib(setup)) if offload else step

    candidates = [(*each, offload) for offload in setup.offload for each in _candidates(setup)]
    chosen = next((each for each in candidates if needed(each) <= usable), min(candidates, key=needed))
    if needed(chosen) <= free:
        return Plan(*chosen, needed(chosen), free)
    raise UserError(
        f"training needs about {needed(chosen):.1f} GiB and {free:.1f} GiB are "
        f"{'allowed by training.memory_budget_gib' if training.memory_budget_gib else 'free'} on the "
        f"{device}: {_advice(setup)}"
    )


def _candidates(setup: TrainingSetup) -> list[tuple[int, bool]]:
    """Pack sizes with or without recomputation, the fastest first, within what the user set."""
    device, setting = setup.hardware.device, setup.training.gradient_checkpointing
    sizes = PACK_TOKENS[device]
    if setup.masked:
        sizes = tuple(size for size in sizes if size <= MASKED_PACK_TOKENS[device])
    if setup.training.pack_tokens:
        sizes = (setup.training.pack_tokens,)
    ways = [way for way in (False, True) if setting in ("auto", way)]
    return sorted(((size, way) for way in ways for size in sizes), key=lambda each: each[0] < LARGE_PACK)


def _advice(setup: TrainingSetup) -> str:
    training, device = setup.training, setup.hardware.device
    if training.gradient_checkpointing is False:
        return "set training.gradient_checkpointing=auto"
    if training.pack_tokens > PACK_TOKENS[device][-1]:
        return "set training.pack_tokens=0"
    if training.offload is False and device == "cuda" and not setup.shape.tied:
        return "set training.offload=auto"
    return "use train_qlora.py" if setup.quantization is None else "use a smaller base model"
