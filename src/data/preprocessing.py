"""Prompt templates and their token ids, the same in training, evaluation and inference."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from src.data.chat_template import render_chat
from src.data.thoughts import TAGS, opened_tag, without_thought
from src.data.tokenization import joined_ids, name_of, plain_pieces, start_tokens, text_ids
from src.schema import Example, UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

HEADERS = ("Instruction", "Response")  # of a turn: a model that writes one has begun another
NEXT_TURN = f"### {HEADERS[0]}"
NONCHARACTERS = tuple(map(chr, range(0xFDD0, 0xFDF0)))  # Unicode keeps them out of texts
WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Response:\n"
)


@dataclass(frozen=True)
class Encoded:
    """One training sample as token ids; tokens from `prompt_length` on bear loss."""

    id: str
    input_ids: list[int]  # prompt, response, end token (unless truncated)
    prompt_length: int
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def supervised(self) -> int:
        """Number of tokens that bear loss."""
        return len(self.input_ids) - self.prompt_length


@dataclass(frozen=True)
class EncodedSplit:
    """A split ready for training, with the numbers of truncated and skipped samples."""

    samples: list[Encoded]
    truncated: int
    skipped: int  # the prompt alone fills max_length

    @property
    def tokens(self) -> int:
        return sum(len(sample) for sample in self.samples)

    @property
    def supervised(self) -> int:
        return sum(sample.supervised for sample in self.samples)

    def with_loss_on_prompts(self) -> EncodedSplit:
        """The same samples with loss from their second token on: the first has no context to be predicted from."""
        return replace(self, samples=[replace(sample, prompt_length=1) for sample in self.samples])


def render_prompt(instruction: str, input: str = "") -> str:
    """The Alpaca prompt, up to where the response begins.

    Braces in the data stay as they are: the texts are inserted, never formatted.
    """
    template = WITH_INPUT if input else WITHOUT_INPUT
    head, _, tail = template.partition("{instruction}")
    before, _, after = tail.partition("{input}") if input else (tail, "", "")
    return head + instruction + before + input + after


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase, instruction: str, input: str = "", template: str = "alpaca"
) -> list[int]:
    """Token ids of the prompt, start token included where the model has one, never an end token.

    `template` is "alpaca", or "chat" for the tokenizer's own. The control tokens are the template's: what the
    instruction spells is text. Raises UserError where the chat template cannot be used.
    """
    if template == "chat":
        return _chat_ids(tokenizer, f"{instruction}\n\n{input}" if input else instruction)
    if template != "alpaca":
        raise ValueError(f"unknown prompt template {template!r}; expected alpaca or chat")
    return [*start_tokens(tokenizer), *text_ids(tokenizer, render_prompt(instruction, input))]


def _chat_ids(tokenizer: PreTrainedTokenizerBase, content: str) -> list[int]:
    """The tokenizer's own chat template with one user turn, up to where the answer begins."""
    mark = next(mark for mark in NONCHARACTERS if mark not in content)
    turn = {"role": "user", "content": mark.join(plain_pieces(tokenizer, content))}
    ids = joined_ids(tokenizer, render_chat(tokenizer, [turn]).split(mark))
    if not ids or not _holds_question(tokenizer, str(tokenizer.chat_template)):
        raise UserError(
            f"the chat template of {name_of(tokenizer)} gives an empty prompt, or one without the question; use "
            "prompt.template=alpaca"
        )
    return ids


@functools.lru_cache(maxsize=8)
def _holds_question(tokenizer: PreTrainedTokenizerBase, template: str) -> bool:
    """Whether prompts by the chat template depend on what the user asks."""
    first, second = (render_chat(tokenizer, [{"role": "user", "content": text}]) for text in "xy")
    return first != second


@functools.lru_cache(maxsize=8)
def _chat_lead(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    """What the chat template writes between a prompt and its answer: a space, or a thought that is empty."""
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    prompt = render_chat(tokenizer, turns[:1])
    if tag := opened_tag(prompt):
        return f"\n{TAGS[tag]}\n\n"
    try:
        whole = render_chat(tokenizer, turns, prompts=False)
    except UserError:  # a template of prompts alone
        return ""
    lead = whole.removeprefix(prompt).partition("y")[0] if whole.startswith(prompt) else ""
    return lead if not without_thought(lead).strip() else ""


def answer_ids(tokenizer: PreTrainedTokenizerBase, answer: str, template: str) -> list[int]:
    """Token ids of an answer as it follows its prompt, without the end token."""
    lead = _chat_lead(tokenizer, str(tokenizer.chat_template)) if template == "chat" else ""
    if lead.strip():  # a thought, whose tags are control tokens
        return joined_ids(tokenizer, [lead], continues=True) + text_ids(tokenizer, answer, continues=True)
    return text_ids(tokenizer, lead + answer, continues=True)


def encode_example(
    tokenizer: PreTrainedTokenizerBase, example: Example, max_length: int, template: str = "alpaca"
) -> Encoded | None:
    """Prompt and response tokenised separately and concatenated; None where no token of the response fits."""
    prompt = prompt_ids(tokenizer, example.instruction, example.input, template)
    response = [*answer_ids(tokenizer, example.output, template), tokenizer.eos_token_id]
    if len(prompt) >= max_length:
        return None
    ids = (prompt + response)[:max_length]
    return Encoded(example.id, ids, len(prompt), truncated=len(prompt) + len(response) > max_length)


def encode_split(
    tokenizer: PreTrainedTokenizerBase, examples: Iterable[Example], max_length: int, template: str = "alpaca"
) -> EncodedSplit:
    """Encode all examples. Raises UserError where nothing is left to train on."""
    from tqdm import tqdm

    shown = tqdm(examples, desc="tokenising", unit=" samples", disable=None, leave=False)
    encoded = [encode_example(tokenizer, example, max_length, template) for example in shown]
    samples = [sample for sample in encoded if sample is not None]
    if not samples:
        raise UserError(f"none of the {len(encoded)} samples fits data.max_length={max_length}; raise it")
    return EncodedSplit(samples, sum(sample.truncated for sample in samples), len(encoded) - len(samples))
