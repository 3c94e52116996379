"""Answers of a model to prompts, kept on the disk as they end."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from src.data.preprocessing import prompt_ids
from src.generation.continuous.decoder import Request, SlotDecoder, StopCondition, free_slots
from src.generation.continuous.kv_cache import fits_slots, slot_bytes
from src.generation.continuous.steps import POLL_INTERVAL, CaptureError
from src.generation.settings import NEXT_TURN, Decoding, end_tokens, ended, generation_config
from src.generation.static_batches import decode_batch
from src.generation.store import GenerationStore
from src.schema import Example, Generation, UserError

if TYPE_CHECKING:
    from transformers.generation.streamers import BaseStreamer

log = logging.getLogger(__name__)

CPU_BATCH = 16
GPU_BATCH = 128  # by generate()
GPU_SLOTS = 256


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

    At most `batch_size` prompts (0: as many as fit) are answered at once; what has ended at a look is on the
    disk. Running out of memory halves their number. `share` (rank, processes) takes one process's part.
    """
    from tqdm import tqdm

    prompts = {item.id: prompt_ids(tokenizer, item.instruction, item.input, template) for item, _ in missing}
    keys = [(item.id, completion) for item, completion in missing]
    keys.sort(key=lambda key: (-len(prompts[key[0]]), key))
    if not keys:
        return
    length = len(prompts[keys[0][0]]) + decoding.max_new_tokens
    in_slots = fits_slots(model, length)
    size = batch_size or (CPU_BATCH if model.device.type == "cpu" else GPU_BATCH)
    if in_slots and not batch_size and model.device.type == "cuda":
        size = free_slots(slot_bytes(model, length), GPU_SLOTS)
    pending = mine = own_part(keys, size, decoding, share, in_slots)
    began = time.perf_counter()
    with tqdm(total=len(pending), desc=label, unit="answer", disable=None) as bar:
        while pending:
            asked = {key: prompts[key[0]] for key in (pending if in_slots else pending[:size])}
            answer, too_much = _answer_in_slots if in_slots else _answer_batch, False
            try:
                for answers in answer(model, tokenizer, asked, decoding, size):
                    store.add(answers)
                    bar.update(len(answers))
            except torch.OutOfMemoryError:
                too_much = True  # acted on below, where what the failed call held is free again
            except CaptureError as error:
                log.warning("decoding without CUDA graphs, several times slower: %s", error)
                in_slots = False
            pending = [key for key in pending if key not in store.done]
            if too_much:
                size = _half(min(size, len(asked)))
    seconds, tokens = time.perf_counter() - began, sum(store.done[key].tokens for key in mine)
    log.info("%d answers in %.1f s: %.0f new tokens/s", len(mine), seconds, tokens / seconds)


def _half(size: int) -> int:
    """A batch that takes less memory than one of `size` prompts, which was too large."""
    if size == 1:
        raise UserError(
            "out of memory with one prompt; lower evaluation.max_new_tokens or use a smaller model"
        )
    torch.cuda.empty_cache()
    log.warning("out of memory: going on with batches of %d prompts", size // 2)
    return size // 2


def own_part(
    keys: list[tuple[str, int]],
    size: int,
    decoding: Decoding,
    share: tuple[int, int],
    in_slots: bool = False,
) -> list[tuple[str, int]]:
    """What one of several processes answers of `keys`, which are sorted by length.

    Greedy answers and those drawn in slots do not depend on their batch, so prompts are dealt one by one. What
    generate() draws does: whole batches of one process are dealt then.
    """
    rank, processes = share
    if decoding.temperature == 0 or in_slots:
        return keys[rank::processes]
    batches = [keys[start : start + size] for start in range(0, len(keys), size)]
    return [key for batch in batches[rank::processes] for key in batch]


@torch.inference_mode()
def stream_answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: list[int],
    decoding: Decoding,
    streamer: BaseStreamer | None = None,
) -> str:
    """The answer to one tokenised prompt; `streamer` gets the tokens as they come."""
    if decoding.temperature > 0:
        torch.manual_seed(decoding.seed)
    ends = end_tokens(model, tokenizer)
    input_ids = torch.tensor([prompt], device=model.device)
    output = model.generate(  # type: ignore[operator]
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        generation_config=generation_config(
            decoding, decoding.max_new_tokens, ends, int(tokenizer.pad_token_id)
        ),
        streamer=streamer,
    )
    return str(tokenizer.decode(output.sequences[0, len(prompt) :], skip_special_tokens=True))


def _answer_in_slots(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    asked: dict[tuple[str, int], list[int]],
    decoding: Decoding,
    size: int,
) -> Iterator[list[Generation]]:
    """Answers to all that is asked, `size` rows at a time, as they end."""
    recent = POLL_INTERVAL + 2 * len(
        NEXT_TURN
    )  # tokens since the last look, and as many as the text may hold

    def is_next_turn(tokens: list[int]) -> bool:
        return NEXT_TURN in tokenizer.decode(tokens[-recent:])

    endings = StopCondition(frozenset(end_tokens(model, tokenizer)), is_next_turn)
    requests = [Request(key, prompt) for key, prompt in asked.items()]
    decoder = SlotDecoder(model, requests, decoding, endings, size, graphs=model.device.type == "cuda")
    for answers in decoder.answers():
        yield [_generation(item.key, item.tokens, item.finish, tokenizer) for item in answers]


def _answer_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    asked: dict[tuple[str, int], list[int]],
    decoding: Decoding,
    size: int,
) -> Iterator[list[Generation]]:
    """Answers to all that is asked at once, by generate(); what is drawn depends on the whole batch."""
    if decoding.temperature > 0:
        torch.manual_seed(decoding.seed ^ zlib.crc32(repr(list(asked)).encode()))
    ends, pad = end_tokens(model, tokenizer), int(tokenizer.pad_token_id)
    rows = decode_batch(
        model, list(asked.values()), decoding, ends, pad, lambda row: ended(row, ends, tokenizer)
    )
    yield [_generation(key, *row, tokenizer=tokenizer) for key, row in zip(asked, rows, strict=True)]


def _generation(
    key: tuple[str, int], tokens: list[int], finish: str, tokenizer: PreTrainedTokenizerBase
) -> Generation:
    text = str(tokenizer.decode(tokens, skip_special_tokens=True))
    return Generation(key[0], text, len(tokens), finish, key[1])
