"""Text metrics of predictions against references, as sufficient statistics per sample."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from src.evaluation.statistics.estimates import Measure
from src.evaluation.statistics.resampling import Array, Combine
from src.languages.tokenizer import tokenize_code
from src.schema import SampleScore

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU, CHRF

METRICS = ("bleu", "bleu_code", "chrf", "codebleu", "execution_success", "functional_accuracy")
NOT_RUN = frozenset({"", "not_run"})
NGRAM_ORDER = 4
CHRF_BETA = 2


def bleu_statistics(prediction: str, reference: str) -> tuple[int, ...]:
    """sacrebleu's ten statistics, tokenizer 13a: two lengths, 4 matches, 4 totals.

    As in a file of one line per sample, which is what the sacrebleu command reads, a newline is a space.
    """
    return _statistics(_bleu("13a"), prediction.replace("\n", " "), reference.replace("\n", " "))


def bleu_code_statistics(prediction: str, reference: str, language: str) -> tuple[int, ...]:
    """The same ten statistics over code tokens, which in Python include indentation and newlines."""
    tokens = (" ".join(tokenize_code(code, language)) for code in (prediction, reference))
    return _statistics(_bleu("none"), *tokens)


def chrf_statistics(prediction: str, reference: str) -> tuple[int, ...]:
    """sacrebleu's 18 chrF2 statistics: of 1- to 6-character n-grams how many predicted, expected, matched."""
    return _statistics(_chrf(), prediction, reference)


def measures(scores: Sequence[SampleScore]) -> dict[str, Measure]:
    """Every metric of METRICS; one row per sample id, sorted by id so that the order of a file does not matter.

    Completions of one sample share its row, their mean: they are not independent, so they are resampled together, and
    a sample weighs the same however many there are.
    """
    rows: dict[str, list[tuple[float, ...]]] = {
        "bleu": [score.bleu for score in scores],
        "bleu_code": [score.bleu_code for score in scores],
        "chrf": [score.chrf for score in scores],
        "codebleu": [_mean_row(score.codebleu) for score in scores],
        "execution_success": [_mean_row(_passed(score.execution)) for score in scores],
        "functional_accuracy": [_mean_row(_passed(score.functional)) for score in scores],
    }
    ids = [score.id for score in scores]
    return {name: _measure(name, ids, rows[name]) for name in METRICS}


def bleu_measure(name: str, ids: Sequence[str], statistics: Sequence[tuple[int, ...]]) -> Measure:
    """BLEU over other texts than the extracted code, such as raw answers."""
    return _measure("bleu", ids, statistics, name)


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


def combine_mean(sums: Array) -> Array:
    """(..., 2), a sum and a count -> (...); 0 where nothing counts."""
    return _ratio(sums[..., 0], sums[..., 1], sums[..., 1] > 0)


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


_COMBINE: dict[str, Combine] = {"bleu": combine_bleu, "bleu_code": combine_bleu, "chrf": combine_chrf}
_COMBINE_ROW: dict[str, Combine] = {"bleu": combine_sentence_bleu, "bleu_code": combine_sentence_bleu}
# Of a row of statistics; the row of a mean is its sum and its count.
_WIDTH = {"bleu": 10, "bleu_code": 10, "chrf": 18}
_BINARY = frozenset({"execution_success", "functional_accuracy"})


def _measure(kind: str, ids: Sequence[str], rows: Sequence[tuple[float, ...]], name: str = "") -> Measure:
    names, group = np.unique(np.array(ids, dtype=str), return_inverse=True)
    width = _WIDTH.get(kind, 2)
    each = np.array([row or (0,) * width for row in rows], dtype=float).reshape(-1, width)
    statistics = np.zeros((len(names), width))
    np.add.at(statistics, group, each)
    completions = np.bincount(group, weights=each.any(axis=1), minlength=len(names))  # that count
    statistics /= np.maximum(completions, 1)[:, None]
    return Measure(
        name=name or kind,
        signature=_signature(kind),
        statistics=statistics,
        combine=_COMBINE.get(kind, combine_mean),
        ids=tuple(names.tolist()),
        binary=kind in _BINARY,
        combine_row=_COMBINE_ROW.get(kind),
    )


def _mean_row(value: float | None) -> tuple[float, float]:
    return (0.0, 0.0) if value is None else (value, 1.0)


def _passed(outcome: str) -> float | None:
    return None if outcome in NOT_RUN else 100.0 * (outcome == "passed")


def _statistics(metric: BLEU | CHRF, prediction: str, reference: str) -> tuple[int, ...]:
    return tuple(metric._extract_corpus_statistics([prediction], [[reference]])[0])


@functools.cache
def _bleu(tokenizer: str) -> BLEU:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenizer)


@functools.cache
def _chrf() -> CHRF:
    from sacrebleu.metrics import CHRF

    return CHRF()


@functools.cache
def _signature(kind: str) -> str:
    """As the sacrebleu command prints it; the metrics that are not sacrebleu's in the same form."""
    signatures: dict[str, Callable[[], str]] = {
        "bleu": lambda: _sacrebleu_signature(_bleu("13a")),
        "bleu_code": lambda: _sacrebleu_signature(_bleu("none")).replace("tok:none", "tok:code.1"),
        "chrf": lambda: _sacrebleu_signature(_chrf()),
        "codebleu": lambda: f"parts:4|fixed:1|version:{importlib.metadata.version('codebleu')}",
        "execution_success": lambda: "passed:exit0|of:runnable",
        "functional_accuracy": lambda: "passed:tests-or-differential|of:verdicts",
    }
    return signatures[kind]()


def _sacrebleu_signature(metric: BLEU | CHRF) -> str:
    metric.corpus_score(["x"], [["x"]])
    return str(metric.get_signature())
