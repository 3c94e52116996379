"""Texts that share a pattern keep it."""

import pytest

from src.evaluation.differential.inputs.forms.pattern import pattern_of


@pytest.mark.parametrize(
    ("shown", "value", "fitted"),
    [
        (["$129", "$89"], "451$0", "$451"),
        (["$129", "$89"], "$07", "$7"),
        (["A-12", "C-77"], "plum 9", "P-92"),
        (["555-1234", "555-9876"], "12-3", "125-3234"),
        (["Ann Lee", "Bobby Fox"], "go tree plum", "go tre"),
        (["007", "012"], "45", "457"),
        (["1", "2"], "345", "345"),
    ],
)
def test_a_text_gets_the_pattern_that_all_shown_ones_have_and_then_keeps_it(shown, value, fitted):
    pattern = pattern_of(shown)
    assert pattern.fitted(value) == fitted
    assert pattern.fitted(fitted) == fitted


@pytest.mark.parametrize("shown", [["$129"], ["$129", "89"], ["apple", "plum"], ["a-b", "a-b"], []])
def test_words_one_text_and_unlike_texts_have_no_pattern(shown):
    assert pattern_of(shown) is None
