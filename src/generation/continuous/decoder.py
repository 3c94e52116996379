"""Many prompts decoded together: a row that has ended hands its slot to the next prompt.

Greedy tokens are those of generate() one by one, as far as the arithmetic is exact. What is drawn depends on the
seed, the prompt's key and the model's probabilities, and not on which rows share the batch: every row has a
random stream of its own. Where rounding differs between batches (16-bit numbers above all), either may differ.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from transformers import PreTrainedModel

from src.generation.continuous.kv_cache import Spans, slots_attended
from src.generation.continuous.steps import GRAPH_UNIT, POLL_INTERVAL, Steps, read_places
from src.generation.settings import Decoding

NUM_SPANS = 4  # the slots, sorted by length, are read in so many parts, each as far as its longest row
MIN_GRAPH_SLOTS = 16  # with graphs, fewer slots than this are no faster
ADMISSION_FRACTION = 8  # waiting prompts come in as soon as one in so many slots is free
COMPACTION_THRESHOLD = 0.85  # slots are sorted anew where that leaves at most this part of what is read
PREFILL_TOKENS = {"cpu": 1024, "cuda": 8192}  # of prompts that go through the model together


@dataclass(frozen=True)
class Request:
    """A prompt, and the name that its answer goes by."""

    key: tuple[str, int]
    prompt: list[int]


@dataclass(frozen=True)
class Answer:
    """New tokens of a request, the end token too, and how they ended: "stop", "turn" or "length"."""

    key: tuple[str, int]
    tokens: list[int]
    finish: str


@dataclass(frozen=True)
class StopCondition:
    """What ends a row besides its length."""

    tokens: frozenset[int]
    is_next_turn: Callable[[list[int]], bool]  # asked at every look with all tokens of the row


@dataclass
class _Row:
    request: Request
    random: random.Random
    tokens: list[int] = field(default_factory=list)

    @property
    def position(self) -> int:
        """Where the next token that goes in stands: the last of the prompt at first."""
        return len(self.request.prompt) - 1 + len(self.tokens)

    @property
    def next_token(self) -> int:
        return self.tokens[-1] if self.tokens else self.request.prompt[-1]


class SlotDecoder:
    """Decodes `requests` in at most `slots` rows at a time; with `graphs`, by CUDA graphs."""

    def __init__(
        self,
        model: PreTrainedModel,
        requests: Sequence[Request],
        decoding: Decoding,
        endings: StopCondition,
        slots: int,
        graphs: bool,
    ) -> None:
        self.model = model
        self.decoding = decoding
        self.endings = endings
        self.graphs = graphs
        self.waiting = sorted(requests, key=lambda request: -len(request.prompt))
        self.rows: list[_Row | None] = [None] * min(slots, len(requests))
        needed = slot_length(requests, decoding)
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
        """The answers in the order in which they end; while the caller keeps some, a GPU goes on with the rest.

        Raises torch.OutOfMemoryError, and CaptureError where the model cannot be decoded by graphs.
        """
        with slots_attended(self.model):
            ended: list[Answer] = []
            while True:
                count = self._start()
                if ended:
                    yield ended
                if not count:
                    return
                ended = self._look(count)

    def _start(self) -> int:
        """Set off the next stride; the number of its steps, 0 where there is nothing to do."""
        self._admit()
        alive = [row for row in self.rows if row]
        if not alive:
            return 0
        count = min(POLL_INTERVAL, max(self.decoding.max_new_tokens - len(row.tokens) for row in alive))
        self._arrange(count)
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

    def _look(self, count: int) -> list[Answer]:
        """Take in the stride's tokens; rows that have ended leave their slots."""
        ended = []
        for slot, tokens in enumerate(self.steps.read(len(self.rows), count)):
            row = self.rows[slot]
            if row and (finish := self._take(row, tokens)):
                ended.append(Answer(row.request.key, row.tokens, finish))
                self.rows[slot] = None
        return ended

    def _take(self, row: _Row, tokens: list[int]) -> str | None:
        """Append the row's new tokens up to its end; how it ended, if it did."""
        most = self.decoding.max_new_tokens
        tokens = tokens[: most - len(row.tokens)]
        end = next((place for place, token in enumerate(tokens) if token in self.endings.tokens), None)
        if end is not None:
            row.tokens += tokens[: end + 1]
            return "stop"
        row.tokens += tokens
        if self.endings.is_next_turn(row.tokens):
            return "turn"
        return "length" if len(row.tokens) == most else None

    def _admit(self) -> None:
        """Waiting prompts take free slots, as soon as enough are free to be worth a call of the model.

        The last token of a prompt is left to the first step, which so gives the first new token.
        """
        free = [slot for slot, row in enumerate(self.rows) if row is None]
        if len(free) < min(len(self.waiting), max(1, len(self.rows) // ADMISSION_FRACTION)):
            return
        taken, self.waiting = self.waiting[: len(free)], self.waiting[len(free) :]
        most = PREFILL_TOKENS["cpu" if self.model.device.type == "cpu" else "cuda"]
        while taken:
            size = max(1, most // len(taken[0].prompt))  # sorted: none of the others is longer
            part, taken = taken[:size], taken[size:]
            slots, free = free[: len(part)], free[len(part) :]
            self.steps.prefill([request.prompt[:-1] for request in part], slots)
            for slot, request in zip(slots, part, strict=True):
                self.rows[slot] = _Row(request, random.Random(repr((self.decoding.seed, request.key))))

    def _arrange(self, count: int) -> None:
        """Fewer slots where nothing waits, and rows sorted by length where that spares reading."""
        order = sorted(
            range(len(self.rows)), key=lambda slot: -row.position if (row := self.rows[slot]) else 1
        )
        alive = sum(row is not None for row in self.rows)
        size = len(self.rows) if self.waiting else self._size(alive)
        rows = [self.rows[slot] for slot in order[:size]]
        now, then = (read_places(self._spans(each, count)) for each in (self.rows, rows))
        if size < len(self.rows) or then <= COMPACTION_THRESHOLD * now:
            self.steps.select(order[:size])
            self.rows = rows

    def _size(self, alive: int) -> int:
        """Slots for the last rows: as many with plain steps, by halves with graphs, for each size needs its own."""
        if not self.graphs:
            return alive
        size = len(self.rows)
        while size > MIN_GRAPH_SLOTS and -(-size // 2) >= alive:
            size = -(-size // 2)
        return size

    def _spans(self, rows: Sequence[_Row | None], count: int) -> Spans:
        """Parts of the slots, and up to where each has to be read in the next `count` steps.

        A kernel reads each row as far as it reaches: one part, always of the same length.
        """
        if self.steps.cache.by_kernel:
            return ((0, len(rows), len(self.steps.places)),)
        size = -(-len(rows) // NUM_SPANS)
        spans = []
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            places = max((row.position for row in part if row), default=0) + count
            spans.append((start, start + len(part), min(places, len(self.steps.places))))
        return tuple(spans)


def slot_length(requests: Sequence[Request], decoding: Decoding) -> int:
    """Places that the longest of the rows may need."""
    return max(len(request.prompt) for request in requests) + decoding.max_new_tokens


def free_slots(bytes_per_slot: int, most: int) -> int:
    """How many slots fit into four fifths of what the GPU has free, at least one."""
    free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return max(1, min(most, int(0.8 * free) // bytes_per_slot))
