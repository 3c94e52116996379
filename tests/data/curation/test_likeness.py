"""No pair that is alike is missed, and the nearest is the nearest of all."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from src.data.curation.likeness import alike_pairs, nearest

SHORT = st.text("ab\u4e2d\U0001f600 ", max_size=24)


def test_likeness_is_twice_the_longest_common_subsequence_over_both_lengths():
    # by hand: "abcd" and "abxd" share "abd": 2 * 3 / 8; of 3 and 1 characters 2 * 1 / 4; 2 * 2 / 6 rounded down
    assert nearest(["abcd", "abc", "ab"], ["abxd"]) == [75.0, 57.14, 66.66]
    assert nearest(["\u6253\u5370\u7ed3\u679c"], ["\u6253\u5370\u4e86\u7ed3", "x"]) == [75.0]
    assert nearest(["same"], ["other", "same"]) == [100.0]


def test_without_anything_to_compare_with_nothing_is_alike():
    assert nearest(["a", ""], []) == [0.0, 0.0]
    assert nearest([], ["a"]) == []
    assert alike_pairs([], 0.9) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(SHORT, max_size=20), st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_every_pair_that_is_alike_is_found(texts, threshold):
    found = {tuple(sorted(pair)) for pair in alike_pairs(texts, threshold)}
    expected = {
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if fuzz.ratio(texts[a], texts[b]) >= 100 * threshold
    }
    assert found == expected


def test_more_texts_than_a_block_are_all_compared():
    texts = [f"{number:04d}" * 5 for number in range(600)]
    assert len(alike_pairs([*texts, texts[0], texts[599]], 1.0)) == 2
    assert nearest([*texts], [texts[599], texts[0]])[599] == 100.0
