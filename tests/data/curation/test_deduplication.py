"""Near-duplicates found through MinHash are those that comparing every pair finds."""

import random
from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from src.data.curation.deduplication import (
    PERMUTATIONS,
    RECALL,
    bands,
    jaccard,
    near_matches,
    near_pairs,
)


def varied_sets(seed, families=60, members=5, size=30):
    """Sets in families: each member has 0 to all of its items exchanged."""
    draw = random.Random(seed)
    sets = []
    for family in range(families):
        base = [family * 1000 + item for item in range(size)]
        for _ in range(members):
            changed = draw.randrange(size)
            fresh = [10**6 + draw.randrange(10**9) for _ in range(changed)]
            sets.append(frozenset(base[changed:] + fresh))
    draw.shuffle(sets)
    return sets


def brute_force(sets, threshold):
    return [(a, b) for a, b in combinations(range(len(sets)), 2) if jaccard(sets[a], sets[b]) >= threshold]


def clusters(count, pairs):
    """By scipy 1.17.1: connected components of the graph whose edges are the pairs."""
    left, right = zip(*pairs, strict=True)
    edges = coo_array((np.ones(len(pairs)), (left, right)), shape=(count, count))
    members = connected_components(edges, directed=False)[1]
    return {frozenset(np.flatnonzero(members == group).tolist()) for group in set(members.tolist())}


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("seed", [1, 2])
def test_clusters_are_those_of_brute_force(threshold, seed):
    sets = varied_sets(seed)
    expected = clusters(len(sets), brute_force(sets, threshold))
    found = clusters(len(sets), near_pairs(sets, threshold))
    assert any(len(group) > 1 for group in expected)
    assert found == expected


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_every_pair_is_near(threshold):
    sets = varied_sets(3)
    pairs = near_pairs(sets, threshold)
    assert pairs
    assert all(left < right and jaccard(sets[left], sets[right]) >= threshold for left, right in pairs)


def test_at_the_threshold_itself_at_most_one_pair_in_fifty_is_missed():
    draw, threshold, sets = random.Random(4), 0.7, []
    for _ in range(150):  # 34 shared items of 34 + 7 + 7: a similarity of 0.708
        shared = [draw.randrange(10**12) for _ in range(34)]
        sets += [frozenset(shared + [draw.randrange(10**12) for _ in range(7)]) for _ in range(2)]
    assert len(brute_force(sets, threshold)) == 150
    assert len(near_pairs(sets, threshold)) >= 147


def test_order_does_not_change_clusters():
    sets = varied_sets(5)
    order = list(range(len(sets)))
    random.Random(6).shuffle(order)
    moved = near_pairs([sets[index] for index in order], 0.7)
    back = [(order[left], order[right]) for left, right in moved]
    assert clusters(len(sets), back) == clusters(len(sets), near_pairs(sets, 0.7))


def test_equal_sets_are_near_at_any_threshold_and_empty_sets_at_none():
    sets = [frozenset({1, 2}), frozenset(), frozenset({2, 1}), frozenset()]
    assert near_pairs(sets, 1.0) == [(0, 2)]
    assert near_pairs(sets, 0.3) == [(0, 2)]


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_matches_between_two_lists_are_those_of_brute_force(threshold):
    sets = [*varied_sets(7, members=12), frozenset()]
    ours, theirs = sets[::2], [*sets[1::2], frozenset()]
    expected = {
        (a, b)
        for a, left in enumerate(ours)
        for b, right in enumerate(theirs)
        if jaccard(left, right) >= threshold
    }
    assert expected
    assert sorted(near_matches(ours, theirs, threshold)) == sorted(expected)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.9, 0.99])
def test_bands_reach_the_recall_at_the_threshold(threshold):
    count, rows = bands(threshold)
    assert count * rows <= PERMUTATIONS
    assert 1 - (1 - threshold**rows) ** count >= RECALL


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [({1, 2, 3}, {2, 3, 4}, 0.5), ({1}, {1}, 1.0), ({1}, {2}, 0.0), (set(), set(), 0.0), ({1, 2}, {1}, 0.5)],
)
def test_jaccard_by_hand(left, right, expected):
    assert jaccard(frozenset(left), frozenset(right)) == expected
