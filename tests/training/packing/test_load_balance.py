"""Every sample is in the shard of one rank, evenly, and the same way each time."""

from __future__ import annotations

import random

import pytest

from src.data.preprocessing import Encoded
from src.training.packing.load_balance import extents, own_packs, shard_extents, shard_indices


def _lengths(count: int, seed: int = 0) -> list[int]:
    """Long-tailed, as answers are: from 20 to 1,024 tokens."""
    draw = random.Random(seed)
    return [min(1024, 20 + int(draw.lognormvariate(4.6, 0.8))) for _ in range(count)]


def _samples(count: int) -> list[Encoded]:
    """Samples whose prefix is one of two templates."""
    draw = random.Random(count)
    return [
        Encoded(str(number), [number % 2] * 15 + [draw.randrange(400) for _ in range(length - 15)], 16)
        for number, length in enumerate(_lengths(count, count))
    ]


def _loads(lengths: list[int], ranks: int) -> list[int]:
    """Tokens of each rank."""
    return [sum(lengths[index] for index in shard) for shard in shard_indices(lengths, ranks)]


@pytest.mark.parametrize("count", [1, 2, 7, 32, 300])
@pytest.mark.parametrize("ranks", [1, 2, 3, 8, 64])
def test_every_sample_is_in_one_shard(count: int, ranks: int) -> None:
    found = shard_indices(_lengths(count), ranks)
    assert len(found) == ranks
    assert sorted(index for shard in found for index in shard) == list(range(count))
    assert all(found) == (count >= ranks)


@pytest.mark.parametrize(
    ("lengths", "ranks", "loads"),
    [
        ([5, 5], 2, [5, 5]),
        ([7, 6, 5, 4], 2, [11, 11]),
        ([9, 3, 3, 3], 2, [9, 9]),
        ([5, 5, 4, 4, 3, 3, 3], 3, [11, 8, 8]),  # the rule's worst case; the best possible is 9, 9, 9
        ([8], 3, [8, 0, 0]),
    ],
)
def test_loads_worked_by_hand(lengths: list[int], ranks: int, loads: list[int]) -> None:
    assert _loads(lengths, ranks) == loads


@pytest.mark.parametrize("seed", range(20))
def test_no_rank_has_more_than_four_thirds_of_the_best_maximum(seed: int) -> None:
    """The best maximum is at least the mean and at least the longest sample."""
    draw = random.Random(seed)
    lengths = _lengths(draw.randint(8, 200), seed)
    ranks = draw.randint(1, 8)
    fullest = max(_loads(lengths, ranks))
    assert fullest <= 4 / 3 * max(sum(lengths) / ranks, *lengths) + max(lengths) / 3


def test_shards_by_tokens_are_far_more_even_than_shards_in_turn() -> None:
    lengths = _lengths(256)
    even, in_turn = _loads(lengths, 8), [sum(lengths[rank::8]) for rank in range(8)]
    mean = sum(lengths) / 8
    assert max(even) < 1.01 * mean
    assert max(in_turn) > 1.05 * mean


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("ranks", [1, 3])
def test_the_extents_are_those_of_the_packs_computed(ranks: int, share: bool) -> None:
    steps = [_samples(count) for count in (8, 32, 5)]
    for rank in range(ranks):
        packs = [made for step in steps for made, _ in own_packs(step, 1024, rank, ranks, share=share)]
        expected = extents(steps, 1024, rank, ranks, share)
        assert [(each.tokens, each.unshared_tokens, each.supervised) for each in expected] == [
            (made.tokens, made.unshared_tokens, len(made.targets)) for made in packs
        ]
        assert all(made.tokens <= 1024 for made in packs)
    shards = shard_extents(steps, ranks, share)
    assert len(shards) == 3 * ranks
    assert sum(each.unshared_tokens for each in shards) == sum(
        len(sample) for step in steps for sample in step
    )
    assert (sum(each.tokens for each in shards) < sum(each.unshared_tokens for each in shards)) == share


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("ranks", [1, 2, 5])
def test_ranks_compute_every_supervised_token_once(ranks: int, share: bool) -> None:
    samples = _samples(20)
    divided = [own_packs(samples, 1024, rank, ranks, share=share) for rank in range(ranks)]
    targets = sorted(token for packs in divided for made, _ in packs for token in made.targets.tolist())
    assert targets == sorted(token for each in samples for token in each.input_ids[each.prompt_length :])


def test_equal_lengths_are_divided_the_same_way_each_time() -> None:
    lengths = [50] * 33
    first = shard_indices(lengths, 4)
    assert all(shard_indices(lengths, 4) == first for _ in range(5))
    assert _loads(lengths, 4) == [450, 400, 400, 400]
