"""Whether the samples of a pack share their beginnings, and how much of the work that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PretrainedConfig

from src.config import Config
from src.data.preprocessing import Encoded
from src.training.packing.attention import FALLBACK
from src.training.packing.load_balance import whole_hands

WORTH = 0.03  # part of the tokens; for less, keys and values are not brought to their places (chosen, not measured)


@dataclass(frozen=True)
class Sharing:
    """What a process computes in a step."""

    saved: float  # part of all tokens that is not computed, as another sample begins with the same; 0 = nothing is shared
    largest_step: int  # tokens that are computed, at most

    @property
    def spread(self) -> float:
        """Tokens of samples for each that is computed."""
        return 1 / (1 - self.saved)


def sharing(
    config: Config, model: PretrainedConfig, attention: str, steps: Sequence[Sequence[Encoded]], ranks: int
) -> Sharing:
    """Decide it for a run of these `steps` on so many `ranks`, all of which decide the same."""
    may = config.training.share_prefixes and attention != FALLBACK and not _draws(config, model)
    hands = whole_hands(steps, ranks, may)
    saved = 1 - sum(hand.tokens for hand in hands) / sum(hand.whole for hand in hands)
    if saved < WORTH:
        return Sharing(0.0, max(hand.whole for hand in hands))
    return Sharing(saved, max(hand.tokens for hand in hands))


def _draws(config: Config, model: PretrainedConfig) -> bool:
    """Whether training draws random numbers: then no two samples have the same beginning."""
    named = model.get_text_config().to_dict().items()
    dropouts = [value for name, value in named if "drop" in name and isinstance(value, float)]
    return any([config.lora.lora_dropout, config.training.neftune_noise_alpha, *dropouts])
