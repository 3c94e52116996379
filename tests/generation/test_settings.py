"""How a model is prompted and decoded, and which tokens of a row count."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from src.config import load_config
from src.data.preprocessing import HEADERS, NEXT_TURN, render_prompt
from src.generation.settings import (
    Decoding,
    end_tokens,
    generation_config,
    prompt_template,
    truncate_at_end,
)
from src.models.loading import ModelReference
from src.schema import UserError
from tests import tiny
from tests.models.records import written


def test_a_greedy_decoding_forgets_what_only_sampling_uses():
    config = load_config(overrides=["evaluation.top_p=0.5", "evaluation.seed=3"]).evaluation
    assert Decoding.of(config) == Decoding(config.max_new_tokens)


def test_a_sampled_decoding_is_that_of_the_configuration():
    changes = ["temperature=0.5", "top_p=0.8", "num_completions=3", "seed=4", "max_new_tokens=9"]
    config = load_config(overrides=[f"evaluation.{change}" for change in changes]).evaluation
    assert Decoding.of(config) == Decoding(9, 0.5, 0.8, 3, 4)


@pytest.mark.parametrize(
    ("decoding", "expected"),
    [
        (Decoding(9), {"do_sample": False, "num_beams": 1}),
        (Decoding(9, 0.5, 0.8), {"do_sample": True, "temperature": 0.5, "top_p": 0.8, "top_k": 0}),
    ],
)
def test_generate_gets_the_decoding_and_no_default_of_a_model(decoding: Decoding, expected: dict):
    made = generation_config(decoding, 5, {7, 3}, 1).to_dict()
    assert {name: made[name] for name in expected} == expected
    assert (made["max_new_tokens"], made["eos_token_id"], made["pad_token_id"]) == (5, [3, 7], 1)


def _encode(text: str) -> list[int]:
    return list(tiny.tokenizer()(text, add_special_tokens=False)["input_ids"])


def test_a_row_counts_up_to_its_first_end_token():
    row, end = _encode("done"), tiny.tokenizer().eos_token_id
    assert truncate_at_end([*row, end, 5, end], {end}, tiny.tokenizer()) == ([*row, end], "stop")
    assert truncate_at_end([*row, 9], {end, 9}, tiny.tokenizer()) == ([*row, 9], "stop")


def test_a_row_without_end_token_has_begun_another_turn_or_continues():
    marked = _encode(f"done\n\n{NEXT_TURN}")
    assert truncate_at_end(marked, {0}, tiny.tokenizer()) == (marked, "turn")
    assert truncate_at_end(marked[:-1], {0}, tiny.tokenizer()) == (marked[:-1], "length")


def test_another_turn_begins_as_the_prompt_does():
    prompt = render_prompt("Print 1.")
    assert NEXT_TURN in prompt
    assert [f"### {header}:" in prompt for header in HEADERS] == [True, True]


@pytest.mark.parametrize(("named", "expected"), [(None, {0}), (5, {0, 5}), ([5, 6], {0, 5, 6})])
def test_the_end_tokens_are_those_of_tokenizer_and_model(named, expected: set[int]):
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=named))
    assert end_tokens(model, tiny.tokenizer()) == expected


@pytest.mark.parametrize(
    ("template", "before", "expected"),
    [("chat", "same", "chat"), ("chat", "alpaca", "alpaca"), ("alpaca", "same", "alpaca")],
)
def test_a_base_is_prompted_as_the_configuration_says(template: str, before: str, expected: str):
    config = load_config(overrides=[f"prompt.template={template}", f"prompt.before={before}"])
    assert prompt_template(ModelReference("base"), config) == expected


def test_an_adapter_is_prompted_as_it_was_trained(tmp_path: Path):
    config, adapter = load_config(overrides=["prompt.before=alpaca"]), ModelReference("base", tmp_path)
    assert prompt_template(adapter, config) == "alpaca"  # trained elsewhere: no run.json
    written(tmp_path, "prompt.template=chat")
    assert prompt_template(adapter, config) == "chat"


def test_an_adapter_whose_record_does_not_say_how_it_was_prompted_is_refused(tmp_path: Path):
    written(tmp_path, provenance={})
    with pytest.raises(UserError, match="does not say how the adapter was prompted"):
        prompt_template(ModelReference("base", tmp_path), load_config())
