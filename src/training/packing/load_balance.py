"""Deals the samples of an optimizer step to the processes of a run, so that all finish together."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from src.data.preprocessing import Encoded
from src.training.packing.packs import Pack, arrange, best_fit, pack
from src.training.packing.padding import Extent, extent

Packs = list[list[int]]  # indices of samples, pack by pack


def deal(lengths: Sequence[int], capacity: int, ranks: int) -> list[Packs]:
    """The packs of each rank: every index of `lengths` once, tokens as even as whole samples allow.

    The longest sample left goes to the rank with the fewest tokens (Graham 1969, "Bounds on multiprocessing timing
    anomalies": at most 4/3 of the best possible maximum); each rank then packs its own by best fit. With as
    many samples as ranks or more, every rank gets one; with fewer, some get no pack. Equal input gives equal output.
    """
    return [_packed(sorted(hand), lengths, capacity) for hand in _hands(lengths, ranks)]


def _hands(lengths: Sequence[int], ranks: int) -> list[list[int]]:
    hands: list[list[int]] = [[] for _ in range(ranks)]
    loads = [(0, rank) for rank in range(ranks)]  # (tokens, rank), a heap
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        tokens, rank = heapq.heappop(loads)
        hands[rank].append(index)
        heapq.heappush(loads, (tokens + lengths[index], rank))
    return hands


def _packed(hand: list[int], lengths: Sequence[int], capacity: int) -> Packs:
    bins = best_fit([lengths[index] for index in hand], capacity)
    return [[hand[place] for place in members] for members in bins]


def own_packs(
    samples: Sequence[Encoded], capacity: int, rank: int, ranks: int, equal: bool = False, share: bool = False
) -> list[tuple[Pack, float]]:
    """The packs that one rank computes, each with its weight in the loss.

    Every rank has one at least: a rank without samples computes the shortest one with weight 0, so that it takes
    part when gradients are summed. `equal` gives all ranks the same number of packs in that way. In a pack samples
    may `share` their beginnings.
    """
    dealt = hands(samples, ranks)
    found = [(pack(members, share), 1.0) for members in arrange(dealt[rank], capacity, share)]
    wanted = max(len(arrange(hand, capacity, share)) for hand in dealt) if equal else 1
    filler = (pack([min(samples, key=len)], share), 0.0)
    return found + [filler] * (wanted - len(found))


def hands(samples: Sequence[Encoded], ranks: int) -> list[list[Encoded]]:
    """The samples of each rank."""
    lengths = [len(sample) for sample in samples]
    return [[samples[index] for index in sorted(hand)] for hand in _hands(lengths, ranks)]


def extents(
    steps: Iterable[Sequence[Encoded]], capacity: int, rank: int, ranks: int, share: bool = False
) -> list[Extent]:
    """What every pack that a rank computes will hold."""
    return [
        extent(members, share)
        for step in steps
        for members in arrange(hands(step, ranks)[rank], capacity, share)
    ]


def whole_hands(steps: Iterable[Sequence[Encoded]], ranks: int, share: bool) -> list[Extent]:
    """What everything that a rank gets in a step would hold as one pack; of all steps and ranks."""
    return [extent(hand, share) for step in steps for hand in hands(step, ranks) if hand]


def tokens_of(packs: Packs, lengths: Sequence[int]) -> int:
    """All tokens of one rank's packs."""
    return sum(lengths[index] for members in packs for index in members)


def imbalance(dealt: Sequence[Packs], lengths: Sequence[int]) -> float:
    """How much longer the fullest rank works than the mean one: 0 is even, 1 is twice as long."""
    loads = [tokens_of(packs, lengths) for packs in dealt]
    return max(loads) * len(loads) / sum(loads) - 1
