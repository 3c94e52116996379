"""Divides the samples of an optimizer step among the processes of a run, so that all finish together."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from src.data.preprocessing import Encoded
from src.training.packing.packs import Pack, arrange, make_pack
from src.training.packing.padding import Extent, extent


def shard_indices(lengths: Sequence[int], ranks: int) -> list[list[int]]:
    """The shard of each rank: every index of `lengths` once, tokens as even as undivided samples allow.

    The longest sample left goes to the rank with the fewest tokens (Graham 1969, "Bounds on multiprocessing timing
    anomalies": at most 4/3 of the best possible maximum). With as many samples as ranks or more, every rank gets
    one; with fewer, some get none. Equal input gives equal output.
    """
    found: list[list[int]] = [[] for _ in range(ranks)]
    loads = [(0, rank) for rank in range(ranks)]  # (tokens, rank), a heap
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        tokens, rank = heapq.heappop(loads)
        found[rank].append(index)
        heapq.heappush(loads, (tokens + lengths[index], rank))
    return [sorted(shard) for shard in found]


def shards(samples: Sequence[Encoded], ranks: int) -> list[list[Encoded]]:
    """The samples of each rank."""
    lengths = [len(sample) for sample in samples]
    return [[samples[index] for index in shard] for shard in shard_indices(lengths, ranks)]


def own_packs(
    samples: Sequence[Encoded], capacity: int, rank: int, ranks: int, equal: bool = False, share: bool = False
) -> list[tuple[Pack, float]]:
    """The packs that one rank computes, each with its weight in the loss.

    Every rank has one at least: a rank without samples computes the shortest one with weight 0, so that it takes
    part when gradients are summed. `equal` gives all ranks the same number of packs in that way. In a pack samples
    may `share` their prefixes.
    """
    found = shards(samples, ranks)
    packs = [(make_pack(members, share), 1.0) for members in arrange(found[rank], capacity, share)]
    wanted = max(len(arrange(shard, capacity, share)) for shard in found) if equal else 1
    idle = (make_pack([min(samples, key=len)], share), 0.0)
    return packs + [idle] * (wanted - len(packs))


def extents(
    steps: Iterable[Sequence[Encoded]], capacity: int, rank: int, ranks: int, share: bool = False
) -> list[Extent]:
    """What every pack that a rank computes will hold."""
    return [
        extent(members, share)
        for step in steps
        for members in arrange(shards(step, ranks)[rank], capacity, share)
    ]


def shard_extents(steps: Iterable[Sequence[Encoded]], ranks: int, share: bool) -> list[Extent]:
    """What every shard would hold as one pack; of all steps and ranks."""
    return [extent(shard, share) for step in steps for shard in shards(step, ranks) if shard]
