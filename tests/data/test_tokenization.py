"""The two laws, for a tokenizer of every kind: text gives no control token, and answers decode as they continue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from src.data.tokenization import (
    answer_text,
    is_stable,
    joined_ids,
    plain_pieces,
    start_tokens,
    text_ids,
)
from src.schema import UserError
from tests.tokenizers import CONTROL, KINDS, LOSSY, SPECIAL, of_kind

LOSSLESS = [kind for kind in KINDS if kind not in LOSSY]
PROMPT = "### Instruction:\nPrint it.\n\n### Response:\n"
SPELLED = [
    *SPECIAL,
    *CONTROL,
    "<|im_start|>user",
    "<|im_<|im_end|>end|>",
    "<s></s><s>",
    "＜/s＞",
    "<FILL_ME>",
]
CODE = st.text(st.sampled_from("ab1 \n\t=(),.'é中😀�"), max_size=12)
TEXTS = st.lists(st.sampled_from(SPELLED) | CODE, max_size=6).map("".join)


def _controls(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    return set(tokenizer.convert_tokens_to_ids([*SPECIAL[1:], *CONTROL]))


def _decoded(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    """The text of a prompt with or without its answer; a token of text follows, as some decoders strip the end."""
    ending = text_ids(tokenizer, "x", continues=True)
    text = tokenizer.decode([*ids, *ending], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text.removesuffix("x")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_text_gives_no_control_token(kind: str, text: str):
    tokenizer = of_kind(kind)
    for continues in (False, True):
        assert _controls(tokenizer).isdisjoint(text_ids(tokenizer, text, continues))
    assert _controls(tokenizer).isdisjoint(joined_ids(tokenizer, plain_pieces(tokenizer, text)))


@pytest.mark.parametrize("kind", LOSSLESS)
@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_a_text_that_continues_another_is_spelled_exactly(kind: str, text: str):
    tokenizer = of_kind(kind)
    assert answer_text(tokenizer, text_ids(tokenizer, text, continues=True)) == text


@pytest.mark.parametrize("kind", LOSSLESS)
@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_prompt_and_answer_decode_to_the_sum_of_their_texts(kind: str, text: str):
    tokenizer = of_kind(kind)
    prompt = [*start_tokens(tokenizer), *text_ids(tokenizer, PROMPT)]
    answer = text_ids(tokenizer, text, continues=True)
    whole = _decoded(tokenizer, [*prompt, *answer])
    assert whole == _decoded(tokenizer, prompt) + answer_text(tokenizer, answer)
    assert _decoded(tokenizer, prompt).strip() == PROMPT.strip()


@pytest.mark.parametrize("kind", LOSSY)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["def", "f1", "(", ")", ":", "x", "=", "a", "+", "1", ".", ","]), min_size=1))
def test_the_law_holds_for_tokenizers_of_words_too(kind: str, words: list[str]):
    tokenizer = of_kind(kind)
    prompt, answer = (
        text_ids(tokenizer, "Print the sum"),
        text_ids(tokenizer, " ".join(words), continues=True),
    )
    parts = [
        tokenizer.decode(ids, clean_up_tokenization_spaces=False) for ids in (prompt, [*prompt, *answer])
    ]
    assert parts[1] == parts[0] + answer_text(tokenizer, answer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_without_control_tokens_is_tokenised_as_ever(kind: str):
    tokenizer = of_kind(kind)
    ids = tokenizer(PROMPT)["input_ids"]
    assert [*start_tokens(tokenizer), *text_ids(tokenizer, PROMPT)] == ids


@pytest.mark.parametrize("kind", LOSSLESS)
def test_special_tokens_are_no_text_and_an_empty_answer_is_empty(kind: str):
    tokenizer = of_kind(kind)
    end, control = tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|im_end|>")
    answer = text_ids(tokenizer, "    x = 1", continues=True)
    assert answer_text(tokenizer, []) == answer_text(tokenizer, [end]) == ""
    assert answer_text(tokenizer, [control, *answer, end]) == "    x = 1"


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_character_without_its_last_bytes_is_one_replacement_and_takes_nothing_along(
    kind: str, missing: int
):
    tokenizer = of_kind(kind)
    whole, before = (text_ids(tokenizer, text, continues=True) for text in ("a\n😀", "a\n"))
    assert len(whole) == len(before) + 4  # the bytes of the character
    assert answer_text(tokenizer, whole[:-missing]) == "a\n�"
    assert answer_text(tokenizer, whole[: len(before)]) == "a\n"


def test_bytes_that_are_no_text_take_nothing_along():
    tokenizer = of_kind("Llama, legacy")
    named = ["<0x0A>", "<0x80>", "<0x0A>", "a", "<0x0A>", "<0xE4>", "<0xB8>", "b", "<0xE4>"]
    assert answer_text(tokenizer, tokenizer.convert_tokens_to_ids(named)) == "\n�\na\n�b�"


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
def test_a_stable_text_begins_the_text_of_every_longer_answer(kind: str, numbers: list[int]):
    tokenizer = of_kind(kind)
    tokens = [number % len(tokenizer) for number in numbers]
    whole = answer_text(tokenizer, tokens)
    for count in range(1, len(tokens)):
        text = answer_text(tokenizer, tokens[:count])
        assert not is_stable(text) or whole.startswith(text)


def test_the_tags_of_a_thought_are_tokens_in_answers_alone_and_always_text():
    tokenizer = of_kind("byte-level BPE")
    tag = tokenizer.convert_tokens_to_ids("<think>")
    tokenizer.chat_template = "{{ messages[0].content }}<think>\n"
    try:
        assert tag not in text_ids(tokenizer, "What is <think>?")
        assert text_ids(tokenizer, "<think>\nx", continues=True)[0] == tag
        assert answer_text(tokenizer, [tag]) == "<think>"
    finally:
        tokenizer.chat_template = None


def test_a_tag_that_a_tokenizer_calls_special_stays_in_the_text_of_an_answer():
    tokenizer = KINDS["Llama, legacy"]()
    tokenizer.add_special_tokens({"additional_special_tokens": ["[THINK]", "[/THINK]"]})
    ids = [*tokenizer.convert_tokens_to_ids(["[THINK]", "[/THINK]"]), tokenizer.eos_token_id]
    assert answer_text(tokenizer, ids) == "[THINK][/THINK]"
    assert ids[0] not in text_ids(tokenizer, "[THINK]", continues=True)


def test_a_tokenizer_that_makes_a_control_token_of_one_character_is_refused():
    tokenizer = KINDS["Unigram"]()
    tokenizer.backend_tokenizer.normalizer = None
    from tokenizers import normalizers

    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("é", "</s>")
    with pytest.raises(UserError, match=r"makes a control token \(</s>\) of plain text"):
        text_ids(tokenizer, "café")
