"""Whether the samples of a pack share their beginnings, and how much of the work that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PretrainedConfig

from src.config import Config
from src.data.preprocessing import Encoded
from src.training.packing.attention import FALLBACK
from src.training.packing.load_balance import shard_extents

WORTH = 0.03  # part of the tokens; for less, keys and values are not brought to their places (chosen, not measured)


@dataclass(frozen=True)
class PrefixSharing:
    """What a process computes in a step."""

    saved: float  # part of all tokens that is not computed, as another sample begins with the same; 0 = nothing is shared
    largest_step: int  # tokens that are computed, at most

    @property
    def spread(self) -> float:
        """Tokens of samples for each that is computed."""
        return 1 / (1 - self.saved)


def sharing(
    config: Config, model: PretrainedConfig, attention: str, steps: Sequence[Sequence[Encoded]], ranks: int
) -> PrefixSharing:
    """Decide it for a run of these `steps` on so many `ranks`, all of which decide the same."""
    may = config.training.share_prefixes and attention != FALLBACK and not _draws(config, model)
    shards = shard_extents(steps, ranks, may)
    saved = 1 - sum(shard.tokens for shard in shards) / sum(shard.whole for shard in shards)
    if saved < WORTH:
        return PrefixSharing(0.0, max(shard.whole for shard in shards))
    return PrefixSharing(saved, max(shard.tokens for shard in shards))


def _draws(config: Config, model: PretrainedConfig) -> bool:
    """Whether training draws random numbers: then no two samples have the same beginning."""
    named = model.get_text_config().to_dict().items()
    dropouts = [value for name, value in named if "drop" in name and isinstance(value, float)]
    return any([config.lora.lora_dropout, config.training.neftune_noise_alpha, *dropouts])
