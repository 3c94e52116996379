"""Divides examples into train, validation and test so that no near-duplicate straddles them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from src.data.curation.deduplication import near_pairs
from src.data.curation.likeness import alike_pairs
from src.data.curation.shingles import SHORT_ANSWER_TOKENS, Tokens, answer_shingles, shingles, tokenise
from src.schema import Example

# likeness of two answers from which they stay on one side; what lower ones cost is in docs/data.md
ALIKE = 0.9
LARGE_CLUSTER = 20  # rows; a larger cluster goes to train: it would be a test of one task


@dataclass(frozen=True)
class NearDuplicates:
    """Clusters and pairs of near-duplicates among n examples."""

    groups: tuple[tuple[int, ...], ...]  # indices of each cluster, singletons too
    keys: tuple[str, ...]  # of each example: a hash of its prompt, blind to case and spacing
    prompt_pairs: tuple[tuple[int, int], ...]
    output_pairs: tuple[tuple[int, int], ...]
    alike_pairs: tuple[tuple[int, int], ...]  # of outputs, by their characters

    @property
    def clusters(self) -> list[tuple[int, ...]]:
        """Clusters of two or more."""
        return [group for group in self.groups if len(group) > 1]


def find_neighbours(examples: Sequence[Example], threshold: float) -> NearDuplicates:
    """Cluster examples whose instruction + input, or whose outputs, have a Jaccard similarity of `threshold` or more,
    or whose outputs a likeness of characters of ALIKE or more. With a `threshold` of 1 only copies count.
    """
    from scipy.cluster.hierarchy import DisjointSet

    prompts = tokenise(f"{example.instruction}\n{example.input}" for example in examples)
    outputs = tokenise(example.output for example in examples)
    prompt_pairs = near_pairs(shingles(prompts), threshold)
    output_pairs = near_pairs(answer_shingles(outputs), threshold)
    alike = _alike_answers([example.output for example in examples], outputs) if threshold < 1 else []
    clusters = DisjointSet(range(len(examples)))
    for left, right in prompt_pairs + output_pairs + alike:
        clusters.merge(left, right)
    return NearDuplicates(
        groups=tuple(tuple(sorted(group)) for group in clusters.subsets()),
        keys=tuple(hashlib.sha256(prompt.tobytes()).hexdigest() for prompt in prompts.split()),
        prompt_pairs=tuple(prompt_pairs),
        output_pairs=tuple(output_pairs),
        alike_pairs=tuple(alike),
    )


def _alike_answers(outputs: Sequence[str], tokens: Tokens) -> list[tuple[int, int]]:
    """Pairs that link every output to those alike; short ones ("25") only to their copies, and only where these are few.

    An answer that more than LARGE_CLUSTER rows share is a label ("yes").
    """
    copies: dict[str, list[int]] = defaultdict(list)
    for index, output in enumerate(outputs):
        copies[output].append(index)
    long = [rows[0] for rows in copies.values() if tokens.lengths[rows[0]] >= SHORT_ANSWER_TOKENS]
    pairs = [(long[a], long[b]) for a, b in alike_pairs([outputs[index] for index in long], ALIKE)]
    for rows in copies.values():
        if len(rows) <= LARGE_CLUSTER or tokens.lengths[rows[0]] >= SHORT_ANSWER_TOKENS:
            pairs += [(rows[0], other) for other in rows[1:]]
    return pairs


def unit_hash(key: str) -> float:
    """A hash of `key` in [0, 1): the same on every machine, uniform over many keys."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:13], 16) / 16**13


def assign_splits(near: NearDuplicates, validation_fraction: float, test_fraction: float) -> list[str]:
    """The split of each example: a threshold on a hash of its cluster's first key.

    Nothing but the cluster decides, so an added row moves no row outside the cluster it joins, an exact copy of
    a prompt moves none at all, and every language gives the same share in expectation. Shares fixed exactly for
    each language would move rows whenever one is added.
    """
    splits = [""] * len(near.keys)
    for group in near.groups:
        first = min(near.keys[index] for index in group)  # hashed again: a minimum of many is small
        fraction = unit_hash(first)
        split = "train"
        if len(group) <= LARGE_CLUSTER:
            if fraction < test_fraction:
                split = "test"
            elif fraction < test_fraction + validation_fraction:
                split = "validation"
        for index in group:
            splits[index] = split
    return splits


def straddling(near: NearDuplicates, splits: Sequence[str]) -> list[tuple[int, ...]]:
    """Clusters with members in more than one split."""
    return [group for group in near.clusters if len({splits[index] for index in group}) > 1]
