"""Quality measures of a data set: refusals, outputs without code, mojibake, lengths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from src.languages.language import Pattern
from src.schema import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REFUSAL = Pattern(
    r"(?i)\bas an ai\b|\b(?:language|ai) model\b.{0,40}\b(?:cannot|can't|unable|not able|don't)\b"
    r"|^(?:i'?m |i am )?(?:very )?sorry\b|\b(?:i|we) (?:am|are) (?:unable|not able) to\b"
    r"|^(?:unfortunately,? )?i (?:cannot|can't|can not|could not|couldn't)\b|\b(?:cannot|can't) (?:fulfil|fulfill|assist with)\b",
    "as an ai| model|sorry|unable|not able|cannot|can't|can not|could not|couldn't",
)
MOJIBAKE = re.compile(
    r"[\u00c2\u00c3\u00e2][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
    r"\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]|\u00ef\u00bf\u00bd|\ufffd"
)  # UTF-8 decoded as Latin-1 or Windows-1252, and the replacement character
REFUSAL_CHARS = 300  # a refusal is at the beginning of an output


@dataclass(frozen=True)
class Lengths:
    """A distribution of lengths, in characters or tokens."""

    mean: float
    p50: int
    p90: int
    p99: int
    longest: int


@dataclass(frozen=True)
class TokenLengths:
    """Lengths of prompt + response + end token."""

    tokenizer: str
    max_length: int
    lengths: Lengths
    truncated: int  # samples longer than max_length
    without_response: int  # of these, samples whose prompt alone fills it
    n: int


@dataclass(frozen=True)
class TokenCounter:
    """Counts the tokens of an example with a named tokenizer."""

    name: str
    count: Callable[[Example], tuple[int, int]]  # tokens of the prompt, of the response with its end token


@dataclass(frozen=True)
class Defects:
    """Defects of rows that are kept."""

    refusals: int
    non_code: int  # outputs in which no language was found
    mojibake: int
    refusal_ids: tuple[str, ...]  # the first few of each
    mojibake_ids: tuple[str, ...]


def is_refusal(output: str) -> bool:
    """Whether the output refuses the task."""
    text = output[:REFUSAL_CHARS].strip()
    return REFUSAL(text, text.lower())


def has_mojibake(example: Example) -> bool:
    """Whether a text of the example was decoded with a wrong encoding."""
    texts = (example.instruction, example.input, example.output)
    return any(not text.isascii() and MOJIBAKE.search(text) for text in texts)


def find_defects(examples: Iterable[Example], shown: int = 20) -> Defects:
    """Count refusals, outputs without code, and mojibake."""
    refusals, mojibake, non_code = [], [], 0
    for example in examples:
        if is_refusal(example.output):
            refusals.append(example.id)
        if has_mojibake(example):
            mojibake.append(example.id)
        non_code += not example.language
    return Defects(len(refusals), non_code, len(mojibake), tuple(refusals[:shown]), tuple(mojibake[:shown]))


def measure_lengths(lengths: Sequence[int]) -> Lengths:
    """Mean, percentiles (nearest rank) and maximum; zeros for an empty sequence."""
    if not len(lengths):
        return Lengths(0.0, 0, 0, 0, 0)
    values = np.asarray(lengths)
    p50, p90, p99 = (int(value) for value in np.percentile(values, [50, 90, 99], method="inverted_cdf"))
    return Lengths(round(float(values.mean()), 2), p50, p90, p99, int(values.max()))


def token_counter(tokenizer: PreTrainedTokenizerBase, name: str, template: str) -> TokenCounter:
    """A counter that tokenises as training does: prompt and response separately, the end token with the response."""
    from src.data.preprocessing import answer_ids, prompt_ids

    def count(example: Example) -> tuple[int, int]:
        prompt = prompt_ids(tokenizer, example.instruction, example.input, template)
        return len(prompt), len(answer_ids(tokenizer, example.output, template)) + 1

    return TokenCounter(name, count)


def measure_tokens(examples: Iterable[Example], counter: TokenCounter, max_length: int) -> TokenLengths:
    """Token lengths of `examples`, and how many of them training would truncate or skip."""
    counts = [counter.count(example) for example in examples]
    totals = [prompt + response for prompt, response in counts]
    return TokenLengths(
        tokenizer=counter.name,
        max_length=max_length,
        lengths=measure_lengths(totals),
        truncated=sum(total > max_length for total in totals),
        without_response=sum(prompt >= max_length for prompt, _ in counts),
        n=len(totals),
    )
