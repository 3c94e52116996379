"""The way in which a model is decoded: the fastest that gives the logits of its own plain forward pass."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from src.generation.continuous.kv_cache import supports_slots, use_slot_attention
from src.generation.continuous.steps import GRAPH_UNIT, Steps
from src.generation.settings import Decoding, generation_config
from src.generation.static_batches import StaticBatch
from src.models.architecture import plain_model
from src.models.plain_forward import FAILURES, SPREADS, distance, plain_logits, refuse_non_causal, rounding
from src.schema import UserError
from src.system.exhaustion import is_gpu_out_of_memory

log = logging.getLogger(__name__)

SLOTS = "continuous batches"
BATCHES = "static batches"
ONE_BY_ONE = "batches of one"
UNCACHED = "batches of one without a cache"
PATHS = (SLOTS, BATCHES, ONE_BY_ONE, UNCACHED)  # the fastest first
# Attributes of configurations whose attention reads this many of the keys, the best: padding may change which, some
# tokens later, and in a text of more keys the rounding of a cache too.
_CHOOSES_KEYS = ("index_topk", "keep_window_size")
STEPS = 4  # tokens decoded of each row


@dataclass(frozen=True)
class _Row:
    """A prompt with STEPS tokens after it, and what the model's plain forward says of each next token."""

    prompt: list[int]
    forced: list[int]
    logits: torch.Tensor  # (STEPS, v): the first follows the prompt


@torch.inference_mode()
def decoding_path(model: PreTrainedModel, prompts: Sequence[list[int]], max_new_tokens: int, pad: int) -> str:
    """SLOTS, BATCHES, ONE_BY_ONE or UNCACHED: the first whose logits are those of the plain forward pass, row by row.

    Three real prompts are decoded together: the shortest, the middle one, and the longest, repeated up to the length
    that its answer may have. In each row the median over STEPS tokens counts: in 16 bits a mixture of experts may
    send a token elsewhere. Raises UserError where the model is not causal, its plain forward pass fails, or no way
    is right.
    """
    ordered = sorted(prompts, key=len)
    longest = [*ordered[-1], *(ordered[-1] * (1 + max_new_tokens // len(ordered[-1])))[:max_new_tokens]]
    texts = [ordered[0], ordered[len(ordered) // 2], longest[: len(longest) - STEPS] or longest]
    length = len(longest)
    try:
        rows = [_row(model, text) for text in texts]
        limit = max(rounding(model.dtype).logits, SPREADS * _moved(model, rows[1], length))
    except FAILURES as error:
        if is_gpu_out_of_memory(error):
            raise
        raise UserError(
            f"{type(plain_model(model)).__name__} cannot be decoded: its forward pass fails ({error}). Use another model"
        ) from error
    ways: dict[str, Callable[[], list[torch.Tensor]]] = {
        BATCHES: lambda: _batch_logits(model, rows, pad),
        ONE_BY_ONE: lambda: [logits for row in rows for logits in _batch_logits(model, [row], pad)],
        UNCACHED: lambda: [
            logits for row in rows for logits in _batch_logits(model, [row], pad, cached=False)
        ],
    }
    settings = plain_model(model).config.get_text_config()
    keys = [getattr(settings, name) for name in _CHOOSES_KEYS if hasattr(settings, name)]
    if keys:
        del ways[BATCHES]
        if min(keys) < length:
            del ways[ONE_BY_ONE]
    elif supports_slots(model, length):
        ways = {SLOTS: lambda: _slot_logits(model, rows), **ways}
    for name, logits_of in ways.items():
        reason = _objection(rows, logits_of, limit)
        if not reason:
            return name
        log.warning("not decoding in %s: %s", name, reason)
    raise UserError(
        f"{type(plain_model(model)).__name__} cannot be decoded: no way of it gives the model's own logits. Use another model"
    )


def _objection(rows: Sequence[_Row], logits_of: Callable[[], list[torch.Tensor]], limit: float) -> str:
    """Why a way of decoding is not used; "" where its logits are those of `rows`."""
    try:
        found = logits_of()
    except FAILURES as error:
        if is_gpu_out_of_memory(error):
            return "out of memory"
        log.debug("a way of decoding fails", exc_info=True)
        return f"this model's code does not work with it ({type(error).__name__}: {str(error)[:200]})"
    apart = max(distance(row.logits[: len(own)], own) for row, own in zip(rows, found, strict=True))
    if apart <= limit:
        return ""
    return f"its logits are not those of this model's plain forward pass ({apart:.2g} apart, {limit:.2g} allowed)"


def _row(model: PreTrainedModel, prompt: list[int]) -> _Row:
    forced = (prompt * STEPS)[:STEPS]
    return _Row(prompt, forced, plain_logits(model, prompt + forced[:-1], STEPS))


def _moved(model: PreTrainedModel, row: _Row, length: int) -> float:
    """How far a longer text, of `length` tokens at most, moves the logits before it, which only rounding can. Raises UserError for more."""
    text = row.prompt + row.forced[:-1]
    longer = [*text, *row.prompt][: max(length, len(text))]
    moved = distance(row.logits, plain_logits(model, longer, len(longer) - len(text) + STEPS)[:STEPS])
    refuse_non_causal(model, moved, model.dtype)
    return moved


def _slot_logits(model: PreTrainedModel, rows: Sequence[_Row]) -> list[torch.Tensor]:
    needed = max(len(row.prompt) for row in rows) + STEPS
    steps = Steps(model, len(rows), -(-needed // GRAPH_UNIT) * GRAPH_UNIT, needed - 1, graphs=False)
    texts = [row.prompt + row.forced for row in rows]
    found = []
    with use_slot_attention(model):
        steps.prefill([row.prompt[:-1] for row in rows], range(len(rows)))
        for step in range(STEPS):
            positions = [len(row.prompt) - 1 + step for row in rows]
            tokens = [text[position] for text, position in zip(texts, positions, strict=True)]
            steps.start(tokens, positions, (), ((0, len(rows), len(steps.kv_positions)),), 1)
            found.append(steps.logits[: len(rows)].clone())
    return list(torch.stack(found, dim=1))


def _batch_logits(
    model: PreTrainedModel, rows: Sequence[_Row], pad: int, cached: bool = True
) -> list[torch.Tensor]:
    """Logits of a left-padded batch whose cache is handed on after every token; the first row leaves half-way."""
    batch = StaticBatch(model, [row.prompt for row in rows], pad, cached)
    settings = generation_config(Decoding(1), 1, set(), pad)
    settings.output_logits = True
    alive = list(range(len(rows)))
    found: list[list[torch.Tensor]] = [[] for _ in rows]
    for step in range(STEPS):
        logits = batch.generate(settings).logits[0].float()
        batch.ids[:, -1] = torch.tensor([rows[index].forced[step] for index in alive], device=model.device)
        for index, own in zip(alive, logits, strict=True):
            found[index].append(own)
        if step == STEPS // 2 and len(alive) > 1:
            batch.keep(list(range(1, len(alive))))
            alive = alive[1:]
    return [torch.stack(own) for own in found]
