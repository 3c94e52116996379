"""Packs brought to a fixed shape, so that one CUDA graph serves many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch.nn import functional

from src.data.preprocessing import Encoded
from src.training.packing.packs import Pack, SharedPrefixes, common_prefix_length, sorted_by_prefix

PADDING_SAMPLES = 8  # samples that there is room for to fill a pack up, and tokens that they take at least


@dataclass(frozen=True)
class Extent:
    """How much of everything a pack holds, or has room for."""

    tokens: int  # that are computed
    whole: int  # tokens of the samples; more where they share beginnings
    samples: int
    supervised: int
    repeated: int  # computed tokens that samples share
    longest: int  # tokens of the longest sample


def extent(samples: Sequence[Encoded], share: bool) -> Extent:
    """What the pack of `samples` will hold."""
    whole = sum(map(len, samples))
    common = (
        [0, *(common_prefix_length(*pair) for pair in pairwise(sorted_by_prefix(samples)))] if share else [0]
    )
    return Extent(
        tokens=whole - sum(common),
        whole=whole,
        samples=len(samples),
        supervised=sum(len(sample) - max(sample.prompt_length, 1) for sample in samples),
        repeated=sum(max(0, later - earlier) for earlier, later in pairwise(common)),
        longest=max(map(len, samples)),
    )


def room_for(packs: Iterable[Extent], tokens: int) -> Extent:
    """Room for each of `packs`, filled up to so many computed `tokens`."""
    each = list(packs)
    whole = max(pack.whole + tokens - pack.tokens for pack in each)
    longest = max(pack.longest for pack in each)
    return Extent(
        tokens=tokens,
        whole=whole,
        samples=max(pack.samples for pack in each) + whole // longest + PADDING_SAMPLES,
        supervised=max(pack.supervised for pack in each),
        repeated=max(pack.repeated for pack in each),
        longest=longest,
    )


def padded(pack: Pack, room: Extent) -> Pack | None:
    """`pack` with everything that `room` has; None where it does not fit in.

    Samples of zeros, no longer than the longest, fill it up; empty ones follow to make `room.samples`; targets of
    -100, which no loss counts, make `room.supervised`.
    """
    missing, missing_whole = room.tokens - pack.tokens, room.whole - pack.unshared_tokens
    padding_samples = -(-missing_whole // room.longest)
    empty = room.samples + 1 - len(pack.boundaries) - padding_samples
    unlabelled = room.supervised - len(pack.targets)
    if (
        not padding_samples <= missing <= missing_whole
        or empty < 0
        or unlabelled < 0
        or pack.longest > room.longest
    ):
        return None
    own, whole = _divided(missing, padding_samples), _divided(missing_whole, padding_samples)
    shared = None
    if pack.shared is not None:
        shared = _padded_prefixes(pack.shared, pack.tokens, own, whole, empty, room.repeated)
        if shared is None:
            return None
    positions = [torch.arange(length) for length in own]
    pad = functional.pad
    return Pack(
        input_ids=pad(pack.input_ids, (0, missing)),
        position_ids=torch.cat([pack.position_ids[0], *positions])[None],
        predicting=pad(pack.predicting, (0, unlabelled)),
        targets=pad(pack.targets, (0, unlabelled), value=-100),
        boundaries=_further(pack.boundaries, own, empty),
        longest=room.longest,
        shared=shared,
    )


def _padded_prefixes(
    shared: SharedPrefixes, tokens: int, own: list[int], whole: list[int], empty: int, repeated: int
) -> SharedPrefixes | None:
    """The fillers' first tokens are their first own one once more."""
    missing = repeated - len(shared.repeated)
    if missing < 0:
        return None
    sources, first = [shared.sources], [shared.first]
    known = len(shared.sources)
    for length, entire in zip(own, whole, strict=True):
        again = entire - length
        sources += [torch.full((again,), tokens), torch.arange(tokens, tokens + length)]
        first.append(torch.arange(known + again, known + entire))
        tokens, known = tokens + length, known + entire
    return SharedPrefixes(
        sources=torch.cat(sources),
        boundaries=_further(shared.boundaries, whole, empty),
        first=torch.cat(first),
        repeated=functional.pad(shared.repeated, (0, missing)),
    )


def _divided(total: int, parts: int) -> list[int]:
    """`total` in as many parts, none more than one larger than another, larger ones first."""
    return [total // parts + (number < total % parts) for number in range(parts)]


def _further(boundaries: torch.Tensor, lengths: list[int], empty: int) -> torch.Tensor:
    ends = list(accumulate(lengths, initial=int(boundaries[-1])))
    return torch.cat([boundaries, torch.tensor(ends[1:] + ends[-1:] * empty, dtype=torch.int32)])
