"""Dealing gives every sample to one rank, evenly, and the same way each time."""

from __future__ import annotations

import random

import pytest

from src.data.preprocessing import Encoded
from src.training.packing.load_balance import (
    Packs,
    deal,
    extents,
    imbalance,
    own_packs,
    tokens_of,
    whole_hands,
)
from src.training.packing.packs import best_fit


def _lengths(count: int, seed: int = 0) -> list[int]:
    """Long-tailed, as answers are: from 20 to 1,024 tokens."""
    draw = random.Random(seed)
    return [min(1024, 20 + int(draw.lognormvariate(4.6, 0.8))) for _ in range(count)]


def _samples(count: int) -> list[Encoded]:
    """Samples that begin with one of two templates."""
    draw = random.Random(count)
    return [
        Encoded(str(number), [number % 2] * 15 + [draw.randrange(400) for _ in range(length - 15)], 16)
        for number, length in enumerate(_lengths(count, count))
    ]


def _flat(dealt: list[Packs]) -> list[int]:
    return [index for packs in dealt for members in packs for index in members]


@pytest.mark.parametrize("count", [1, 2, 7, 32, 300])
@pytest.mark.parametrize("ranks", [1, 2, 3, 8, 64])
def test_every_sample_is_dealt_once_in_packs_that_fit(count: int, ranks: int) -> None:
    lengths = _lengths(count)
    dealt = deal(lengths, 1024, ranks)
    assert len(dealt) == ranks
    assert sorted(_flat(dealt)) == list(range(count))
    assert all(sum(lengths[i] for i in members) <= 1024 for packs in dealt for members in packs)
    assert all(dealt) == (count >= ranks)


def test_one_rank_gets_the_packs_of_training_alone() -> None:
    lengths = _lengths(40)
    assert deal(lengths, 1024, 1) == [best_fit(lengths, 1024)]


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
    assert [tokens_of(packs, lengths) for packs in deal(lengths, 1000, ranks)] == loads


@pytest.mark.parametrize("seed", range(20))
def test_no_rank_has_more_than_four_thirds_of_what_is_needed(seed: int) -> None:
    """The best maximum is at least the mean and at least the longest sample."""
    draw = random.Random(seed)
    lengths = _lengths(draw.randint(8, 200), seed)
    ranks = draw.randint(1, 8)
    fullest = max(tokens_of(packs, lengths) for packs in deal(lengths, 4096, ranks))
    assert fullest <= 4 / 3 * max(sum(lengths) / ranks, *lengths) + max(lengths) / 3


def test_dealing_by_tokens_is_far_more_even_than_dealing_in_turn() -> None:
    lengths = _lengths(256)
    in_turn = [[list(range(rank, 256, 8))] for rank in range(8)]
    assert imbalance(deal(lengths, 4096, 8), lengths) < 0.01
    assert imbalance(in_turn, lengths) > 0.05


def test_a_sample_longer_than_a_pack_gets_one_of_its_own() -> None:
    assert deal([300, 10, 10], 100, 2) == [[[0]], [[1, 2]]]


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("ranks", [1, 3])
def test_the_extents_told_are_those_of_the_packs_computed(ranks: int, share: bool) -> None:
    steps = [_samples(count) for count in (8, 32, 5)]
    for rank in range(ranks):
        packs = [made for step in steps for made, _ in own_packs(step, 1024, rank, ranks, share=share)]
        told = extents(steps, 1024, rank, ranks, share)
        assert [(each.tokens, each.whole, each.supervised) for each in told] == [
            (made.tokens, made.whole_tokens, len(made.targets)) for made in packs
        ]
        assert all(made.tokens <= 1024 for made in packs)
    whole = whole_hands(steps, ranks, share)
    assert len(whole) == 3 * ranks
    assert sum(each.whole for each in whole) == sum(len(sample) for step in steps for sample in step)
    assert (sum(each.tokens for each in whole) < sum(each.whole for each in whole)) == share


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("ranks", [1, 2, 5])
def test_ranks_compute_every_supervised_token_once(ranks: int, share: bool) -> None:
    samples = _samples(20)
    dealt = [own_packs(samples, 1024, rank, ranks, share=share) for rank in range(ranks)]
    targets = sorted(token for packs in dealt for made, _ in packs for token in made.targets.tolist())
    assert targets == sorted(token for each in samples for token in each.input_ids[each.prompt_length :])


def test_equal_lengths_are_dealt_the_same_way_each_time() -> None:
    lengths = [50] * 33
    first = deal(lengths, 200, 4)
    assert all(deal(lengths, 200, 4) == first for _ in range(5))
    assert [tokens_of(packs, lengths) for packs in first] == [450, 400, 400, 400]


def test_imbalance_is_what_the_fullest_rank_has_above_the_mean() -> None:
    assert imbalance([[[0]], [[1]]], [30, 10]) == 0.5
    assert imbalance([[[0]], []], [30]) == 1
