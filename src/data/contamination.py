"""Finds training rows that overlap what the model is later tested on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.data.duplicates import (
    PERMUTATIONS,
    WORD,
    Tokens,
    answer_shingles,
    bands,
    jaccard,
    ngrams,
    shingles,
    sketches,
)
from src.schema import Example

PROMPT_WORDS = 13  # of GPT-3's test (arXiv 2005.14165, appendix C)
CODE_TOKENS = 20
COMMON_ROWS = (
    10  # a run in more training rows than this is boilerplate (GPT-3's rule); whole copies are found below
)


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
    """Overlaps of `train` with each protected set: shared runs of 13 words of a prompt or of 20 tokens of a
    solution, and prompts or solutions with a Jaccard similarity of `threshold` or more. At most one of each kind
    for a pair. A prefix (HumanEval's signature and docstring) counts as prompt and as start of the solution.
    """
    words, tokens = Tokens(WORD), Tokens()
    asked, answered = [_prompt(example) for example in train], [example.output for example in train]
    found: set[Overlap] = set()
    for name, examples in protected.items():
        prompts = [_prompt(example) for example in examples]
        solutions = [example.prefix + example.output for example in examples]
        pairs = {
            "prompt n-gram": [
                *_shared_runs(map(words, asked), map(words, prompts), PROMPT_WORDS),
                *_shared_runs(map(words, answered), map(words, prompts), PROMPT_WORDS),
            ],
            "solution n-gram": _shared_runs(map(tokens, answered), map(tokens, solutions), CODE_TOKENS),
            "near prompt": _near(
                [shingles(tokens(text)) for text in asked],
                [shingles(tokens(text)) for text in prompts],
                threshold,
            ),
            "near solution": _near(
                [answer_shingles(tokens(text)) for text in answered],
                [answer_shingles(tokens(text)) for text in solutions],
                threshold,
            ),
        }
        for kind, matches in pairs.items():
            found |= {Overlap(train[ours].id, name, examples[theirs].id, kind) for ours, theirs in matches}
    return sorted(found, key=lambda item: (item.against, item.other_id, item.train_id, item.kind))


def _prompt(example: Example) -> str:
    return f"{example.instruction}\n{example.input}\n{example.prefix}"


def _shared_runs(
    ours: Iterable[np.ndarray], theirs: Iterable[np.ndarray], n: int
) -> Iterator[tuple[int, int]]:
    """Pairs that share a run of n tokens which at most COMMON_ROWS of `ours` hold."""
    owners: dict[int, set[int]] = defaultdict(set)
    for index, tokens in enumerate(theirs):
        for gram in ngrams(tokens, n).tolist():
            owners[gram].add(index)
    holders: dict[int, list[int]] = defaultdict(list)
    for index, tokens in enumerate(ours):
        for gram in owners.keys() & ngrams(tokens, n).tolist():
            holders[gram].append(index)
    for gram, rows in holders.items():
        if len(rows) <= COMMON_ROWS:
            yield from ((row, other) for row in rows for other in owners[gram])


def _near(
    ours: Sequence[frozenset[int]], theirs: Sequence[frozenset[int]], threshold: float
) -> Iterator[tuple[int, int]]:
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold))
    for number, sketch in enumerate(sketches(theirs)):
        if theirs[number]:
            index.insert(number, sketch)
    for number, sketch in enumerate(sketches(ours)):
        for other in index.query(sketch):
            if jaccard(ours[number], theirs[other]) >= threshold:
                yield number, other
