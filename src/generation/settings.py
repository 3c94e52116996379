"""Settings of generation: how tokens are decoded, and what stops an answer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from src.config import Config, EvaluationConfig
from src.data.preprocessing import NEXT_TURN
from src.data.thoughts import is_thinking, opened_tag
from src.data.tokenization import answer_text
from src.models.architecture import plain_model
from src.models.loading import ModelReference
from src.models.run_record import read_record
from src.schema import Generation, UserError

MAX_TOKEN = 2**31  # ids are below
TAG_TOKENS = 16  # at the end of a prompt, enough for the tag of a thought


@dataclass(frozen=True)
class Decoding:
    """Everything that determines an answer besides the model and the prompt."""

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    num_completions: int = 1
    seed: int = 0

    @classmethod
    def of(cls, config: EvaluationConfig) -> Decoding:
        """The decoding of a configuration; greedy decoding drops the settings of sampling."""
        if config.temperature == 0:
            return cls(config.max_new_tokens)
        return cls(
            config.max_new_tokens, config.temperature, config.top_p, config.num_completions, config.seed
        )


def prompt_template(reference: ModelReference, config: Config) -> str:
    """How the model is prompted: an adapter as it was trained, a base as prompt.before says."""
    if reference.adapter is None:
        return config.prompt.template if config.prompt.before == "same" else config.prompt.before
    record = read_record(reference.adapter)
    return record.template if record else config.prompt.template  # the latter: trained elsewhere


def generation_config(
    decoding: Decoding, max_new_tokens: int, eos_ids: set[int], pad: int
) -> GenerationConfig:
    """`decoding` for transformers' generate(), within `no_other_defaults`."""
    options: dict[str, Any] = {"do_sample": False}
    if decoding.temperature > 0:
        options = {
            "do_sample": True,
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "top_k": 0,
        }
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        eos_token_id=sorted(eos_ids),
        pad_token_id=pad,
        num_beams=1,
        return_dict_in_generate=True,
        **options,
    )


@contextmanager
def no_other_defaults(model: PreTrainedModel) -> Iterator[None]:
    """Within the block, generate() does what it is told alone.

    transformers adds whatever a model's own generation_config.json sets and the call does not, such as a repetition
    penalty (Qwen2.5-Coder) or a forced last token (BART).
    """
    holders = [model, *({plain_model(model)} - {model})]
    before = [holder.generation_config for holder in holders]
    try:
        for holder in holders:
            holder.generation_config = GenerationConfig()
        yield
    finally:
        for holder, own in zip(holders, before, strict=True):
            holder.generation_config = own


def truncate_at_end(
    row: list[int], checked: int, eos_ids: set[int], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], str]:
    """The row up to and with the first token that ends it, and its finish reason: "stop", "turn", or "length" so far.

    An end token ends a row, and so does the token that completes the next-turn marker. The first `checked` tokens are
    known not to.
    """
    ends = (place for place in range(checked, len(row)) if row[place] in eos_ids)
    end = next(ends, None)
    row = row if end is None else row[: end + 1]
    start = max(0, checked - 2 * len(NEXT_TURN))  # as many tokens as the beginning of the marker can take

    def has_next_turn(length: int) -> bool:
        return NEXT_TURN in tokenizer.decode(row[start:length])

    if has_next_turn(len(row)):
        return row[: bisect_left(range(len(row)), True, key=has_next_turn)], "turn"
    return row, "length" if end is None else "stop"


def to_generation(
    key: tuple[str, int],
    prompt: list[int],
    tokens: list[int],
    finish: str,
    tokenizer: PreTrainedTokenizerBase,
) -> Generation:
    """The answer to the example and completion `key`, whose new tokens ended as `truncate_at_end` says."""
    text = answer_text(tokenizer, tokens)
    if finish == "length" and is_thinking(text, opened_tag(str(tokenizer.decode(prompt[-TAG_TOKENS:])))):
        finish = "thinking"
    return Generation(key[0], text, len(tokens), finish, key[1])


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokenizer's end token and of those in the model's own generation settings."""
    named = getattr(model.generation_config, "eos_token_id", None)
    own = named if isinstance(named, list) else [named] if named is not None else []
    if not all(isinstance(token, int) and abs(token) < MAX_TOKEN for token in own):
        raise UserError(
            f"the generation_config.json of {model.name_or_path} has eos_token_id {named!r:.80}, no token ids"
        )
    return {tokenizer.eos_token_id, *own}
