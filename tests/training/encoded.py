"""Encoded samples for the tests of training: of the tiny data set, of random tokens, or with shared prefixes."""

from __future__ import annotations

import torch

from src.data.preprocessing import Encoded, encode_split
from src.schema import Example
from tests import tiny

COMMON = [7, 8, 9, 10, 11, 12, 13]


def tiny_samples(count: int = 7) -> list[Encoded]:
    """The first samples of the tiny data set."""
    examples = [
        Example(str(number), row["instruction"], row["input"], row["output"])
        for number, row in enumerate(tiny.rows(count))
    ]
    return encode_split(tiny.tokenizer(), examples, 256).samples


def random_samples(*lengths: int) -> list[Encoded]:
    """Samples of these lengths, the first half of each a prompt; equal lengths give equal tokens."""
    generator = torch.Generator().manual_seed(sum(lengths))
    return [
        Encoded(str(length), torch.randint(3, 400, (length,), generator=generator).tolist(), length // 2)
        for length in lengths
    ]


def samples_with_shared_prefixes(*lengths: int) -> list[Encoded]:
    """Samples of these lengths whose first five tokens are the same, or seven where the length is odd."""
    return [
        Encoded(each.id, COMMON[: 5 + 2 * (len(each) % 2)] + each.input_ids[7:] + [0, 0], each.prompt_length)
        for each in random_samples(*lengths)
    ]
