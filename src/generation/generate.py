"""Answers of a model to prompts, kept on disk as they finish."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from src.data.preprocessing import prompt_ids
from src.generation.continuous.decoder import MAX_SLOTS, Request, SlotDecoder, free_slots
from src.generation.continuous.kv_cache import slot_bytes
from src.generation.continuous.steps import CaptureError
from src.generation.self_check import ONE_BY_ONE, PATHS, SLOTS, UNCACHED, decoding_path
from src.generation.settings import Decoding, end_tokens, to_generation, truncate_at_end
from src.generation.static_batches import decode_batch
from src.generation.store import GenerationStore
from src.models.hardware import empty_cache
from src.models.limits import check_prompts
from src.schema import Example, Generation, UserError
from src.system import distributed
from src.system.exhaustion import is_gpu_out_of_memory

log = logging.getLogger(__name__)

CPU_BATCH = 16  # prompts in a batch of generate()
GPU_BATCH = 128


def generate_missing(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    missing: Sequence[tuple[Example, int]],
    decoding: Decoding,
    store: GenerationStore,
    batch_size: int = 0,
    template: str = "alpaca",
    label: str = "answers",
    share: tuple[int, int] = (0, 1),
) -> None:
    """Put the answers to `missing` (examples with the index of the completion) into `store`.

    At most `batch_size` prompts (0: as many as fit) are decoded together; answers are on disk from the poll at
    which they have finished. Running out of memory halves the batch. `share` is (rank, world size): the shard of
    one process.
    """
    from tqdm import tqdm

    prompts = {item.id: prompt_ids(tokenizer, item.instruction, item.input, template) for item, _ in missing}
    keys = [(item.id, completion) for item, completion in missing]
    keys.sort(key=lambda key: (-len(prompts[key[0]]), key))
    if not keys:
        return
    check_prompts(model, tokenizer, prompts.values(), decoding.max_new_tokens)
    length = len(prompts[keys[0][0]]) + decoding.max_new_tokens
    own = decoding_path(model, list(prompts.values()), decoding.max_new_tokens, int(tokenizer.pad_token_id))
    path = max(distributed.gather(own), key=PATHS.index)
    in_slots = path == SLOTS
    size = batch_size or (GPU_BATCH if model.device.type == "cuda" else CPU_BATCH)
    size = 1 if path in (ONE_BY_ONE, UNCACHED) else size
    if in_slots and not batch_size and model.device.type in MAX_SLOTS:
        size = free_slots(slot_bytes(model, length), model.device)
    pending = shard = own_shard(keys, size, decoding, share, in_slots)
    started = time.perf_counter()
    with tqdm(total=len(pending), desc=label, unit="answer", disable=None) as bar:
        while pending:
            batch = {key: prompts[key[0]] for key in (pending if in_slots else pending[:size])}
            out_of_memory = False
            answer = _answer_in_slots if in_slots else partial(_answer_batch, cached=path != UNCACHED)
            try:
                for answers in answer(model, tokenizer, batch, decoding, size):
                    store.add(answers)
                    bar.update(len(answers))
            except CaptureError as error:
                log.warning("decoding without CUDA graphs, several times slower: %s", error)
                in_slots = False
            except RuntimeError as error:
                if not is_gpu_out_of_memory(error):
                    raise
                out_of_memory = True  # handled below, where the memory of the failed call is free again
            pending = [key for key in pending if key not in store.done]
            if out_of_memory:
                size = _half(min(size, len(batch)))
    seconds, tokens = time.perf_counter() - started, sum(store.done[key].tokens for key in shard)
    log.info("%d answers in %.1f s: %.0f new tokens/s", len(shard), seconds, tokens / seconds)


def _half(size: int) -> int:
    """Half of a batch size that ran out of memory. Raises UserError where it was one prompt."""
    if size == 1:
        raise UserError(
            "out of memory with one prompt; lower evaluation.max_new_tokens or use a smaller model"
        )
    empty_cache()
    log.warning("out of memory: continuing with batches of %d prompts", size // 2)
    return size // 2


def own_shard(
    keys: list[tuple[str, int]], size: int, decoding: Decoding, share: tuple[int, int], in_slots: bool = False
) -> list[tuple[str, int]]:
    """The shard of `keys`, which are sorted by length, that the process `share` (rank, world size) answers.

    Greedy answers and those sampled in slots do not depend on their batch, so prompts are sharded one by one. What
    generate() samples does depend on it: whole batches of a single process are sharded then.
    """
    rank, world_size = share
    if decoding.temperature == 0 or in_slots:
        return keys[rank::world_size]
    batches = [keys[start : start + size] for start in range(0, len(keys), size)]
    return [key for batch in batches[rank::world_size] for key in batch]


def _answer_in_slots(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: dict[tuple[str, int], list[int]],
    decoding: Decoding,
    size: int,
) -> Iterator[list[Generation]]:
    """Answers to all prompts, at most `size` rows at a time, as they finish."""
    truncate = partial(truncate_at_end, eos_ids=end_tokens(model, tokenizer), tokenizer=tokenizer)
    requests = [Request(key, prompt) for key, prompt in prompts.items()]
    graphs = model.device.type == "cuda" and not torch.version.hip
    decoder = SlotDecoder(model, requests, decoding, truncate, size, graphs=graphs)
    for answers in decoder.answers():
        yield [
            to_generation(item.key, prompts[item.key], item.tokens, item.finish, tokenizer)
            for item in answers
        ]


def _answer_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: dict[tuple[str, int], list[int]],
    decoding: Decoding,
    size: int,
    cached: bool,
) -> Iterator[list[Generation]]:
    """Answers to all prompts in one batch, by generate(); sampled answers depend on the whole batch."""
    if decoding.temperature > 0:
        torch.manual_seed(decoding.seed ^ zlib.crc32(repr(list(prompts)).encode()))
    eos_ids, pad = end_tokens(model, tokenizer), int(tokenizer.pad_token_id)
    rows = decode_batch(
        model,
        list(prompts.values()),
        decoding,
        eos_ids,
        pad,
        partial(truncate_at_end, eos_ids=eos_ids, tokenizer=tokenizer),
        cached,
    )
    yield [
        to_generation(key, prompt, *row, tokenizer)
        for (key, prompt), row in zip(prompts.items(), rows, strict=True)
    ]
