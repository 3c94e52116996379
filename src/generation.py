"""Answers of a model to prompts: the only place that calls generate()."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    StoppingCriteria,
    StoppingCriteriaList,
)

from src.config import EvaluationConfig
from src.data.preprocessing import prompt_ids
from src.schema import Example, Generation

if TYPE_CHECKING:
    from transformers.generation.streamers import BaseStreamer

CPU_BATCH = 16
GPU_BATCH = 128
NEXT_TURN = "### Instruction"
LOOK_EVERY = 8  # steps between looks for another turn; each look waits for the device


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
            path.write_text(json.dumps(key) + "\n", encoding="utf-8")

    def add(self, generations: Sequence[Generation]) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            for generation in generations:
                self.done[generation.id, generation.completion] = generation
                stream.write(json.dumps(asdict(generation)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self) -> bool:
        """Load what is there; False where it was made by another model or decoding."""
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
            if json.loads(lines[0]) != self.key:
                return False
        except (OSError, ValueError):
            return False
        for line in lines[1:]:
            try:
                generation = Generation(**json.loads(line))
            except (ValueError, TypeError):
                break
            self.done[generation.id, generation.completion] = generation
        return True

    def _drop_cut_line(self) -> None:
        lines = [json.dumps(self.key)] + [json.dumps(asdict(item)) for item in self.done.values()]
        from src.files import write_atomic

        write_atomic(self.path, "\n".join(lines) + "\n")


class AnotherTurn(StoppingCriteria):
    """Ends a row that has begun a new "### Instruction" of its own; looked for every few steps."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt_length: int) -> None:
        self.tokenizer = tokenizer
        self.prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        made = input_ids.shape[1] - self.prompt_length
        if made % LOOK_EVERY:
            return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)
        tails = self.tokenizer.batch_decode(input_ids[:, self.prompt_length :][:, -(2 * LOOK_EVERY + 8) :])
        return torch.tensor([NEXT_TURN in tail for tail in tails], device=input_ids.device)


def generate_answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    decoding: Decoding,
    store: GenerationStore,
    batch_size: int = 0,
    label: str = "answers",
) -> list[Generation]:
    """One Generation for each example and completion, in the order of `examples`.

    Prompts of like length share a batch, padded on the left; every finished batch is on the disk.
    """
    from tqdm import tqdm

    wanted = [(example, completion) for completion in range(decoding.num_completions) for example in examples]
    prompts = {example.id: prompt_ids(tokenizer, example.instruction, example.input) for example in examples}
    pending = [
        (example.id, completion)
        for example, completion in wanted
        if (example.id, completion) not in store.done
    ]
    pending.sort(key=lambda item: (-len(prompts[item[0]]), item))
    size = batch_size or (CPU_BATCH if model.device.type == "cpu" else GPU_BATCH)
    with tqdm(
        total=len(wanted), initial=len(wanted) - len(pending), desc=label, unit="answer", disable=None
    ) as bar:
        for keys in _batches(pending, size):
            store.add(_answer_batch(model, tokenizer, keys, [prompts[key[0]] for key in keys], decoding))
            bar.update(len(keys))
    return [store.done[example.id, completion] for example, completion in wanted]


def stream_answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    instruction: str,
    input: str,
    decoding: Decoding,
    streamer: BaseStreamer | None = None,
) -> str:
    """One answer; `streamer` gets the tokens as they come."""
    ids = prompt_ids(tokenizer, instruction, input)
    tokens, _ = _new_tokens(model, tokenizer, [ids], decoding, decoding.seed, streamer)
    return tokenizer.decode(tokens[0], skip_special_tokens=True)


def _batches(items: list[tuple[str, int]], size: int) -> Iterator[list[tuple[str, int]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _answer_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    keys: list[tuple[str, int]],
    prompts: list[list[int]],
    decoding: Decoding,
) -> list[Generation]:
    seed = decoding.seed ^ zlib.crc32(repr(keys).encode())
    rows, ends = _new_tokens(model, tokenizer, prompts, decoding, seed)
    answers = []
    for (example_id, completion), row in zip(keys, rows, strict=True):
        tokens, finish = _cut(row, ends)
        text = tokenizer.decode(tokens, skip_special_tokens=True)
        if finish == "length" and NEXT_TURN in text:
            finish = "turn"
        answers.append(Generation(example_id, text, len(tokens), finish, completion))
    return answers


def _cut(row: list[int], ends: set[int]) -> tuple[list[int], str]:
    """The row up to and with its first end token."""
    for position, token in enumerate(row):
        if token in ends:
            return row[: position + 1], "stop"
    return row, "length"


@torch.inference_mode()
def _new_tokens(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    decoding: Decoding,
    seed: int,
    streamer: BaseStreamer | None = None,
) -> tuple[list[list[int]], set[int]]:
    """The tokens after each prompt (right-padded by generate), and the end tokens."""
    longest = max(len(ids) for ids in prompts)
    pad = tokenizer.pad_token_id
    input_ids = torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts], device=model.device)
    ends = end_tokens(model, tokenizer)
    if decoding.temperature > 0:
        torch.manual_seed(seed)
    output = model.generate(
        input_ids=input_ids,
        attention_mask=mask,
        generation_config=generation_config(decoding, ends, pad),
        stopping_criteria=StoppingCriteriaList([AnotherTurn(tokenizer, longest)]),
        streamer=streamer,
    )
    return output[:, longest:].tolist(), ends


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokenizer's end token and those that the model's own generation settings name."""
    named = getattr(model.generation_config, "eos_token_id", None)
    own = named if isinstance(named, list) else [named] if named is not None else []
    return {tokenizer.eos_token_id, *own}


def generation_config(decoding: Decoding, ends: set[int], pad: int) -> GenerationConfig:
    """Decoding as stated, with none of a model's own sampling defaults."""
    options: dict[str, Any] = {"do_sample": False}
    if decoding.temperature > 0:
        options = {
            "do_sample": True,
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "top_k": 0,
        }
    return GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        eos_token_id=sorted(ends),
        pad_token_id=pad,
        num_beams=1,
        **options,
    )
