"""Refusals, broken characters and lengths are counted as worked out by hand."""

import pytest

from src.data.curation.quality import (
    Lengths,
    TokenCounter,
    find_defects,
    has_mojibake,
    is_refusal,
    measure_lengths,
    measure_tokens,
    token_counter,
)
from src.data.preprocessing import encode_example
from tests.data.preparing import example


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot do that.",
        "I'm sorry, but I can't help with it.",
        "Sorry, this is not possible.",
        "I am unable to run code.",
        "Unfortunately, I cannot show the output.",
        "I can't write that.",
        "We are not able to access the file.",
        "This AI model is a text model and cannot draw.",
        "I cannot fulfill this request",
    ],
)
def test_refusals(text):
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "print('sorry')",
        "def unable(x):\n    return x",
        "SELECT * FROM models WHERE name = 'cannot'",
        "raise ValueError('cannot divide by zero')",
        "The list is sorted.",
        "",
        "x = 1\n" * 100 + "As an AI",
    ],
)
def test_answers_are_no_refusals(text):
    assert not is_refusal(text)


@pytest.mark.parametrize("text", ["donâ€™t", "cafÃ©", "Â£5", "a\ufffdb", "ï¿½", "ZÃ¼rich"])
def test_mojibake(text):
    assert has_mojibake(example(1, text))
    assert has_mojibake(example(1, instruction=text))
    assert has_mojibake(example(1, input=text))


@pytest.mark.parametrize("text", ["don’t", "café", "£5", "Zürich", "Ã", "naïve â", "日本語", "x = 'Â'"])
def test_true_characters_are_no_mojibake(text):
    assert not has_mojibake(example(1, text))


def test_defects_are_counted_and_the_first_ids_kept():
    rows = [
        example("a", "Sorry, no.", language="python"),
        example("b", "x = 'cafÃ©'", language="python"),
        example("c", "Just words."),
        example("d", "x = 1", language="python"),
        example("e", "Sorry, never."),
    ]
    found = find_defects(rows, shown=1)
    assert (found.refusals, found.mojibake, found.non_code) == (2, 1, 2)
    assert (found.refusal_ids, found.mojibake_ids) == (("a",), ("b",))


def test_lengths_by_hand():
    assert measure_lengths([]) == Lengths(0.0, 0, 0, 0, 0)
    assert measure_lengths([7]) == Lengths(7.0, 7, 7, 7, 7)
    assert measure_lengths(range(1, 101)) == Lengths(50.5, 50, 90, 99, 100)  # nearest ranks


def test_tokens_by_hand():
    counts = {"1": (10, 5), "2": (10, 7), "3": (16, 1), "4": (20, 3)}
    counter = TokenCounter("by hand", lambda item: counts[item.id])
    found = measure_tokens([example(number) for number in counts], counter, max_length=16)
    assert (found.tokenizer, found.max_length, found.n) == ("by hand", 16, 4)
    assert found.truncated == 3  # 17, 17 and 23 tokens
    assert found.without_response == 2  # prompts of 16 and 20 tokens
    assert found.lengths == measure_lengths([15, 17, 17, 23])


@pytest.mark.parametrize("template", ["alpaca", "chat"])
def test_tokens_are_counted_as_training_counts_them(template):
    from tests import tiny

    tokenizer = tiny.tokenizer()
    counter = token_counter(tokenizer, "tiny", template)
    for item in (example(1, "x = 1"), example(2, "print(2)\n", input="3")):
        encoded = encode_example(tokenizer, item, 10_000, template)
        prompt, response = counter.count(item)
        assert (prompt, prompt + response) == (encoded.prompt_length, len(encoded))
