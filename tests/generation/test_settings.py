"""How a model is prompted and decoded, and which tokens of a row count."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.config import load_config
from src.data.preprocessing import HEADERS, NEXT_TURN, render_prompt
from src.generation.settings import (
    Decoding,
    end_tokens,
    generation_config,
    prompt_template,
    to_generation,
    truncate_at_end,
)
from src.models.loading import ModelReference
from src.schema import Generation, UserError
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


def _truncated(row: list[int], eos_ids: set[int], checked: int = 0) -> tuple[list[int], str]:
    return truncate_at_end(row, checked, eos_ids, tiny.tokenizer())


def test_a_row_counts_up_to_its_first_end_token():
    row, end = _encode("done"), tiny.tokenizer().eos_token_id
    assert _truncated([*row, end, 5, end], {end}) == ([*row, end], "stop")
    assert _truncated([*row, 9], {end, 9}) == ([*row, 9], "stop")


def test_a_row_counts_up_to_the_token_that_completes_the_next_turn_marker():
    marked, end = _encode(f"done\n\n{NEXT_TURN}"), tiny.tokenizer().eos_token_id
    assert _truncated([*marked, *_encode(": x"), end], {end}) == (marked, "turn")
    assert _truncated([*marked[:-1], end, *marked], {end}) == ([*marked[:-1], end], "stop")
    assert _truncated(marked[:-1], {end}) == (marked[:-1], "length")


PIECES = [*map(_encode, ("a b", "\n\n### ", "Instruction", NEXT_TURN, "é€")), *([byte] for byte in b"### In")]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, [0], [5]]), max_size=12), st.integers(1, 40))
def test_a_row_read_at_any_interval_ends_with_the_first_token_that_ends_it(pieces, interval: int):
    """Against the definition: token by token, the whole text of every beginning of the row."""
    tokenizer, tokens = tiny.tokenizer(), [token for piece in pieces for token in piece]
    ends = (
        (tokens[: place + 1], "stop" if tokens[place] in {0, 5} else "turn")
        for place in range(len(tokens))
        if tokens[place] in {0, 5} or NEXT_TURN in tokenizer.decode(tokens[: place + 1])
    )
    expected = next(ends, (tokens, "length"))
    read = partial(truncate_at_end, eos_ids={0, 5}, tokenizer=tokenizer)
    for seen in range(0, len(tokens), interval):
        row, finish = read(tokens[: seen + interval], seen)
        if finish != "length":
            break
    else:
        row, finish = tokens, "length"
    assert (row, finish) == expected


@pytest.mark.parametrize(
    ("prompt", "answer", "finish", "expected"),
    [
        ("Response:\n", "print(1)", "length", "length"),
        ("Response:\n", "<think>\nLet me", "length", "thinking"),
        ("Response:\n", "<think>\nLet me</think>x", "length", "length"),
        ("Response:\n<think>\n", "Let me see", "length", "thinking"),
        ("Response:\n<think>\n", "Let me</think>\nx", "length", "length"),
        ("Response:\n<think>\n", "print(1)", "stop", "stop"),  # trained to answer there
        ("What is <think>?\nResponse:\n", "A tag", "length", "length"),
    ],
)
def test_an_answer_cut_off_in_its_thought_says_so(prompt: str, answer: str, finish: str, expected: str):
    tokens = _encode(answer)
    made = to_generation(("a", 1), _encode(prompt), tokens, finish, tiny.tokenizer())
    assert made == Generation("a", answer, len(tokens), expected, 1)


def test_another_turn_begins_as_the_prompt_does():
    prompt = render_prompt("Print 1.")
    assert NEXT_TURN in prompt
    assert [f"### {header}:" in prompt for header in HEADERS] == [True, True]


@pytest.mark.parametrize(("named", "expected"), [(None, {0}), (5, {0, 5}), ([5, 6], {0, 5, 6})])
def test_the_end_tokens_are_those_of_tokenizer_and_model(named, expected: set[int]):
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=named))
    assert end_tokens(model, tiny.tokenizer()) == expected


@pytest.mark.parametrize("named", ["</s>", ["</s>"], [[2]]])
def test_end_tokens_that_are_no_ids_are_refused(named):
    model = SimpleNamespace(name_or_path="m", generation_config=SimpleNamespace(eos_token_id=named))
    with pytest.raises(UserError, match=r"generation_config\.json of m has eos_token_id .*, no token ids"):
        end_tokens(model, tiny.tokenizer())


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
