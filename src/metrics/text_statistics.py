"""Sufficient statistics of a text against its reference, by sacrebleu, and the signatures of what computed them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from src.languages.tokenizer import tokenize_code

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU, CHRF


def bleu_statistics(prediction: str, reference: str, language: str = "") -> tuple[int, ...]:
    """sacrebleu's ten statistics, tokenizer 13a: two lengths, 4 matches, 4 totals.

    As in a file of one line per sample, which is what the sacrebleu command reads, a newline is a space.
    """
    return _statistics(_bleu("13a"), prediction.replace("\n", " "), reference.replace("\n", " "))


def bleu_code_statistics(prediction: str, reference: str, language: str) -> tuple[int, ...]:
    """The same ten statistics over code tokens, which in Python include indentation and newlines."""
    tokens = (" ".join(tokenize_code(code, language)) for code in (prediction, reference))
    return _statistics(_bleu("none"), *tokens)


def chrf_statistics(prediction: str, reference: str, language: str = "") -> tuple[int, ...]:
    """sacrebleu's 18 chrF2 statistics: of 1- to 6-character n-grams how many predicted, expected, matched."""
    return _statistics(_chrf(), prediction, reference)


def bleu_signature() -> str:
    """As the sacrebleu command prints it."""
    return _signature(_bleu("13a"))


def bleu_code_signature() -> str:
    return _signature(_bleu("none")).replace("tok:none", "tok:code.1")


def chrf_signature() -> str:
    return _signature(_chrf())


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
def _signature(metric: BLEU | CHRF) -> str:
    metric.corpus_score(["x"], [["x"]])
    return str(metric.get_signature())
