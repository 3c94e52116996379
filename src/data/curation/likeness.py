"""Likeness of texts as rapidfuzz counts it: twice the longest common subsequence of characters over both lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BLOCK = 256  # texts compared with all others at once
BINS = 64  # characters counted together by alike_pairs: more bins rule out more pairs


def nearest(ours: Sequence[str], theirs: Sequence[str]) -> list[float]:
    """For each of `ours` the likeness of the most alike of `theirs`, 0-100 rounded down to 2 digits; 0 where there is none.

    Exact: every pair is compared.
    """
    from rapidfuzz import fuzz, process

    others, found = list(dict.fromkeys(theirs)), [0.0] * len(ours)
    for start in range(0, len(ours) if others else 0, BLOCK):
        block = ours[start : start + BLOCK]
        ratios = process.cdist(block, others, scorer=fuzz.ratio, dtype=np.float64, workers=-1)
        found[start : start + BLOCK] = (np.floor(100 * ratios.max(axis=1)) / 100).tolist()
    return found


def alike_pairs(texts: Sequence[str], threshold: float) -> list[tuple[int, int]]:
    """Every pair of indices of different texts with a likeness of at least `threshold`, 0-1.

    A pair so alike differs in few characters, whatever their order: pairs whose counts of characters differ by more
    are ruled out, and the others compared. So none is missed.
    """
    from rapidfuzz import fuzz, process
    from scipy.spatial.distance import cdist

    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    lengths = np.array([len(texts[index]) for index in order])
    counts = np.array([_counts(texts[index]) for index in order]).reshape(-1, BINS)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(order), BLOCK):
        stop = min(start + BLOCK, len(order))
        end = int(np.searchsorted(lengths, lengths[stop - 1] * (2 - threshold) / threshold, "right"))
        allowed = (1 - threshold) * (lengths[start:stop, None] + lengths[None, start:end])
        near = cdist(counts[start:stop], counts[start:end], "cityblock") <= allowed + 1e-6
        left, right = (found.tolist() for found in np.nonzero(np.triu(near, 1)))
        candidates = [(order[start + a], order[start + b]) for a, b in zip(left, right, strict=True)]
        columns = ([texts[pair[side]] for pair in candidates] for side in (0, 1))
        ratios = process.cpdist(*columns, scorer=fuzz.ratio, dtype=np.float64)
        pairs += [
            pair for pair, ratio in zip(candidates, ratios, strict=True) if ratio >= 100 * threshold - 1e-9
        ]
    return pairs


def _counts(text: str) -> np.ndarray:
    """How many characters of the text fall into each bin; (BINS,)."""
    codes = np.fromiter(map(ord, text), np.intp, len(text))
    return np.bincount(codes % BINS, minlength=BINS).astype(np.float64)
