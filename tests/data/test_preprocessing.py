"""The prompt and its tokens: one template, loss on the response and its end token only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.data.preprocessing import (
    Encoded,
    EncodedSplit,
    encode_example,
    encode_split,
    prompt_ids,
    render_prompt,
)
from src.schema import Example, UserError
from src.training.packing.packs import make_pack
from tests import tiny

TOKENIZER = tiny.tokenizer()
TEXT = st.text(max_size=80)


def _example(instruction: str = "Print 1.", input: str = "", output: str = "print(1)") -> Example:
    return Example("id", instruction, input, output)


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_only_the_response_and_its_end_token_bear_loss(instruction: str, input: str, output: str) -> None:
    sample = encode_example(TOKENIZER, _example(instruction, input, output), 4096)
    assert sample is not None
    assert sample.input_ids[: sample.prompt_length] == prompt_ids(TOKENIZER, instruction, input)
    response = sample.input_ids[sample.prompt_length :]
    assert response[-1] == TOKENIZER.eos_token_id
    assert response[:-1] == TOKENIZER(output, add_special_tokens=False)["input_ids"]
    assert sample.supervised == len(response)


@settings(max_examples=100, deadline=None)
@given(TEXT.filter(lambda text: tiny.END not in text), TEXT)
def test_a_prompt_begins_with_the_start_token_and_has_no_end_token(instruction: str, input: str) -> None:
    for template in ("alpaca", "chat"):
        ids = prompt_ids(TOKENIZER, instruction, input, template)
        assert TOKENIZER.eos_token_id not in ids
    assert prompt_ids(TOKENIZER, instruction, input)[0] == TOKENIZER.bos_token_id


def test_an_end_token_that_the_tokenizer_adds_is_taken_off_the_prompt() -> None:
    from tokenizers.processors import TemplateProcessing

    ending = tiny.tokenizer.__wrapped__()
    ending.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {tiny.END}", special_tokens=[(tiny.END, TOKENIZER.eos_token_id)]
    )
    assert ending("x")["input_ids"][-1] == TOKENIZER.eos_token_id
    assert prompt_ids(ending, "x")[-1] != TOKENIZER.eos_token_id


@pytest.mark.parametrize(
    ("instruction", "input", "wanted"),
    [
        ("Add.", "", "### Instruction:\nAdd.\n\n### Response:\n"),
        ("Add.", "1 2", "### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:\n"),
        (
            "{input}",
            "{instruction}",
            "### Instruction:\n{input}\n\n### Input:\n{instruction}\n\n### Response:\n",
        ),
        ("%s {} {0!r}", "", "### Instruction:\n%s {} {0!r}\n\n### Response:\n"),
    ],
)
def test_the_prompt_ends_where_the_response_begins(instruction: str, input: str, wanted: str) -> None:
    prompt = render_prompt(instruction, input)
    assert prompt.endswith("\n\n" + wanted)
    assert prompt.startswith("Below is an instruction that describes a task")


@pytest.mark.parametrize(("input", "content"), [("", "Add."), ("1 2", "Add.\n\n1 2")])
def test_the_chat_prompt_is_the_tokenizers_own_template(input: str, content: str) -> None:
    """Expected text: transformers 5.23.0, apply_chat_template."""
    wanted = TOKENIZER.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    assert TOKENIZER.decode(prompt_ids(TOKENIZER, "Add.", input, "chat")) == wanted
    assert wanted == f"<|user|>\n{content}\n<|assistant|>\n"


def test_training_and_asking_share_the_chat_prompt() -> None:
    sample = encode_example(TOKENIZER, _example(), 4096, "chat")
    assert sample is not None
    assert sample.input_ids[: sample.prompt_length] == prompt_ids(TOKENIZER, "Print 1.", "", "chat")


def test_a_tokenizer_without_chat_template_says_so() -> None:
    plain = tiny.tokenizer.__wrapped__()
    plain.chat_template = None
    with pytest.raises(UserError, match=r"prompt\.template=chat.*no chat template.*alpaca"):
        prompt_ids(plain, "x", template="chat")


def test_an_unknown_template_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="unknown prompt template 'vicuna'"):
        prompt_ids(TOKENIZER, "x", template="vicuna")


def test_a_long_response_loses_its_end_and_counts_as_truncated() -> None:
    prompt = len(prompt_ids(TOKENIZER, "Print 1."))
    whole = encode_example(TOKENIZER, _example(), 4096)
    assert whole is not None
    exact, cut = (encode_example(TOKENIZER, _example(), len(whole) - less) for less in (0, 1))
    assert exact == whole
    assert cut is not None
    assert cut.truncated
    assert cut.input_ids == whole.input_ids[:-1]
    least = encode_example(TOKENIZER, _example(), prompt + 1)
    assert least is not None
    assert least.supervised == 1


def test_a_prompt_that_leaves_no_room_is_skipped() -> None:
    prompt = len(prompt_ids(TOKENIZER, "Print 1."))
    assert encode_example(TOKENIZER, _example(), prompt) is None


def test_a_split_counts_what_was_cut_and_what_was_left_out() -> None:
    prompt = len(prompt_ids(TOKENIZER, "Print 1."))
    examples = [_example(), _example(output="print(2)\n" * 40), _example(instruction="Print. " * 90)]
    split = encode_split(TOKENIZER, examples, prompt + 30)
    assert (len(split.samples), split.truncated, split.skipped) == (2, 1, 1)
    assert split.tokens == sum(len(sample.input_ids) for sample in split.samples)
    assert split.supervised == split.tokens - 2 * prompt


def test_with_loss_on_prompts_all_tokens_but_the_first_are_learnt() -> None:
    split = EncodedSplit([Encoded("a", [5, 6, 7, 8], 3), Encoded("b", [9, 10], 1)], truncated=1, skipped=2)
    whole = split.with_loss_on_prompts()
    assert make_pack(whole.samples).targets.tolist() == [6, 7, 8, 10]
    assert (whole.supervised, whole.tokens, whole.truncated, whole.skipped) == (4, 6, 1, 2)
    assert make_pack(split.samples).targets.tolist() == [8, 10]


def test_a_split_of_which_nothing_fits_is_refused() -> None:
    with pytest.raises(UserError, match=r"none of the 1 samples fits data\.max_length=16; raise it"):
        encode_split(TOKENIZER, [_example()], 16)
