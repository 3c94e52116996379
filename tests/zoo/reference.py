"""What stock transformers and peft compute: one unpadded sample at a time, with the model's own attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn import functional
from transformers import AutoModelForCausalLM, PreTrainedModel

from src.data.preprocessing import Encoded

SCALE = 0.05  # of B, which begins as zeros and would hide the gradient of A


@dataclass(frozen=True)
class Computed:
    """The mean loss of the supervised tokens, and the gradients of A and B by the names of the parameters."""

    loss: float
    gradients: dict[str, torch.Tensor]

    def error_of(self, other: Computed) -> float:
        """How far `other` is off: the larger of loss and gradients (norm of all), relative; infinite where some lack."""
        if self.gradients.keys() != other.gradients.keys():
            return float("inf")
        loss = abs(other.loss - self.loss) / max(abs(self.loss), 1e-12)
        off = sum(
            float((other.gradients[name] - item).square().sum()) for name, item in self.gradients.items()
        )
        size = sum(float(item.square().sum()) for item in self.gradients.values())
        return max(loss, (off / max(size, 1e-24)) ** 0.5)


def stock_model(folder: Path, **options: Any) -> PreTrainedModel:
    """As any script would load it: no attention is chosen."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
    return model


def adapt(model: PreTrainedModel, config: LoraConfig) -> PeftModel:
    """With an adapter of peft's own layers, B filled with small numbers."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    adapted: Any = get_peft_model(model, config)
    fill_b(adapted)
    return adapted.train()


def fill_b(model: torch.nn.Module, seed: int = 7) -> None:
    """The same random numbers for parameters of the same name, whatever others there are; A too."""
    for name, parameter in sorted(model.named_parameters()):
        if "lora_" in name:
            generator = torch.Generator().manual_seed(seed + sum(map(ord, name)))
            scale = SCALE if "lora_B" in name else parameter.shape[-1] ** -0.5
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * scale)


def one_by_one(model: torch.nn.Module, samples: Sequence[Encoded]) -> Computed:
    """Loss and gradients from the model's own logits."""
    model.zero_grad(set_to_none=True)
    supervised = sum(sample.supervised for sample in samples)
    total = 0.0
    for sample in samples:
        loss = sample_loss(model, sample) / supervised
        loss.backward()
        total += loss.item()
    return Computed(total, gradients(model))


def sample_loss(model: torch.nn.Module, sample: Encoded) -> torch.Tensor:
    """The summed cross entropy of a sample's response."""
    ids = torch.tensor([sample.input_ids])
    logits = model(input_ids=ids, use_cache=False).logits[0].float()
    start = sample.prompt_length
    return functional.cross_entropy(logits[start - 1 : -1], ids[0, start:], reduction="sum")


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Those of the trained weights, as copies."""
    return {
        name: torch.zeros_like(item) if item.grad is None else item.grad.clone()
        for name, item in model.named_parameters()
        if item.requires_grad
    }


def sees_the_future(model: torch.nn.Module, sample: Encoded) -> bool:
    """Whether a token changes the logits of those before it: then next-token training means nothing."""
    one = torch.tensor([sample.input_ids])
    other = one.clone()
    other[0, -1] = one[0, -1] % 300 + 7
    with torch.no_grad():
        before, after = (model(input_ids=ids, use_cache=False).logits[0, :-1] for ids in (one, other))
    return not torch.allclose(before, after, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def answers(
    model: PreTrainedModel, prompts: Sequence[list[int]], new_tokens: int, end: int
) -> list[list[int]]:
    """Greedy tokens of the plain forward pass, up to and with `end`, one prompt at a time and without a cache."""
    found = []
    for prompt in prompts:
        ids = list(prompt)
        while len(ids) < len(prompt) + new_tokens and (len(ids) == len(prompt) or ids[-1] != end):
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
        found.append(ids[len(prompt) :])
    return found
