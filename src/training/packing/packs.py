"""Packs of samples: concatenated token sequences in which attention stays inside each sample.

Samples with the same first tokens, as those of one template have, can share that prefix: the output at a token
depends on the tokens before it alone, so a shared prefix is computed once per pack (arXiv 2506.05433).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from src.data.preprocessing import Encoded


@dataclass(frozen=True)
class SharedPrefixes:
    """How the k unshared tokens (all samples laid end to end) come from the t computed tokens of a pack."""

    sources: torch.Tensor  # (k,), the computed token of each unshared one
    boundaries: torch.Tensor  # (d + 1,) int32, where samples start among the k and the last one ends
    first: torch.Tensor  # (t,), the first unshared token of each computed one
    repeated: torch.Tensor  # (m,), computed tokens, among them all that occur more than once


@dataclass(frozen=True)
class Pack:
    """Samples laid end to end. Shapes: t tokens, s supervised tokens, d samples.

    Where prefixes are shared, a sample's part of the t are the tokens that no sample before it has.
    """

    input_ids: torch.Tensor  # (1, t)
    position_ids: torch.Tensor  # (1, t), from 0 in each sample
    predicting: torch.Tensor  # (s,), positions whose next token is supervised
    targets: torch.Tensor  # (s,), those next tokens
    boundaries: torch.Tensor  # (d + 1,) int32, where samples' parts start and the last one ends
    longest: int  # tokens of the longest sample
    shared: SharedPrefixes | None = None

    @property
    def tokens(self) -> int:
        return self.input_ids.shape[1]

    @property
    def unshared_tokens(self) -> int:
        """Tokens of all samples, shared prefixes counted in each."""
        return self.tokens if self.shared is None else len(self.shared.sources)

    def to(self, device: str | torch.device) -> Pack:
        if torch.device(device).type == self.input_ids.device.type:
            return self
        pin = torch.device(device).type == "cuda"
        ids, positions, predicting, targets, boundaries, *shared = (
            (tensor.pin_memory() if pin else tensor).to(device, non_blocking=pin) for tensor in self.tensors()
        )
        prefixes = SharedPrefixes(*shared) if shared else None
        return Pack(ids, positions, predicting, targets, boundaries, self.longest, prefixes)

    def tensors(self) -> tuple[torch.Tensor, ...]:
        own = self.input_ids, self.position_ids, self.predicting, self.targets, self.boundaries
        more = self.shared
        return own if more is None else (*own, more.sources, more.boundaries, more.first, more.repeated)


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Best-fit-decreasing bin packing: indices into `lengths`, each bin's sum at most `capacity`.

    A sample longer than `capacity` gets a bin of its own. O(n log n). Equal input gives equal output.
    """
    bins: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (free tokens, bin), sorted
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        place = bisect.bisect_left(room, (lengths[index], -1))
        if place == len(room):
            bins.append([index])
            free, number = capacity - lengths[index], len(bins) - 1
        else:
            free, number = room.pop(place)
            bins[number].append(index)
            free -= lengths[index]
        if free > 0:
            bisect.insort(room, (free, number))
    return bins


def arrange(samples: Sequence[Encoded], capacity: int, share: bool) -> list[list[Encoded]]:
    """`samples` in packs of at most `capacity` computed tokens: by best fit, or sorted where prefixes are shared.

    Sorting brings the samples with the longest common prefixes together; a pack takes them as long as they fit.
    """
    if not share:
        bins = best_fit([len(sample) for sample in samples], capacity)
        return [[samples[index] for index in members] for members in bins]
    packs: list[list[Encoded]] = []
    size = 0
    for sample in sorted_by_prefix(samples):
        own = len(sample) - (common_prefix_length(packs[-1][-1], sample) if packs else 0)
        if packs and size + own <= capacity:
            packs[-1].append(sample)
            size += own
        else:
            packs.append([sample])
            size = len(sample)
    return packs


def sorted_by_prefix(samples: Sequence[Encoded]) -> list[Encoded]:
    """In the order of their tokens, in which samples with the longest common prefixes follow each other."""
    return sorted(samples, key=lambda sample: sample.input_ids)


def common_prefix_length(one: Encoded, other: Encoded) -> int:
    """Tokens of the prefix that two samples have in common; the last token of each is never shared."""
    most = min(len(one), len(other)) - 1
    return next((place for place in range(most) if one.input_ids[place] != other.input_ids[place]), most)


def make_pack(samples: Sequence[Encoded], share: bool = False) -> Pack:
    """Lay `samples` end to end. Every sample has at least one supervised token and a prompt of one or more.

    With `share` they are sorted by their tokens, and the prefix that one has in common with the one before is left out.
    """
    ids: list[int] = []
    positions: list[int] = []
    predicting: list[int] = []
    targets: list[int] = []
    sources: list[int] = []
    first: list[int] = []
    boundaries, unshared_boundaries = [0], [0]
    places: list[int] = []  # of the last sample's tokens among `ids`
    before: Encoded | None = None
    for sample in sorted_by_prefix(samples) if share else samples:
        prefix = common_prefix_length(before, sample) if share and before is not None else 0
        places = [*places[:prefix], *range(len(ids), len(ids) + len(sample) - prefix)]
        start = max(sample.prompt_length, 1)
        ids += sample.input_ids[prefix:]
        positions += range(prefix, len(sample))
        predicting += places[start - 1 : -1]
        targets += sample.input_ids[start:]
        first += range(len(sources) + prefix, len(sources) + len(sample))
        sources += places
        boundaries.append(len(ids))
        unshared_boundaries.append(len(sources))
        before = sample
    return Pack(
        input_ids=torch.tensor([ids]),
        position_ids=torch.tensor([positions]),
        predicting=torch.tensor(predicting),
        targets=torch.tensor(targets),
        boundaries=torch.tensor(boundaries, dtype=torch.int32),
        longest=max(len(sample) for sample in samples),
        shared=_shared_prefixes(sources, unshared_boundaries, first) if share else None,
    )


def _shared_prefixes(sources: list[int], boundaries: list[int], first: list[int]) -> SharedPrefixes:
    computed = torch.tensor(sources)
    return SharedPrefixes(
        sources=computed,
        boundaries=torch.tensor(boundaries, dtype=torch.int32),
        first=torch.tensor(first),
        repeated=(torch.bincount(computed) > 1).nonzero()[:, 0],
    )
