"""A sample is as new as the training row that is most alike leaves it."""

import pytest

from src.data.curation.novelty import BANDS, UNLIKE, UNLIKE_NAME, band_counts, band_of, measure_novelty
from src.schema import Likeness
from tests.data.preparing import example


def likeness(sample, *train):
    return measure_novelty([sample], train)[sample.id]


def code(number, output, **changes):
    return example(number, output, language="python", **changes)


def test_prompt_and_answer_are_compared_each_with_its_own_nearest():
    found = likeness(
        example(1, "abcd", instruction="wxyz"),
        example(2, "abcd", instruction="...."),
        example(3, "....", instruction="wxyz"),
    )
    assert found == Likeness(100.0, 100.0, 100.0)


def test_an_answer_with_other_names_is_the_same_once_identifiers_are_replaced():
    ours = code(1, "def total(items):\n    return sum(items) + 1")
    theirs = code(2, "def add_up(numbers):\n  return sum(numbers) + 1")
    found = likeness(ours, theirs)
    assert found.renamed == 100.0
    assert found.answer < 80
    # 11 tokens: def x ( x ) : return sum ( x ) + 1 has 13, of which 12 stay where 1 is 2: 2 * 12 / 26
    assert likeness(ours, code(2, theirs.output.replace("1", "2"))).renamed == 92.3


def test_words_of_a_language_and_words_of_prose_are_no_identifiers():
    assert likeness(code(1, "while x"), code(2, "return y")).renamed == 50.0
    assert likeness(example(1, "red blue"), example(2, "cat dog")).renamed == 0.0
    assert likeness(example(1, "SELECT a FROM t", language="sql"), example(2, "select b from u", language="sql")).renamed == 50.0  # fmt: skip


def test_a_prefix_counts_as_prompt_and_as_answer():
    sample = example("HumanEval/1", "    return 1", instruction="", prefix="def f():\n")
    assert likeness(sample, example(2, "def f():\n    return 1", instruction="def f():\n")) == Likeness(
        100, 100, 100
    )


@pytest.mark.parametrize(
    ("value", "band"),
    [(0, "under 50 %"), (49.99, "under 50 %"), (50, "50 to 65 %"), (64.99, "50 to 65 %"), (65, "65 to 80 %"),
     (79.99, "65 to 80 %"), (80, "80 % and more"), (100, "80 % and more")],
)  # fmt: skip
def test_bands_begin_at_their_lower_ends(value, band):
    assert band_of(value) == band


def test_every_sample_is_in_one_band_and_unlike_is_an_end_of_one():
    counts = band_counts([Likeness(10, 55, 81), Likeness(64, 66, 100)])
    assert counts["answer"] == dict(zip(BANDS, (0, 1, 1, 0), strict=True))
    assert [sum(part.values()) for part in counts.values()] == [2, 2, 2]
    assert UNLIKE in BANDS.values()
    assert f"under {UNLIKE:g} %" == UNLIKE_NAME
