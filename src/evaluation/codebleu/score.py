"""CodeBLEU of one sample (Ren et al. 2020, arXiv 2009.10297), without what misleads in the codebleu package's."""

from __future__ import annotations

from dataclasses import dataclass

from src.evaluation.codebleu.data_flow import data_flow_match
from src.evaluation.codebleu.ngram_match import (
    ORDER,
    ngram_match,
    package_weighted_match,
    weighted_ngram_match,
)
from src.evaluation.codebleu.program import Program, read_program, syntax_match
from src.languages.registry import LANGUAGES

MAX_CHARACTERS = 16_384  # longer predictions are cut here, longer references have no CodeBLEU
VERBOSITY = 2.0  # recall parts shrink once a prediction is this many times as long as its reference

Parts = tuple[float, float, float, float]


@dataclass(frozen=True)
class CodeBleu:
    """CodeBLEU of one sample."""

    value: float  # 0-100
    parts: Parts  # n-gram, weighted n-gram, syntax, data flow, as the codebleu package counts them; 0-1
    # 0-100, as the package combines its parts; None where it is not to be compared
    package_value: float | None


def has_codebleu(language: str) -> bool:
    return language in LANGUAGES and LANGUAGES[language].data_flow is not None


def codebleu_score(prediction: str, reference: str, language: str) -> CodeBleu | None:
    """CodeBLEU of one sample in a language that has it; None where the reference has none: no code in it, or too
    much."""
    if len(reference) > MAX_CHARACTERS:
        return None
    expected = read_program(_encodable(reference), LANGUAGES[language])
    if expected is None or not expected.is_code:
        return None
    found = read_program(_encodable(prediction[:MAX_CHARACTERS]), LANGUAGES[language])
    if found is None:
        return CodeBleu(0.0, (0.0, 0.0, 0.0, 0.0), None)
    syntax, flow = syntax_match(found, expected), data_flow_match(found.flows, expected.flows)
    parts = (
        ngram_match(found.words, expected.words),
        package_weighted_match(found.words, expected.words, expected.keywords),
        syntax,
        flow,
    )
    whole = len(prediction) <= MAX_CHARACTERS
    value = 100 * _combined(found, expected, syntax, flow)
    return CodeBleu(value, parts, package_value(parts) if whole else None)


def package_value(parts: Parts) -> float:
    """The parts as the codebleu package combines them, 0 to 100: where no data flow is found, all of it is."""
    return 25 * (sum(parts[:3]) + (parts[3] or 1))


def _combined(found: Program, expected: Program, syntax: float, flow: float) -> float:
    """Mean of the four parts, fixed where the package's are known to mislead; 0-1."""
    if not found.is_code:
        return 0.0
    order = min(ORDER, len(expected.words))  # all of `x = 1` can be matched
    brevity = min(1.0, VERBOSITY * expected.length / found.length)
    fixed = [
        ngram_match(found.words, expected.words, order),
        brevity * weighted_ngram_match(found.words, expected.words, expected.keywords, order),
        brevity * syntax,
    ]
    if expected.flows:
        fixed.append(brevity * flow)
    return sum(fixed) / len(fixed)


def _encodable(text: str) -> str:
    """A lone surrogate cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")
