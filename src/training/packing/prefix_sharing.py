"""Whether the samples of a pack share their prefixes, and how much of the work that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PretrainedConfig

from src.config import Config
from src.data.preprocessing import Encoded
from src.training.packing.attention import FALLBACK
from src.training.packing.load_balance import shard_extents

_OTHER_HEADS = ("summary_", "classifier_")  # dropouts of heads that a language model has not
MIN_SAVED = 0.03  # part of the tokens; for less, keys and values are not gathered (chosen, not measured)


@dataclass(frozen=True)
class PrefixSharing:
    """What a process computes in a step."""

    saved: float  # part of all tokens that is not computed, being in a shared prefix; 0 = nothing is shared
    largest_step: int  # computed tokens, at most

    @property
    def unshared_per_computed(self) -> float:
        """Unshared tokens for each that is computed."""
        return 1 / (1 - self.saved)


def decide_prefix_sharing(
    config: Config, model: PretrainedConfig, attention: str, steps: Sequence[Sequence[Encoded]], ranks: int
) -> PrefixSharing:
    """Decide for a run of these `steps` on so many `ranks`, all of which decide the same."""
    allowed = config.training.share_prefixes and attention != FALLBACK and not _is_stochastic(config, model)
    shards = shard_extents(steps, ranks, allowed)
    saved = 1 - sum(shard.tokens for shard in shards) / sum(shard.unshared_tokens for shard in shards)
    if saved < MIN_SAVED:
        return PrefixSharing(0.0, max(shard.unshared_tokens for shard in shards))
    return PrefixSharing(saved, max(shard.tokens for shard in shards))


def _is_stochastic(config: Config, model: PretrainedConfig) -> bool:
    """Whether training draws random numbers: then equal prefixes have different outputs in each sample."""
    settings = model.get_text_config().to_dict().items()
    dropouts = [
        value
        for name, value in settings
        if "drop" in name and isinstance(value, float) and not name.startswith(_OTHER_HEADS)
    ]
    return any([config.lora.lora_dropout, config.training.neftune_noise_alpha, *dropouts])
