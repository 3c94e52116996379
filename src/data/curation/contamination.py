"""Finds training rows that overlap the test split or a benchmark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.data.curation.deduplication import near_matches
from src.data.curation.shingles import Tokens, answer_shingles, ngrams, shingles, tokenise
from src.schema import Example

# n of GPT-3's n-gram overlap (arXiv 2005.14165, appendix C); a Chinese character counts as one
PROMPT_WORDS = 13
CODE_TOKENS = 20
# an n-gram in more training rows than this is boilerplate (GPT-3's rule); whole copies are found by similarity
COMMON_ROWS = 10


@dataclass(frozen=True)
class Overlap:
    """A training row beside the protected example it overlaps."""

    train_id: str
    against: str  # "test", or the benchmark's name
    other_id: str
    kind: str  # "prompt n-gram" "solution n-gram" "near prompt" "near solution"


def find_overlaps(
    train: Sequence[Example], protected: Mapping[str, Sequence[Example]], threshold: float
) -> list[Overlap]:
    """Overlaps of `train` with each protected set: shared n-grams of 13 words of a prompt or of 20 tokens of a
    solution, and prompts or solutions with a Jaccard similarity of `threshold` or more. At most one of each kind
    per pair. A prefix (HumanEval's signature and docstring) counts as prompt and as start of the solution.
    """
    ours, found = _Features.of(train), set[Overlap]()
    for name, examples in protected.items():
        theirs = _Features.of(examples)
        pairs = {
            "prompt n-gram": [
                *_shared_ngrams(ours.prompt_words, theirs.prompt_words, PROMPT_WORDS),
                *_shared_ngrams(ours.answer_words, theirs.prompt_words, PROMPT_WORDS),
            ],
            "solution n-gram": _shared_ngrams(ours.answer_tokens, theirs.answer_tokens, CODE_TOKENS),
            "near prompt": near_matches(ours.prompt_shingles, theirs.prompt_shingles, threshold),
            "near solution": near_matches(ours.answer_shingles, theirs.answer_shingles, threshold),
        }
        for kind, matches in pairs.items():
            found |= {Overlap(train[row].id, name, examples[other].id, kind) for row, other in matches}
    return sorted(found, key=lambda item: (item.against, item.other_id, item.train_id, item.kind))


@dataclass(frozen=True)
class _Features:
    """Prompts and answers of n examples as they are compared; a prefix belongs to both."""

    prompt_words: Tokens
    answer_words: Tokens
    answer_tokens: Tokens
    prompt_shingles: list[frozenset[int]]
    answer_shingles: list[frozenset[int]]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Features:
        prompts = [f"{example.instruction}\n{example.input}\n{example.prefix}" for example in examples]
        answers = [example.prefix + example.output for example in examples]
        prompt_tokens, answer_tokens = tokenise(prompts), tokenise(answers)
        return cls(
            prompt_words=prompt_tokens.words(),
            answer_words=answer_tokens.words(),
            answer_tokens=answer_tokens,
            prompt_shingles=shingles(prompt_tokens),
            answer_shingles=answer_shingles(answer_tokens),
        )


def _shared_ngrams(ours: Tokens, theirs: Tokens, n: int) -> Iterator[tuple[int, int]]:
    """Pairs that share an n-gram which at most COMMON_ROWS of `ours` contain."""
    grams, texts = ngrams(theirs, n)
    their_rows: dict[int, set[int]] = defaultdict(set)
    for gram, text in zip(grams.tolist(), texts.tolist(), strict=True):
        their_rows[gram].add(text)
    our_grams, our_texts = ngrams(ours, n)
    shared = np.isin(our_grams, grams)
    our_rows: dict[int, set[int]] = defaultdict(set)
    for gram, text in zip(our_grams[shared].tolist(), our_texts[shared].tolist(), strict=True):
        our_rows[gram].add(text)
    for gram, rows in our_rows.items():
        if len(rows) <= COMMON_ROWS:
            yield from ((row, other) for row in rows for other in their_rows[gram])
