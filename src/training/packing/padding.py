"""Pads packs to a fixed shape, so that one CUDA graph serves many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch.nn import functional

from src.data.preprocessing import Encoded
from src.training.packing.packs import Pack, SharedPrefixes, common_prefix_length, sorted_by_prefix

PADDING_SAMPLES = 8  # samples of padding that there is room for, and the fewest tokens of padding
MULTIPLE = 8  # of widths of 16-bit matrices, for which matrix products have their fast kernels


@dataclass(frozen=True)
class Extent:
    """How much of everything a pack holds, or has room for."""

    tokens: int  # that are computed
    unshared_tokens: int  # of all samples, shared prefixes counted in each
    samples: int
    supervised: int
    repeated: int  # computed tokens of shared prefixes
    longest: int  # tokens of the longest sample


def extent(samples: Sequence[Encoded], share: bool) -> Extent:
    """What the pack of `samples` will hold."""
    unshared = sum(map(len, samples))
    common = (
        [0, *(common_prefix_length(*pair) for pair in pairwise(sorted_by_prefix(samples)))] if share else [0]
    )
    return Extent(
        tokens=unshared - sum(common),
        unshared_tokens=unshared,
        samples=len(samples),
        supervised=sum(len(sample) - max(sample.prompt_length, 1) for sample in samples),
        repeated=sum(max(0, later - earlier) for earlier, later in pairwise(common)),
        longest=max(map(len, samples)),
    )


def room_for(packs: Iterable[Extent], tokens: int) -> Extent:
    """Room for each of `packs`, padded to so many computed `tokens`."""
    each = list(packs)
    unshared = max(pack.unshared_tokens + tokens - pack.tokens for pack in each)
    unshared = -(-unshared // MULTIPLE) * MULTIPLE
    longest = max(pack.longest for pack in each)
    return Extent(
        tokens=tokens,
        unshared_tokens=unshared,
        samples=max(pack.samples for pack in each) + unshared // longest + PADDING_SAMPLES,
        supervised=max(pack.supervised for pack in each),
        repeated=max(pack.repeated for pack in each),
        longest=longest,
    )


def padded(pack: Pack, room: Extent) -> Pack | None:
    """`pack` padded to the shape of `room`; None where it does not fit.

    The padding: samples of zeros, no longer than the longest sample, then empty ones up to `room.samples`, and
    targets of -100, which no loss counts, up to `room.supervised`.
    """
    missing, missing_unshared = room.tokens - pack.tokens, room.unshared_tokens - pack.unshared_tokens
    padding_samples = -(-missing_unshared // room.longest)
    empty = room.samples + 1 - len(pack.boundaries) - padding_samples
    unlabelled = room.supervised - len(pack.targets)
    if (
        not padding_samples <= missing <= missing_unshared
        or empty < 0
        or unlabelled < 0
        or pack.longest > room.longest
    ):
        return None
    own = _split_evenly(missing, padding_samples)
    unshared = _split_evenly(missing_unshared, padding_samples)
    shared = None
    if pack.shared is not None:
        shared = _padded_prefixes(pack.shared, pack.tokens, own, unshared, empty, room.repeated)
        if shared is None:
            return None
    positions = [torch.arange(length) for length in own]
    pad = functional.pad
    return Pack(
        input_ids=pad(pack.input_ids, (0, missing)),
        position_ids=torch.cat([pack.position_ids[0], *positions])[None],
        predicting=pad(pack.predicting, (0, unlabelled)),
        targets=pad(pack.targets, (0, unlabelled), value=-100),
        boundaries=_extended(pack.boundaries, own, empty),
        longest=room.longest,
        shared=shared,
    )


def _padded_prefixes(
    shared: SharedPrefixes, tokens: int, own: list[int], unshared: list[int], empty: int, repeated: int
) -> SharedPrefixes | None:
    """Padding samples of `own` computed and `unshared` tokens each: the prefix repeats the first token of padding."""
    missing = repeated - len(shared.repeated)
    if missing < 0:
        return None
    sources, first = [shared.sources], [shared.first]
    start = len(shared.sources)
    for length, unshared_length in zip(own, unshared, strict=True):
        prefix = unshared_length - length
        sources += [torch.full((prefix,), tokens), torch.arange(tokens, tokens + length)]
        first.append(torch.arange(start + prefix, start + unshared_length))
        tokens, start = tokens + length, start + unshared_length
    return SharedPrefixes(
        sources=torch.cat(sources),
        boundaries=_extended(shared.boundaries, unshared, empty),
        first=torch.cat(first),
        repeated=functional.pad(shared.repeated, (0, missing)),
    )


def _split_evenly(total: int, parts: int) -> list[int]:
    """`total` in so many parts that differ by 1 at most, larger ones first."""
    return [total // parts + (number < total % parts) for number in range(parts)]


def _extended(boundaries: torch.Tensor, lengths: list[int], empty: int) -> torch.Tensor:
    ends = list(accumulate(lengths, initial=int(boundaries[-1])))
    return torch.cat([boundaries, torch.tensor(ends[1:] + ends[-1:] * empty, dtype=torch.int32)])
