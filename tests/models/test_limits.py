"""What a model can read, held against what it does read: one more token than the limit is an error of its own forward."""

from __future__ import annotations

import copy
import logging

import pytest
import torch
from transformers import PreTrainedModel

from src.models.limits import check_length, check_prompts, check_tokens, position_limit
from src.schema import UserError
from tests import tiny
from tests.zoo.builders import build

STATED = 24
# in all: every type of transformers 5.23 that can be built was held against its own forward pass so, 184 of them
TABLES = "gpt2 gpt_bigcode gpt_neo gptj codegen ctrl opt biogpt openai-gpt bert roberta mpt whisper".split()
ANY_LENGTH = "llama starcoder2 bloom falcon xglm xlnet mamba gemma3 dbrx".split()
NAMES = {"mpt": "max_seq_len", "whisper": "max_target_positions"}


def _limited(model_type: str) -> PreTrainedModel:
    unlimited = {"bloom", "xlnet", "mamba"}
    name = NAMES.get(model_type, "max_position_embeddings")
    changed = {"text_config": {name: STATED}} if model_type == "gemma3" else {name: STATED}
    return build(model_type, **({} if model_type in unlimited else changed))


def _reads(model: PreTrainedModel, tokens: int) -> bool:
    try:
        with torch.no_grad():
            model(input_ids=torch.full((1, tokens), 5))
    except (IndexError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize("model_type", TABLES)
def test_the_limit_is_the_longest_text_that_the_model_reads(model_type: str):
    model = _limited(model_type)
    limit = position_limit(model)
    assert 0 < limit <= STATED
    assert (_reads(model, limit), _reads(model, limit + 1)) == (True, False)


@pytest.mark.parametrize("model_type", ANY_LENGTH)
def test_a_model_that_computes_its_positions_has_no_limit(model_type: str):
    model = _limited(model_type)
    assert position_limit(model) == 0
    assert _reads(model, 3 * STATED)


def test_more_tokens_than_positions_are_refused_with_both_and_a_remedy():
    model = tiny.build_model("gpt_bigcode", n_positions=48)
    check_length(model, 48, "48 tokens", "lower it")
    with pytest.raises(UserError, match=r"^49 tokens, and GPTBigCodeForCausalLM has 48 positions; lower it$"):
        check_length(model, 49, "49 tokens", "lower it")


@pytest.mark.parametrize(
    ("changed", "length", "warned"),
    [
        ({}, 512, False),
        ({}, 513, True),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4,
                              "original_max_position_embeddings": 512}}, 2048, False),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4,
                              "original_max_position_embeddings": 512}}, 2049, True),
    ],
)  # fmt: skip
def test_longer_than_a_model_was_made_for_is_a_warning(changed: dict, length: int, warned: bool, caplog):
    with caplog.at_level(logging.WARNING):
        check_length(tiny.build_model(**changed), length, "so many tokens", "shorten it")
    assert ("so many tokens, and LlamaForCausalLM was made for" in caplog.text) is warned


def test_a_token_without_a_row_is_refused_by_name_and_one_that_is_not_used_is_not():
    tokenizer = copy.deepcopy(tiny.tokenizer())
    tokenizer.add_tokens(["Instruction"])
    model = tiny.build_model()
    check_tokens(model, tokenizer, [[1, 399]])
    with pytest.raises(UserError, match=r"has 401 tokens, the model rows for 400: 'Instruction' \(400\)"):
        check_tokens(model, tokenizer, [[1, 2], [3, 400]])
    check_tokens(tiny.build_model(vocab_size=401), tokenizer, [[400]])


def test_padding_needs_a_row_too():
    tokenizer = copy.deepcopy(tiny.tokenizer())
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    with pytest.raises(UserError, match=r"'\[PAD\]' \(400\) has none"):
        check_prompts(tiny.build_model(), tokenizer, [[1, 2]], 1)


def test_a_prompt_without_a_token_is_refused():
    with pytest.raises(UserError, match="makes no token of a prompt"):
        check_prompts(tiny.build_model(), tiny.tokenizer(), [[1], []], 1)


def test_prompt_and_answer_must_fit_together():
    model, tokenizer = tiny.build_model("gpt_bigcode", n_positions=48), tiny.tokenizer()
    prompts = [[5] * 8, [5] * 40]
    check_prompts(model, tokenizer, prompts, 8)
    with pytest.raises(UserError) as caught:
        check_prompts(model, tokenizer, prompts, 9)
    assert "40 tokens and its answer up to 9 (evaluation.max_new_tokens), 49 in all" in str(caught.value)
    assert "48 positions" in str(caught.value)
