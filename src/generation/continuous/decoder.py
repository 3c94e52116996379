"""Continuous batching: a row that has finished gives its slot to the next prompt.

Greedy tokens are those of generate() one by one, as far as the arithmetic is exact. Sampled tokens depend on the
seed, the prompt's key and the model's probabilities, and not on which rows share the batch: every row has its own
random stream. Where rounding differs between batches (16-bit numbers above all), either may differ.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from transformers import PreTrainedModel

from src.generation.continuous.kv_cache import Spans, use_slot_attention
from src.generation.continuous.steps import GRAPH_UNIT, POLL_INTERVAL, Steps, kv_reads
from src.generation.settings import Decoding
from src.models.hardware import GIB, available_ram_gib
from src.system import distributed

MAX_SLOTS = {"cpu": 64, "cuda": 256}
NUM_SPANS = 4  # the slots, sorted by length, are read in so many spans, each up to its longest row
MIN_GRAPH_SLOTS = 16  # with graphs, fewer slots than this are no faster
ADMISSION_FRACTION = 8  # waiting prompts are admitted as soon as one in so many slots is free
# slots are sorted again where that reduces the KV entries read to this fraction or less
COMPACTION_THRESHOLD = 0.85
PREFILL_TOKENS = {"cpu": 1024, "cuda": 8192}  # of the prompts in one forward pass
CPU_POLL_INTERVAL = 8  # reading tokens makes no CPU wait, so fewer steps are spent on rows that have finished


@dataclass(frozen=True)
class Request:
    """A prompt, and the key of its answer."""

    key: tuple[str, int]
    prompt: list[int]


@dataclass(frozen=True)
class Answer:
    """New tokens of a request, the end token included, and the finish reason: "stop", "turn" or "length"."""

    key: tuple[str, int]
    tokens: list[int]
    finish: str


@dataclass
class _Row:
    request: Request
    random: random.Random
    tokens: list[int] = field(default_factory=list)

    @property
    def position(self) -> int:
        """Position of the next input token: at first the last of the prompt."""
        return len(self.request.prompt) - 1 + len(self.tokens)

    @property
    def next_token(self) -> int:
        return self.tokens[-1] if self.tokens else self.request.prompt[-1]


class SlotDecoder:
    """Decodes `requests`, at most `slots` rows at a time; with `graphs`, by CUDA graphs.

    `truncate` gets all new tokens of a row at every poll, and how many it has seen before; it returns those that count,
    and "length" while the row continues.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        requests: Sequence[Request],
        decoding: Decoding,
        truncate: Callable[[list[int], int], tuple[list[int], str]],
        slots: int,
        graphs: bool,
    ) -> None:
        self.model = model
        self.decoding = decoding
        self.truncate = truncate
        self.graphs = graphs
        self.interval = CPU_POLL_INTERVAL if model.device.type == "cpu" else POLL_INTERVAL
        self.waiting = sorted(requests, key=lambda request: -len(request.prompt))
        self.rows: list[_Row | None] = [None] * min(slots, len(requests))
        needed = max(len(request.prompt) for request in requests) + decoding.max_new_tokens
        self.steps = Steps(
            model,
            len(self.rows),
            -(-needed // GRAPH_UNIT) * GRAPH_UNIT,
            needed - 1,
            graphs,
            decoding.temperature,
            decoding.top_p,
        )

    def answers(self) -> Iterator[list[Answer]]:
        """The answers in the order in which they finish; while the caller stores some, a GPU continues with the rest.

        Raises torch.OutOfMemoryError, and CaptureError where the model cannot be captured as graphs.
        """
        with use_slot_attention(self.model):
            finished: list[Answer] = []
            while True:
                count = self._start()
                if finished:
                    yield finished
                if not count:
                    return
                finished = self._poll(count)

    def _start(self) -> int:
        """Launch the steps up to the next poll; returns their number, 0 where all is done."""
        self._admit()
        alive = [row for row in self.rows if row]
        if not alive:
            return 0
        count = min(self.interval, max(self.decoding.max_new_tokens - len(row.tokens) for row in alive))
        self._compact(count)
        self.steps.start(
            [row.next_token if row else 0 for row in self.rows],
            [row.position if row else 0 for row in self.rows],
            [[row.random.random() if row else 0.0 for _ in range(count)] for row in self.rows]
            if self.decoding.temperature > 0
            else [],
            self._spans(self.rows, count),
            count,
        )
        return count

    def _poll(self, count: int) -> list[Answer]:
        """Read the tokens of the last `count` steps; rows that have finished leave their slots."""
        finished = []
        for slot, tokens in enumerate(self.steps.read(len(self.rows), count)):
            row = self.rows[slot]
            if row and (finish := self._extend(row, tokens)):
                finished.append(Answer(row.request.key, row.tokens, finish))
                self.rows[slot] = None
        return finished

    def _extend(self, row: _Row, tokens: list[int]) -> str | None:
        """Append the row's new tokens up to its end; returns the finish reason, None while the row continues."""
        limit, checked = self.decoding.max_new_tokens, len(row.tokens)
        row.tokens, finish = self.truncate((row.tokens + tokens)[:limit], checked)
        return None if finish == "length" and len(row.tokens) < limit else finish

    def _admit(self) -> None:
        """Prefill waiting prompts into free slots, as soon as enough are free to be worth a forward pass.

        The last token of a prompt is the input of the first decoding step, which gives the first new token.
        """
        free = [slot for slot, row in enumerate(self.rows) if row is None]
        if len(free) < min(len(self.waiting), max(1, len(self.rows) // ADMISSION_FRACTION)):
            return
        admitted, self.waiting = self.waiting[: len(free)], self.waiting[len(free) :]
        limit = PREFILL_TOKENS["cuda" if self.model.device.type == "cuda" else "cpu"]
        while admitted:
            size = max(1, limit // len(admitted[0].prompt))  # sorted: none of the others is longer
            batch, admitted = admitted[:size], admitted[size:]
            slots, free = free[: len(batch)], free[len(batch) :]
            self.steps.prefill([request.prompt[:-1] for request in batch], slots)
            for slot, request in zip(slots, batch, strict=True):
                self.rows[slot] = _Row(request, random.Random(repr((self.decoding.seed, request.key))))

    def _compact(self, count: int) -> None:
        """Drop free slots where no prompt waits, and sort rows by length where that reduces the KV entries read."""
        order = sorted(
            range(len(self.rows)), key=lambda slot: -row.position if (row := self.rows[slot]) else 1
        )
        alive = sum(row is not None for row in self.rows)
        size = len(self.rows) if self.waiting else self._num_slots(alive)
        rows = [self.rows[slot] for slot in order[:size]]
        before, after = (kv_reads(self._spans(each, count)) for each in (self.rows, rows))
        if size < len(self.rows) or after <= COMPACTION_THRESHOLD * before:
            self.steps.select(order[:size])
            self.rows = rows

    def _num_slots(self, alive: int) -> int:
        """Slots for the last rows: as many as alive without graphs; halved with them, as each size needs its own graph."""
        if not self.graphs:
            return alive
        size = len(self.rows)
        while size > MIN_GRAPH_SLOTS and -(-size // 2) >= alive:
            size = -(-size // 2)
        return size

    def _spans(self, rows: Sequence[_Row | None], count: int) -> Spans:
        """Spans of the slots, each with the KV length that the next `count` steps read.

        The kernel reads each row up to its own length: one span, always of the same KV length.
        """
        if self.steps.cache.by_kernel:
            return ((0, len(rows), len(self.steps.kv_positions)),)
        size = -(-len(rows) // NUM_SPANS)
        spans = []
        for start in range(0, len(rows), size):
            members = rows[start : start + size]
            kv_length = max((row.position for row in members if row), default=0) + count
            spans.append((start, start + len(members), min(kv_length, len(self.steps.kv_positions))))
        return tuple(spans)


def free_slots(bytes_per_slot: int, device: torch.device) -> int:
    """How many slots fit into four fifths of the free GPU memory, or half of the free main memory."""
    if device.type == "cpu":
        usable = available_ram_gib() * GIB / distributed.local_world_size() / 2
    else:
        held = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        usable = 0.8 * (torch.cuda.mem_get_info()[0] + held)
    return max(1, min(MAX_SLOTS[device.type], int(usable) // bytes_per_slot))
