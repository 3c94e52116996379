"""What a model can read: tokens that its embeddings have rows for, and texts that are within its positions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from src.schema import UserError

log = logging.getLogger(__name__)

_STATED = ("max_position_embeddings", "max_target_positions", "max_seq_len")
_BIAS_TABLES = ("mpt",)  # whose ALiBi is made for max_seq_len tokens; others make it for any length


def check_tokens(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Iterable[Iterable[int]]
) -> None:
    """Raise UserError where `texts`, as token ids, hold a token without a row in the model's embeddings."""
    try:
        embeddings: Any = model.get_input_embeddings()
        rows = int(embeddings.weight.shape[0])
    except (NotImplementedError, AttributeError):  # a model of bytes has no such table
        return
    largest = max((token for text in texts for token in text), default=0)
    if largest >= rows:
        raise UserError(
            f"the tokenizer of {tokenizer.name_or_path} has {len(tokenizer):,} tokens, the model rows for {rows:,}: "
            f"{tokenizer.convert_ids_to_tokens(largest)!r} ({largest}) has none. Use the tokenizer that the model was "
            "made with, or resize the model's embeddings (resize_token_embeddings) and save it again"
        )


def check_prompts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Iterable[list[int]],
    max_new_tokens: int,
) -> None:
    """Raise UserError where the model cannot read the prompts, given as token ids, and answers after them."""
    prompts = [*prompts, [int(tokenizer.pad_token_id)]]  # shorter prompts are padded
    if not all(prompts):
        raise UserError(
            f"the tokenizer of {tokenizer.name_or_path} makes no token of a prompt; use another one"
        )
    check_tokens(model, tokenizer, prompts)
    longest = max(map(len, prompts))
    what = (
        f"the longest prompt has {longest:,} tokens and its answer up to {max_new_tokens:,} "
        f"(evaluation.max_new_tokens), {longest + max_new_tokens:,} in all"
    )
    check_length(model, longest + max_new_tokens, what, "lower evaluation.max_new_tokens or shorten prompts")


def check_length(model: PreTrainedModel, length: int, what: str, remedy: str) -> None:
    """Raise UserError where a text of `length` tokens has more than the model has positions.

    Where the model computes positions for any length and states how far it was trained, that is a warning.
    """
    name, positions = type(model).__name__, position_limit(model)
    if positions and length > positions:
        raise UserError(f"{what}, and {name} has {positions:,} positions; {remedy}")
    trained = _trained_positions(model.config.get_text_config())
    if not positions and 0 < trained < length:
        log.warning(
            "%s, and %s was made for %s: expect worse answers, or %s", what, name, f"{trained:,}", remedy
        )


def position_limit(model: PreTrainedModel) -> int:
    """The tokens of the longest text that the model can read; 0 where it computes positions for any length.

    Tables of a vision or audio tower are not those of the text: they have other sizes than its configuration states.
    """
    text = model.config.get_text_config()
    stated = _stated_positions(text)
    if text.model_type in _BIAS_TABLES:
        return stated
    return min(_table_rows(model, stated), default=0)


def _table_rows(model: torch.nn.Module, stated: int) -> Iterator[int]:
    """Rows that text can use of every table of positions; RoBERTa counts from the row after its padding."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.dim() == 2 and stated <= tensor.shape[0] <= stated + 2 and _is_table(name):
            padding = getattr(model.get_submodule(name.rpartition(".")[0]), "padding_idx", None)
            yield min(stated, tensor.shape[0] - (0 if padding is None else padding + 1))


def _is_table(name: str) -> bool:
    """Whether a tensor's name is that of a table with one vector a position."""
    last = name.removesuffix(".weight").removesuffix(".embedding").rpartition(".")[2]
    return last == "wpe" or "pos" in last


def _stated_positions(text: PretrainedConfig) -> int:
    """The positions in a configuration, under one name or another; 0 where it has none, or any number (XLNet's -1)."""
    found = next((value for name in _STATED if isinstance(value := getattr(text, name, None), int)), 0)
    return max(0, found)


def _trained_positions(text: PretrainedConfig) -> int:
    """The stated positions, or what rotary ones are stretched to, where a configuration states the original ones."""
    rope = getattr(text, "rope_parameters", None) or {}
    stretched = (rope.get("factor") or 1) * (rope.get("original_max_position_embeddings") or 0)
    return max(_stated_positions(text), int(stretched))
