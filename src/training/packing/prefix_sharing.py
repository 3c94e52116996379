"""Whether the samples of a pack share their prefixes, and how much of the work that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from src.data.preprocessing import Encoded
from src.training.packing.load_balance import shard_extents

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


def decide_prefix_sharing(allowed: bool, steps: Sequence[Sequence[Encoded]], ranks: int) -> PrefixSharing:
    """Decide for a run of these `steps` on so many `ranks`, all of which decide the same."""
    shards = shard_extents(steps, ranks, allowed)
    saved = 1 - sum(shard.tokens for shard in shards) / sum(shard.unshared_tokens for shard in shards)
    if saved < MIN_SAVED:
        return PrefixSharing(0.0, max(shard.unshared_tokens for shard in shards))
    return PrefixSharing(saved, max(shard.tokens for shard in shards))
