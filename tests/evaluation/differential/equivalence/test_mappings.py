"""A dictionary that is printed whole says what a loop over its items prints."""

import pytest

from src.evaluation.differential.equivalence.mappings import item_lines, of_other_sizes


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 1, 'b': 2}\n",
        "Counter({'a': 1, 'b': 2})\n",
        "Counts: defaultdict(<class 'int'>, {'a': 1, 'b': 2})\n",
    ],
)
def test_a_dictionary_becomes_lines(text):
    assert item_lines(text) == "a: 1\nb: 2\n"


@pytest.mark.parametrize("text", ["", "{}\n", "{1, 2}\n", "a: 1\n", "{'a': 1}\n{'b': 2}\n", "{'a': open}\n"])
def test_other_outputs_do_not(text):
    assert item_lines(text) is None


def test_lists_of_which_one_has_an_empty_text_more_are_told_apart():
    assert of_other_sizes("['a', '', 'b']\n", "Lines: ['a', 'b']\n")
    assert not of_other_sizes("['a', 'b']\n", "Lines: ['a', 'b']\n")
    assert not of_other_sizes("['a', 'b']\n", "a\nb\n")
