"""How the sum of samples' statistics becomes the value of a metric."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Combine = Callable[[Array], Array]  # sums of statistics (..., k) -> values (...), 0-100

NGRAM_ORDER = 4
CHRF_BETA = 2


def combine_mean(sums: Array) -> Array:
    """(..., 2), a sum and a count -> (...); 0 where nothing counts."""
    return _ratio(sums[..., 0], sums[..., 1], sums[..., 1] > 0)


def combine_bleu(sums: Array) -> Array:
    """Corpus BLEU with exponential smoothing, as sacrebleu: (..., 10) -> (...)."""
    return _bleu_value(sums, effective_order=False)


def combine_sentence_bleu(sums: Array) -> Array:
    """BLEU up to the longest n-gram the prediction has, for one sample: (..., 10) -> (...)."""
    return _bleu_value(sums, effective_order=True)


def combine_chrf(sums: Array) -> Array:
    """chrF2 as sacrebleu: (..., 18) -> (...)."""
    predicted, reference, matched = (sums[..., offset::3] for offset in range(3))  # (..., 6)
    counted = (predicted > 0) & (reference > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = _ratio(matched, predicted, counted).sum(axis=-1) / orders
    recall = _ratio(matched, reference, counted).sum(axis=-1) / orders
    weight = CHRF_BETA**2
    denominator = weight * precision + recall
    numerator = (1 + weight) * precision * recall
    return 100 * _ratio(numerator, denominator, denominator > 0)


def _bleu_value(sums: Array, effective_order: bool) -> Array:
    predicted, reference = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + NGRAM_ORDER], sums[..., 2 + NGRAM_ORDER :]
    present = totals > 0
    unmatched = present & (matches == 0)
    smoothed = _ratio(np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), matches), totals, present)
    logs = np.log(smoothed, out=np.zeros_like(smoothed), where=present).sum(axis=-1)
    orders = present.sum(axis=-1)
    complete = (orders > 0) if effective_order else (orders == NGRAM_ORDER)
    brevity = np.minimum(0.0, 1 - reference / np.where(predicted > 0, predicted, 1))
    value = 100 * np.exp(brevity + logs / np.maximum(orders, 1))
    return np.where(complete & (matches.sum(axis=-1) > 0), value, 0.0)


def _ratio(part: Array, whole: Array, defined: NDArray[np.bool_]) -> Array:
    """part / whole where that is defined, else 0. Means over completions may lie between 0 and 1: no floor of 1."""
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=defined)
