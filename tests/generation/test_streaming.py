"""A streamed answer is the one that an evaluation would score: the same text, ended at the same token."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from src.config import load_config
from src.data.preprocessing import NEXT_TURN, prompt_ids
from src.data.tokenization import answer_text, text_ids
from src.generation.generate import generate_missing
from src.generation.settings import Decoding
from src.generation.store import GenerationStore
from src.generation.streaming import stream_answer
from src.models.hardware import decide
from src.models.loading import load_base, load_tokenizer
from src.schema import Example
from tests import tiny
from tests.tokenizers import KINDS, of_kind

WORDS = ("aaaa (((", "f1 f2 f3", "b", "return = return")
EXAMPLES = [Example(str(number), word, "x" * (number % 2), "y") for number, word in enumerate(WORDS)]
LENGTH = 70


def _evaluated(model, tokenizer, folder: Path, examples=EXAMPLES, decoding=None) -> list[str]:
    store = GenerationStore(folder / "answers", {})
    decoding = decoding or Decoding(LENGTH)
    generate_missing(model, tokenizer, store.missing(examples, decoding), decoding, store)
    return [item.text for item in store.of(examples, decoding)]


def _streamed(model, tokenizer, example: Example, decoding=None) -> tuple[str, list[str]]:
    shown: list[str] = []
    prompt = prompt_ids(tokenizer, example.instruction, example.input)
    return stream_answer(model, tokenizer, prompt, decoding or Decoding(LENGTH), shown.append), shown


@pytest.mark.parametrize("kind", KINDS)
def test_any_tokens_stream_to_the_text_of_an_evaluation(kind: str, tmp_path: Path):
    """Random models write anything: halves of characters, special tokens, bytes that are no text."""
    tokenizer = of_kind(kind)
    model = tiny.build_model("llama", vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    with torch.no_grad():
        model.lm_head.weight *= 3
    for example, text in zip(EXAMPLES, _evaluated(model, tokenizer, tmp_path), strict=True):
        answer, shown = _streamed(model, tokenizer, example)
        assert answer == text == "".join(shown)


SCRIPTS = [f"    return 1\n\n{NEXT_TURN}:\nPrint", "    return 1", "    print('中')\n", ""]


def _taught(tokenizer) -> tuple[torch.nn.Module, list[list[int]]]:
    """A model that has learnt one answer to each example by heart, and the answers' tokens."""
    model = tiny.build_model("llama", vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id).train()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    answers = [[*text_ids(tokenizer, text, continues=True), tokenizer.eos_token_id] for text in SCRIPTS]
    prompts = [prompt_ids(tokenizer, example.instruction, example.input) for example in EXAMPLES]
    rows = [torch.tensor([prompt + answer]) for prompt, answer in zip(prompts, answers, strict=True)]
    total = 1.0
    while total > 0.02:
        total = 0.0
        for row, prompt in zip(rows, prompts, strict=True):
            labels = row.clone()
            labels[:, : len(prompt)] = -100
            loss = model(input_ids=row, labels=labels).loss
            loss.backward()
            total += float(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return model.eval(), answers


@pytest.mark.parametrize("kind", ["byte-level BPE", "Llama, legacy", "GPT-SW3, slow"])
def test_both_end_at_the_same_token(kind: str, tmp_path: Path):
    tokenizer = of_kind(kind)
    model, answers = _taught(tokenizer)
    texts = _evaluated(model, tokenizer, tmp_path)
    for example, text in zip(EXAMPLES, texts, strict=True):
        answer, shown = _streamed(model, tokenizer, example)
        assert answer == text == "".join(shown)
    assert texts[1:] == SCRIPTS[1:]
    ended = next(count for count in range(99) if NEXT_TURN in tokenizer.decode(answers[0][:count]))
    assert texts[0] == answer_text(tokenizer, answers[0][:ended])
    assert len(texts[0]) < len(SCRIPTS[0])


def test_text_is_shown_as_it_comes(tiny_model: Path):
    config = load_config(overrides=["model.device=cpu"]).model
    model, tokenizer = (
        load_base(str(tiny_model), config, decide(config)),
        load_tokenizer(str(tiny_model), config),
    )
    answer, shown = _streamed(model, tokenizer, EXAMPLES[1])
    assert len(shown) > 5
    assert "".join(shown) == answer


def test_sampling_is_repeated_by_its_seed(tiny_model: Path):
    config = load_config(overrides=["model.device=cpu"]).model
    model, tokenizer = (
        load_base(str(tiny_model), config, decide(config)),
        load_tokenizer(str(tiny_model), config),
    )
    first, again, other = (
        _streamed(model, tokenizer, EXAMPLES[0], Decoding(20, 1.0, 0.9, seed=seed))[0] for seed in (1, 1, 2)
    )
    assert first == again != other
