"""Static batches decoded by generate(), for models that continuous decoding does not support; finished rows leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel

from src.generation.continuous.steps import POLL_INTERVAL
from src.generation.settings import Decoding, generation_config, no_other_defaults


class StaticBatch:
    """Rows of tokens on a device, padded on the left, which generate() continues."""

    def __init__(
        self, model: PreTrainedModel, prompts: Sequence[list[int]], pad: int, cached: bool = True
    ) -> None:
        self.model = model
        self.cached = cached
        self.longest = max(len(ids) for ids in prompts)
        # left-pad: generation continues at the right edge
        rows = [[pad] * (self.longest - len(row)) + row for row in prompts]
        masks = [[0] * (self.longest - len(row)) + [1] * len(row) for row in prompts]
        self.ids = torch.tensor(rows, device=model.device)  # (b, t)
        self.mask = torch.tensor(masks, device=model.device)
        self.cache: Any = None

    @property
    def num_new(self) -> int:
        """Tokens after the prompts."""
        return self.ids.shape[1] - self.longest

    def generate(self, settings: GenerationConfig) -> Any:
        """Append the tokens that `settings` allow; returns the output of generate()."""
        settings.use_cache = self.cached
        with no_other_defaults(self.model):
            output = self.model.generate(  # type: ignore[operator]
                input_ids=self.ids,
                attention_mask=self.mask,
                past_key_values=self.cache,
                generation_config=settings,
            )
        self.ids = output.sequences
        self.cache = getattr(output, "past_key_values", None)  # else the next call begins with the prompts
        self.mask = torch.nn.functional.pad(self.mask, (0, self.ids.shape[1] - self.mask.shape[1]), value=1)
        return output

    def keep(self, rows: list[int]) -> None:
        """Drop all rows but these."""
        if self.cache is not None:
            # as beam search does: batch_select_indices forgets the states of recurrent layers
            self.cache.reorder_cache(torch.tensor(rows, device=self.ids.device))
        self.ids, self.mask = self.ids[rows], self.mask[rows]


@torch.inference_mode()
def decode_batch(
    model: PreTrainedModel,
    prompts: list[list[int]],
    decoding: Decoding,
    eos_ids: set[int],
    pad: int,
    truncate: Callable[[list[int], int], tuple[list[int], str]],
    cached: bool = True,
) -> list[tuple[list[int], str]]:
    """New tokens of each prompt, and its finish reason.

    `truncate` gets all new tokens of a row at every poll, and how many it has seen before; it returns those that count,
    and "length" while the row continues.
    """
    batch = StaticBatch(model, prompts, pad, cached)
    rows: list[tuple[list[int], str]] = [([], "length") for _ in prompts]
    alive = list(range(len(prompts)))
    while alive and batch.num_new < decoding.max_new_tokens:
        checked = batch.num_new
        count = min(POLL_INTERVAL, decoding.max_new_tokens - checked)
        batch.generate(generation_config(decoding, count, eos_ids, pad))
        kept = []
        for index, row in enumerate(batch.ids[:, batch.longest :].tolist()):
            rows[alive[index]] = truncate(row, checked)
            if rows[alive[index]][1] == "length":
                kept.append(index)
        if kept and len(kept) < len(alive):
            batch.keep(kept)
        alive = [alive[index] for index in kept]
    return rows
