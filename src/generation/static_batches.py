"""Static batches decoded by generate(), for models that continuous decoding does not support; finished rows leave."""

from __future__ import annotations

from collections.abc import Callable

import torch
from transformers import PreTrainedModel

from src.generation.continuous.steps import POLL_INTERVAL
from src.generation.settings import Decoding, generation_config


@torch.inference_mode()
def decode_batch(
    model: PreTrainedModel,
    prompts: list[list[int]],
    decoding: Decoding,
    eos_ids: set[int],
    pad: int,
    truncate: Callable[[list[int]], tuple[list[int], str]],
) -> list[tuple[list[int], str]]:
    """New tokens of each prompt, and its finish reason.

    `truncate` gets all new tokens of a row at every poll; it returns those that count, and "length" while the row
    continues.
    """
    longest = max(len(ids) for ids in prompts)
    # left-pad: generation continues at the right edge
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in prompts], device=model.device)  # (b, t)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in prompts], device=model.device)
    rows: list[tuple[list[int], str]] = [([], "length") for _ in prompts]
    alive, cache = list(range(len(prompts))), None
    while alive and ids.shape[1] - longest < decoding.max_new_tokens:
        count = min(POLL_INTERVAL, decoding.max_new_tokens - (ids.shape[1] - longest))
        output = model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            generation_config=generation_config(decoding, count, eos_ids, pad),
        )
        kept = []
        for index, row in enumerate(output.sequences[:, longest:].tolist()):
            rows[alive[index]] = truncate(row)
            if rows[alive[index]][1] == "length":
                kept.append(index)
        cache = output.past_key_values
        if kept and len(kept) < len(alive):
            cache.batch_select_indices(torch.tensor(kept, device=model.device))
        alive = [alive[index] for index in kept]
        ids = output.sequences[kept]
        mask = torch.nn.functional.pad(mask[kept], (0, ids.shape[1] - mask.shape[1]), value=1)
    return rows
