"""Packing: nothing is lost, no pack overflows, and packs state where their samples are."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from src.data.preprocessing import Encoded
from src.training.packing.packs import arrange, best_fit, common_prefix_length, make_pack

LENGTHS = st.lists(st.integers(1, 300), max_size=60)


def _encoded(length: int, prompt: int = 1, start: int = 0) -> Encoded:
    return Encoded(str(start), list(range(start, start + length)), min(prompt, length - 1))


@settings(max_examples=150, deadline=None)
@given(LENGTHS, st.integers(1, 400))
def test_every_sample_is_in_one_bin_and_no_bin_of_several_overflows(
    lengths: list[int], capacity: int
) -> None:
    bins = best_fit(lengths, capacity)
    assert sorted(index for members in bins for index in members) == list(range(len(lengths)))
    for members in bins:
        assert len(members) == 1 or sum(lengths[index] for index in members) <= capacity


@settings(max_examples=150, deadline=None)
@given(LENGTHS, st.integers(1, 400))
def test_no_two_bins_could_have_been_one(lengths: list[int], capacity: int) -> None:
    sums = sorted(sum(lengths[index] for index in members) for members in best_fit(lengths, capacity))
    assert len(sums) < 2 or sums[0] + sums[1] > capacity


@settings(max_examples=100, deadline=None)
@given(LENGTHS, st.integers(300, 400))
def test_bins_stay_near_the_fewest_that_the_tokens_need(lengths: list[int], capacity: int) -> None:
    """Best fit decreasing needs at most 11/9 of the best number of bins, and 4 more (Johnson 1974)."""
    fewest = -(-sum(lengths) // capacity)  # the optimum itself may be up to twice as many
    assert len(best_fit(lengths, capacity)) <= 2 * fewest + 4


def test_best_fit_takes_the_tightest_bin() -> None:
    """By hand: 7 and 6 open bins of 10; 3 fills the first, 4 the second; 2 needs a third."""
    assert best_fit([7, 6, 3, 4, 2], 10) == [[0, 2], [1, 3], [4]]


def test_equal_input_gives_equal_bins() -> None:
    lengths = [5, 5, 5, 3, 3, 2, 2, 2, 9]
    assert best_fit(lengths, 10) == best_fit(list(lengths), 10)


def test_a_pack_by_hand() -> None:
    first = Encoded("a", [10, 11, 12, 13], prompt_length=2)
    second = Encoded("b", [20, 21, 22], prompt_length=1)
    made = make_pack([first, second])
    assert made.input_ids.tolist() == [[10, 11, 12, 13, 20, 21, 22]]
    assert made.position_ids.tolist() == [[0, 1, 2, 3, 0, 1, 2]]
    assert made.predicting.tolist() == [1, 2, 4, 5]  # positions before each supervised token
    assert made.targets.tolist() == [12, 13, 21, 22]
    assert made.boundaries.tolist() == [0, 4, 7]
    assert made.boundaries.dtype == torch.int32
    assert (made.longest, made.tokens) == (4, 7)


def test_a_pack_with_shared_prefixes_by_hand() -> None:
    """In the order of their tokens: b, a, c; a shares two tokens with b, c one with a."""
    a = Encoded("a", [10, 11, 13, 14], prompt_length=1)
    b = Encoded("b", [10, 11, 12], prompt_length=2)
    c = Encoded("c", [10, 20, 21], prompt_length=1)
    made = make_pack([a, b, c], share=True)
    assert made.input_ids.tolist() == [[10, 11, 12, 13, 14, 20, 21]]
    assert made.position_ids.tolist() == [[0, 1, 2, 2, 3, 1, 2]]
    # a shared token predicts what follows in each sample
    assert made.predicting.tolist() == [1, 0, 1, 3, 0, 5]
    assert made.targets.tolist() == [12, 11, 13, 14, 20, 21]
    assert made.boundaries.tolist() == [0, 3, 5, 7]
    assert (made.tokens, made.unshared_tokens, made.longest) == (7, 10, 4)
    shared = made.shared
    assert shared is not None
    assert shared.sources.tolist() == [0, 1, 2, 0, 1, 3, 4, 0, 5, 6]
    assert shared.boundaries.tolist() == [0, 3, 7, 10]
    assert shared.first.tolist() == [0, 1, 2, 5, 6, 8, 9]
    assert shared.repeated.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [([1, 2, 3], [1, 2, 3], 2), ([1, 2, 3], [1, 2], 1), ([1], [1], 0), ([1, 2], [3, 2], 0), ([1, 2, 5], [1, 2, 4], 2)],
)  # fmt: skip
def test_each_sample_keeps_its_last_token(one: list[int], other: list[int], common: int) -> None:
    assert common_prefix_length(Encoded("a", one, 0), Encoded("b", other, 0)) == common
    assert common_prefix_length(Encoded("b", other, 0), Encoded("a", one, 0)) == common


TOKENS = st.lists(st.integers(0, 2), min_size=2, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(TOKENS, min_size=1, max_size=12), st.integers(1, 40), st.booleans())
def test_packs_give_back_every_sample(contents: list[list[int]], capacity: int, share: bool) -> None:
    samples = [Encoded(str(number), ids, 1) for number, ids in enumerate(contents)]
    arranged = arrange(samples, capacity, share)
    found = []
    for members in arranged:
        made = make_pack(members, share)
        assert len(members) == 1 or made.tokens <= capacity
        ids, bounds, sources = made.input_ids[0], made.boundaries, torch.arange(made.tokens)
        if made.shared is not None:
            bounds, sources = made.shared.boundaries, made.shared.sources
        found += [ids[part].tolist() for part in sources.split(bounds.diff().tolist())]
    assert sorted(found) == sorted(contents)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(2, 60), st.integers(1, 59)), min_size=1, max_size=30),
    st.integers(60, 200),
    st.booleans(),
)
def test_packs_hold_every_supervised_token_once(
    shapes: list[tuple[int, int]], capacity: int, share: bool
) -> None:
    samples = [_encoded(length, prompt, 1000 * (index // 3)) for index, (length, prompt) in enumerate(shapes)]
    packs = [make_pack(members, share) for members in arrange(samples, capacity, share)]
    targets = sorted(token for item in packs for token in item.targets.tolist())
    expected = sorted(token for sample in samples for token in sample.input_ids[sample.prompt_length :])
    assert targets == expected
    assert sum(item.unshared_tokens for item in packs) == sum(len(sample) for sample in samples)


def test_a_pack_stays_where_it_is_on_the_cpu() -> None:
    made = make_pack([_encoded(4)])
    assert made.to("cpu") is made
