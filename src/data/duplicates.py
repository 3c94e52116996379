"""Finds clusters of texts that are nearly the same (MinHash candidates, exact Jaccard similarity)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np

TOKEN = re.compile(r"\w+|[^\w\s]")  # of code
WORD = re.compile(r"\w+")  # of prose
SHINGLE_TOKENS = 3
SHORT_ANSWER_TOKENS = 6  # two shorter answers ("25") are equal by chance, not by leak
PERMUTATIONS = 128
RECALL = 0.99  # chance that a pair just at the threshold becomes a candidate


class Tokens:
    """Texts as arrays of token hashes: equal tokens, equal numbers, on every machine."""

    def __init__(self, pattern: re.Pattern[str] = TOKEN) -> None:
        self._pattern = pattern
        self._hashes: dict[str, int] = {}

    def __call__(self, text: str) -> np.ndarray:  # (t,) uint64
        words = self._pattern.findall(text.lower())
        known = self._hashes
        for word in words:
            if word not in known:
                known[word] = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        return np.array([known[word] for word in words], dtype=np.uint64)


def ngrams(tokens: np.ndarray, n: int) -> np.ndarray:
    """Hashes of the runs of n tokens, (t - n + 1,) uint64; none where the text is shorter."""
    count = len(tokens) - n + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(n):  # polynomial hash modulo 2^64
        hashes = (hashes + tokens[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return hashes


def shingles(tokens: np.ndarray) -> frozenset[int]:
    """The set of token trigrams that stands for a text; a shorter text is one shingle, an empty one has none."""
    return frozenset(ngrams(tokens, min(SHINGLE_TOKENS, len(tokens)) or 1).tolist())


def answer_shingles(tokens: np.ndarray) -> frozenset[int]:
    """As shingles, but none for an answer that is too short to tell anything."""
    return shingles(tokens) if len(tokens) >= SHORT_ANSWER_TOKENS else frozenset()


def jaccard(left: frozenset[int], right: frozenset[int]) -> float:
    """Shared shingles over all shingles of two texts."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if shared else 0.0


def bands(threshold: float) -> tuple[int, int]:
    """Bands and rows a band for LSH: as many rows as leave RECALL at `threshold`."""
    rows = 1
    while 1 - (1 - threshold ** (rows + 1)) ** (PERMUTATIONS // (rows + 1)) >= RECALL and rows < 16:
        rows += 1
    return PERMUTATIONS // rows, rows


def near_pairs(sets: Sequence[frozenset[int]], threshold: float) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of indices that tie every set to those at least `threshold` similar to it.

    Pairs already tied through others may be left out: union-find over the result gives the full clusters.
    Empty sets are like nothing.
    """
    pairs: list[tuple[int, int]] = []
    first_of: dict[frozenset[int], int] = {}
    for index, items in enumerate(sets):
        if items and first_of.setdefault(items, index) != index:
            pairs.append((first_of[items], index))
    if threshold >= 1:
        return pairs
    distinct = sorted(first_of.values())
    cluster = Clusters(len(sets))
    for earlier, later in _candidates([sets[index] for index in distinct], threshold):
        left, right = distinct[earlier], distinct[later]
        if cluster.find(left) != cluster.find(right) and jaccard(sets[left], sets[right]) >= threshold:
            cluster.join(left, right)
            pairs.append((left, right))
    return pairs


def _candidates(sets: Sequence[frozenset[int]], threshold: float) -> Iterable[tuple[int, int]]:
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold))
    for later, sketch in enumerate(sketches(sets)):
        for earlier in index.query(sketch):
            yield earlier, later
        index.insert(later, sketch, check_duplication=False)


def sketches(sets: Iterable[frozenset[int]]) -> Iterable:
    """A MinHash of each set, made one by one."""
    from datasketch import MinHash

    folded = ([item & 0xFFFFFFFF for item in items] for items in sets)
    return MinHash.generator(folded, num_perm=PERMUTATIONS, seed=1, hashfunc=int)


class Clusters:
    """Union-find over indices."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, index: int) -> int:
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, left: int, right: int) -> None:
        self._parents[self.find(right)] = self.find(left)

    def groups(self) -> list[list[int]]:
        """Members of each cluster, lone ones too."""
        members: dict[int, list[int]] = {}
        for index in range(len(self._parents)):
            members.setdefault(self.find(index), []).append(index)
        return list(members.values())
