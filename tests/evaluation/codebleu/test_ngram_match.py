"""The n-gram parts, against sacrebleu's BLEU and by hand."""

import math

import pytest
import sacrebleu

from src.evaluation.codebleu.ngram_match import ngram_match, package_weighted_match, weighted_ngram_match
from tests.evaluation.text_pairs import text_pairs

LONG = [(a, b) for a, b in text_pairs(200) if min(len(a.split()), len(b.split())) >= 4]


def test_ngram_match_is_sacrebleus_with_a_floor_over_words():
    metric = sacrebleu.metrics.BLEU(
        tokenize="none", smooth_method="floor", smooth_value=0.1, effective_order=False
    )
    assert len(LONG) > 50
    compared = 0
    for found, expected in LONG:
        words = found.split(), expected.split()
        if set(words[0]) & set(words[1]):  # where no word matches sacrebleu goes on
            compared += 1
            theirs = metric.sentence_score(" ".join(words[0]), [" ".join(words[1])]).score
            assert ngram_match(*words) == pytest.approx(theirs / 100, abs=1e-9)
    assert compared > 50


def test_a_keyword_counts_five_times():
    found, expected = "return y z".split(), "return x z".split()
    single = (5 + 1) / (5 + 1 + 1)
    assert weighted_ngram_match(found, expected, {"return"}, order=1) == pytest.approx(single)
    assert weighted_ngram_match(found, expected, {"return"}, order=2) == pytest.approx(
        math.sqrt(single * 0.1 / 2)
    )


def test_recall_asks_nothing_of_what_else_is_found():
    expected = "for x in y :".split()
    assert weighted_ngram_match(["pass", *expected, "pass"], expected, {"for", "in"}) == pytest.approx(1)
    assert ngram_match(["pass", *expected, "pass"], expected) < 1


def test_the_package_takes_small_weights_for_one_and_a_single_word_for_too_short():
    words = ["a", "b", "c", "d"]
    assert weighted_ngram_match(words, words, ()) == pytest.approx(1)
    assert package_weighted_match(words, words, ()) == pytest.approx((4 * 0.2) ** 0.25)
    alone = (0.2 * (0.1 / 3) * (0.1 / 2) * 0.1) ** 0.25
    assert package_weighted_match(["a"], words, ()) == pytest.approx(alone / math.e)
    five = [*words, "e"]
    assert package_weighted_match(five, five, ()) == pytest.approx(weighted_ngram_match(five, five, ()))


@pytest.mark.parametrize(("found", "expected"), [([], ["a"]), (["a"], ["b"]), (["a"], []), ([], [])])
def test_without_a_common_word_nothing_matches(found, expected):
    assert ngram_match(found, expected) == 0
    assert weighted_ngram_match(found, expected, ()) == 0
    assert package_weighted_match(found, expected, ()) == 0
