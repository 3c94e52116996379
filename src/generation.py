"""Answers of a model to prompts, kept on the disk as they end."""

from __future__ import annotations

import json
import logging
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from src.config import Config, EvaluationConfig
from src.data.preprocessing import prompt_ids
from src.decoding import Endings, Request, SlotDecoder, free_slots
from src.decoding_batches import decode_batch, generation_config
from src.decoding_cache import fits_slots, slot_bytes
from src.decoding_steps import STRIDE, CaptureError
from src.files import write_atomic
from src.models.base import ModelReference
from src.schema import Example, Generation, UserError

if TYPE_CHECKING:
    from transformers.generation.streamers import BaseStreamer

log = logging.getLogger(__name__)

CPU_BATCH = 16
GPU_BATCH = 128  # by generate()
GPU_SLOTS = 256
NEXT_TURN = "### Instruction"


@dataclass(frozen=True)
class Decoding:
    """All that decides an answer besides the model and the prompt."""

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    num_completions: int = 1
    seed: int = 0

    @classmethod
    def of(cls, config: EvaluationConfig) -> Decoding:
        if config.temperature == 0:
            return cls(config.max_new_tokens)
        return cls(
            config.max_new_tokens, config.temperature, config.top_p, config.num_completions, config.seed
        )


def prompt_template(reference: ModelReference, config: Config) -> str:
    """How the model is asked: an adapter as it was trained, a base as prompt.before says."""
    if reference.adapter is None:
        return config.prompt.template if config.prompt.before == "same" else config.prompt.before
    try:
        run = json.loads((reference.adapter / "run.json").read_text(encoding="utf-8"))
        return str(run["provenance"]["config"]["prompt"]["template"])
    except (OSError, ValueError, KeyError, TypeError):  # an adapter trained elsewhere
        return config.prompt.template


class GenerationStore:
    """Finished answers in a JSON lines file, so that nothing is generated twice; a cut last line is dropped."""

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        self.path = path
        self.key = key
        self.done: dict[tuple[str, int], Generation] = {}
        if self._read():
            self._drop_cut_line()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps(key) + "\n")

    def add(self, generations: Sequence[Generation]) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            for generation in generations:
                self.done[generation.id, generation.completion] = generation
                stream.write(json.dumps(asdict(generation)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def absorb(self, others: Sequence[Path]) -> None:
        """Take over the answers of other stores of the same key, and delete their files."""
        for path in sorted(others):
            self.add(
                [item for key, item in GenerationStore(path, self.key).done.items() if key not in self.done]
            )
            path.unlink()

    def missing(self, examples: Sequence[Example], decoding: Decoding) -> list[tuple[Example, int]]:
        """What is not answered yet: examples with the index of the completion."""
        wanted = [(item, completion) for completion in range(decoding.num_completions) for item in examples]
        return [(item, completion) for item, completion in wanted if (item.id, completion) not in self.done]

    def of(self, examples: Sequence[Example], decoding: Decoding) -> list[Generation]:
        """The answers to `examples`, in their order, completion by completion."""
        completions = range(decoding.num_completions)
        return [self.done[example.id, completion] for completion in completions for example in examples]

    def _read(self) -> bool:
        """Load what is there; False where it was made by another model or decoding."""
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
            if json.loads(lines[0]) != self.key:
                return False
        except (OSError, ValueError, RecursionError):
            return False
        for line in lines[1:]:
            try:
                generation = Generation(**json.loads(line))
            except (ValueError, TypeError, RecursionError):
                break
            self.done[generation.id, generation.completion] = generation
        return True

    def _drop_cut_line(self) -> None:
        lines = [json.dumps(self.key), *(json.dumps(asdict(item)) for item in self.done.values())]
        write_atomic(self.path, "\n".join(lines) + "\n")


def generate_answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    decoding: Decoding,
    store: GenerationStore,
    batch_size: int = 0,
    template: str = "alpaca",
    label: str = "answers",
) -> list[Generation]:
    """One Generation for each example and completion, in the order of GenerationStore.of."""
    generate_missing(
        model, tokenizer, store.missing(examples, decoding), decoding, store, batch_size, template, label
    )
    return store.of(examples, decoding)


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
    recent = STRIDE + 2 * len(NEXT_TURN)  # tokens since the last look, and as many as the text may hold

    def turned(tokens: list[int]) -> bool:
        return NEXT_TURN in tokenizer.decode(tokens[-recent:])

    endings = Endings(frozenset(end_tokens(model, tokenizer)), turned)
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
        model, list(asked.values()), decoding, ends, pad, lambda row: _ended(row, ends, tokenizer)
    )
    yield [_generation(key, *row, tokenizer=tokenizer) for key, row in zip(asked, rows, strict=True)]


def _generation(
    key: tuple[str, int], tokens: list[int], finish: str, tokenizer: PreTrainedTokenizerBase
) -> Generation:
    text = str(tokenizer.decode(tokens, skip_special_tokens=True))
    return Generation(key[0], text, len(tokens), finish, key[1])


def _ended(row: list[int], ends: set[int], tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], str]:
    """The row up to and with its first end token, and how it ended so far."""
    end = next((place for place, token in enumerate(row) if token in ends), None)
    if end is not None:
        return row[: end + 1], "stop"
    return row, "turn" if NEXT_TURN in tokenizer.decode(row) else "length"


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokenizer's end token and those that the model's own generation settings name."""
    named = getattr(model.generation_config, "eos_token_id", None)
    own = named if isinstance(named, list) else [named] if named is not None else []
    return {tokenizer.eos_token_id, *own}
