"""Finds near-duplicate sets: candidates by MinHash LSH, checked by exact Jaccard similarity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PERMUTATIONS = 128
RECALL = 0.99  # probability that a pair exactly at the threshold becomes a candidate


def jaccard(left: frozenset[int], right: frozenset[int]) -> float:
    """Jaccard similarity: size of the intersection over size of the union; 0 where nothing is shared."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if shared else 0.0


def bands(threshold: float) -> tuple[int, int]:
    """Bands and rows per band of LSH: the most rows that keep RECALL at `threshold`."""
    rows = 1
    while 1 - (1 - threshold ** (rows + 1)) ** (PERMUTATIONS // (rows + 1)) >= RECALL and rows < 16:
        rows += 1
    return PERMUTATIONS // rows, rows


def near_pairs(sets: Sequence[frozenset[int]], threshold: float) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of indices that link every set to those with a similarity of at least `threshold`.

    Pairs already linked through others may be missing: union-find over the result gives the full clusters.
    Empty sets are similar to none.
    """
    pairs: list[tuple[int, int]] = []
    first_of: dict[frozenset[int], int] = {}
    for index, items in enumerate(sets):
        if items and first_of.setdefault(items, index) != index:
            pairs.append((first_of[items], index))
    if threshold >= 1:
        return pairs
    from scipy.cluster.hierarchy import DisjointSet

    distinct = sorted(first_of.values())
    linked = DisjointSet(range(len(sets)))
    for earlier, later in _candidates([sets[index] for index in distinct], threshold):
        left, right = distinct[earlier], distinct[later]
        if not linked.connected(left, right) and jaccard(sets[left], sets[right]) >= threshold:
            linked.merge(left, right)
            pairs.append((left, right))
    return pairs


def near_matches(
    ours: Sequence[frozenset[int]], theirs: Sequence[frozenset[int]], threshold: float
) -> list[tuple[int, int]]:
    """Index pairs (ours, theirs) of sets with a similarity of at least `threshold`. Empty sets are similar to none."""
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold))
    for number, signature in enumerate(_signatures(theirs)):
        if theirs[number]:
            index.insert(number, signature)
    return [
        (number, other)
        for number, signature in enumerate(_signatures(ours))
        for other in index.query(signature)
        if jaccard(ours[number], theirs[other]) >= threshold
    ]


def _candidates(sets: Sequence[frozenset[int]], threshold: float) -> Iterable[tuple[int, int]]:
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold))
    for later, signature in enumerate(_signatures(sets)):
        for earlier in index.query(signature):
            yield earlier, later
        index.insert(later, signature, check_duplication=False)


def _signatures(sets: Iterable[frozenset[int]]) -> Iterable:
    """The MinHash signature of each set, one at a time."""
    from datasketch import MinHash

    folded = ([item & 0xFFFFFFFF for item in items] for items in sets)
    return MinHash.generator(folded, num_perm=PERMUTATIONS, seed=1, hashfunc=int)
