"""How the loss of packs is computed, and the switch of a model from one way to another."""

from __future__ import annotations

from dataclasses import dataclass

from peft import PeftModel

from src.models.architecture import plain_model
from src.models.kernels.fused_lora import fuse_lora_layers, unfuse_lora_layers
from src.models.kernels.liger import Patches
from src.models.loading import supports_sdpa
from src.training.packing.attention import FALLBACK
from src.training.packing.loss import HEAD


@dataclass(frozen=True)
class Computation:
    """One way to compute the loss of samples; all ways should give the same."""

    attention: str  # VARLEN, BY_SAMPLE or FALLBACK
    share: bool = False  # samples of a pack share their prefixes
    packs: bool = True  # several samples per pack
    logits: str = HEAD  # HEAD, TAIL or FORWARD, see loss.py
    fused: bool = True  # fused LoRA layers, and Liger's kernels where they were chosen

    def __str__(self) -> str:
        samples = "packs" if self.packs else "one sample per pack"
        parts = [
            samples + (" with shared prefixes" if self.share else ""),
            "the model's own attention" if self.attention == FALLBACK else "",
            "" if self.logits == HEAD else "logits by the model's own code",
            "" if self.fused else "without fused layers",
        ]
        return ", ".join(part for part in parts if part)


class Switch:
    """Switches an adapted model between ways to compute."""

    def __init__(self, model: PeftModel, liger: Patches | None) -> None:
        self.model = model
        self.liger = liger

    def set(self, computation: Computation) -> None:
        """Let the model compute so: its attention, its LoRA layers, its kernels."""
        base = plain_model(self.model)
        attention = computation.attention
        if attention == FALLBACK:
            attention = "sdpa" if supports_sdpa(type(base)) else "eager"
        if base.config._attn_implementation != attention:
            base.set_attn_implementation(attention)
        if computation.fused:
            fuse_lora_layers(self.model)
        else:
            unfuse_lora_layers(self.model)
        if self.liger is not None:
            self.liger.switch(computation.fused)
