"""The special features of a type, and how far the loss moves where one is switched off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import PreTrainedModel

from src.data.preprocessing import Encoded
from tests.zoo import builders, reference
from tests.zoo.families import INERT, OFF, WEIGHTS_OFF


def effects(model_type: str, samples: Sequence[Encoded]) -> dict[str, float]:
    """Features of the type's tiny model -> by how much the mean loss of a sample changes without it, at most."""
    model = builders.build(model_type)
    usual = _losses(model, samples)
    found = {}
    for name, changed in _changes(builders.tiny_config(model_type)):
        if (model_type, name) not in INERT:
            other = builders.build(model_type, **changed)
            other.load_state_dict(model.state_dict())
            found[name] = float((_losses(other, samples) - usual).abs().max())
    for part in WEIGHTS_OFF:
        if any(part in name for name, _ in model.named_parameters()):
            found[part] = float((_losses(_without(model, part), samples) - usual).abs().max())
            model = builders.build(model_type)
    return found


def _changes(config: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Features that the configuration switches on, with the change that switches each off."""
    text = config.get_text_config()
    for name, off in OFF.items():
        value = text.to_dict().get(name)
        if value not in (None, False, off) and _used(name, text):
            yield name, {name: off} if text is config else {"text_config": {name: off}}


def _used(name: str, text: Any) -> bool:
    """Models with both kinds of layers have a window where a layer is of that kind."""
    kinds = getattr(text, "layer_types", None) or ()
    if name == "sliding_window":
        return bool(getattr(text, "use_sliding_window", True)) and (
            not kinds or any("sliding" in kind for kind in kinds)
        )
    return True


@torch.no_grad()
def _without(model: PreTrainedModel, part: str) -> PreTrainedModel:
    for name, tensor in model.named_parameters():
        if part not in name:
            continue
        if "conv" in part:
            tensor[..., :-1] = 0.0  # the last tap is the present
        else:
            tensor.fill_(
                -1e4 if part == "sink" else 8.0
            )  # no share of the attention; a state that is lost at once
    return model


@torch.no_grad()
def _losses(model: PreTrainedModel, samples: Sequence[Encoded]) -> torch.Tensor:
    return torch.stack([reference.sample_loss(model, sample) / sample.supervised for sample in samples])
