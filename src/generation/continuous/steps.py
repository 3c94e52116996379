"""Strides of decoding steps for all slots at once, replayed as CUDA graphs where there are any."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import PreTrainedModel, TemperatureLogitsWarper, TopPLogitsWarper

from src.generation.continuous import kernel
from src.generation.continuous.kv_cache import SlotCache, Spans
from src.models.architecture import head_dim

log = logging.getLogger(__name__)

POLL_INTERVAL = 32  # tokens between looks at which rows have ended; those leave the batch
GRAPH_HEADROOM = 32  # places more than a new graph needs at once, so that the next stride finds it fitting
GRAPH_UNIT = 64  # a graph reads a multiple of it, so that there are few
MAX_OVERREAD = 1.25  # a graph that reads at most so many times the places wanted is used instead of a new one


class CaptureError(RuntimeError):
    """A step of this model cannot be made a CUDA graph."""


class Steps:
    """Device state of a decoding: the cache, each slot's next token and position, the stride's new tokens.

    `last` is the last position that any row needs; rows that have ended may run on and stay there.
    `temperature` 0 takes the likeliest token. A method returns before the device has done its work; only
    `read` waits.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        slots: int,
        length: int,
        last: int,
        graphs: bool,
        temperature: float = 0.0,
        top_p: float = 1.0,
    ) -> None:
        device = model.device
        self.model = model
        self.cache = SlotCache(slots, length, kernel.runs_on(device, head_dim(model.config)))
        self.last = last
        self.warpers: list[Any] = []
        if temperature not in (0, 1):
            self.warpers.append(TemperatureLogitsWarper(float(temperature)))
        if temperature and top_p < 1:
            self.warpers.append(TopPLogitsWarper(float(top_p)))
        self.sampled = temperature > 0
        self.inputs = torch.zeros(slots, 1, dtype=torch.long, device=device)
        self.positions = torch.zeros(slots, dtype=torch.long, device=device)
        self.tokens = torch.zeros(slots, POLL_INTERVAL, dtype=torch.long, device=device)
        self.draws = torch.zeros(slots, POLL_INTERVAL, dtype=torch.double, device=device)
        self.step = torch.zeros(1, dtype=torch.long, device=device)
        self.slots = torch.arange(slots, device=device)
        self.places = torch.arange(length, device=device)
        self.logits = torch.empty(0)
        self.graphs: dict[Spans, torch.cuda.CUDAGraph] | None = {} if graphs else None
        self.pool = torch.cuda.graph_pool_handle() if graphs else None
        self.backends = [SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Sequence[int]], slots: Sequence[int]) -> None:
        """Keys and values of whole prompts, each into its slot; what pads them on the right is never read."""
        longest = max(len(prompt) for prompt in prompts)
        if longest == 0:
            return
        rows = [[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts]
        device = self.model.device
        self.cache.prefill(torch.tensor(slots, device=device))
        self.model(
            input_ids=torch.tensor(rows, device=device),  # (b, t)
            position_ids=self.places[None, :longest],
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )

    @torch.inference_mode()
    def select(self, order: Sequence[int]) -> None:
        """Slot n goes on with what slot order[n] held."""
        self.cache.select(order)

    @torch.inference_mode()
    def start(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        draws: Sequence[Sequence[float]],
        spans: Spans,
        count: int,
    ) -> None:
        """`count` steps of the first slots from these tokens at these positions (b,); `draws` (b, count) where sampled."""
        rows = len(tokens)
        self.inputs[:rows, 0] = torch.tensor(tokens)
        self.positions[:rows] = torch.tensor(positions)
        if self.sampled:
            self.draws[:rows, :count] = torch.tensor(draws, dtype=torch.double)
        self.step.zero_()
        if self.graphs is not None:
            self._replay(spans, count)
            return
        for _ in range(count):
            self._forward(spans)
            self._advance(rows)

    def read(self, rows: int, count: int) -> list[list[int]]:
        """The tokens of the stride, slot by slot."""
        return self.tokens[:rows, :count].tolist()

    def _forward(self, spans: Spans) -> None:
        """Logits of every slot's next token, left in `self.logits`."""
        rows, longest = spans[-1][1], max(places for _, _, places in spans)
        positions = self.positions[:rows]
        self.cache.decode(self.slots[:rows], positions, longest)
        kernel = self.cache.by_kernel
        reach = 1 if kernel else longest  # a kernel needs no mask, but without one a model makes its own
        mask = torch.zeros(rows, reach, dtype=self.model.dtype, device=positions.device)
        mask.masked_fill_(self.places[:reach] > positions[:, None], float("-inf"))
        output = self.model(
            input_ids=self.inputs[:rows],
            attention_mask=mask[:, None, None],
            position_ids=positions[:, None],
            past_key_values=self.cache,
            use_cache=True,
            spans=spans,
            slot_cache=self.cache if kernel else None,
        )
        logits = output.logits[:, -1]
        if not self.logits.numel():
            self.logits = torch.empty(
                len(self.slots), logits.shape[1], dtype=torch.float32, device=logits.device
            )
        self.logits[:rows].copy_(logits)

    def _advance(self, rows: int) -> None:
        """Choose each slot's token and make it the next step's input."""
        chosen = self._sample(rows) if self.sampled else self.logits[:rows].argmax(-1)
        self.inputs[:rows, 0] = chosen
        self.tokens[:rows].index_copy_(1, self.step, chosen[:, None])
        self.positions.add_(1).clamp_(max=self.last)
        self.step.add_(1)

    def _sample(self, rows: int) -> torch.Tensor:
        """The token at which the summed probabilities pass the row's draw: what multinomial does, row by row."""
        scores = self.logits[:rows]
        for warper in self.warpers:
            scores = warper(None, scores)
        sums = scores.softmax(-1).double().cumsum(-1)  # (b, v)
        whole = sums[:, -1:]
        draw = self.draws[:rows].gather(1, self.step.expand(rows, 1)) * whole
        below = torch.nextafter(whole, torch.zeros_like(whole))  # no draw passes the last likely token
        return torch.searchsorted(sums, torch.minimum(draw, below), right=True)[:, 0].clamp_(
            max=sums.shape[1] - 1
        )

    def _replay(self, spans: Spans, count: int) -> None:
        assert self.graphs is not None
        fitting = fitting_spans(self.graphs, spans, len(self.places))
        if fitting not in self.graphs:
            self._first_step(fitting)
            self.graphs[fitting] = self._capture(fitting)
            count -= 1
        rows, graph = fitting[-1][1], self.graphs[fitting]
        for _ in range(count):
            graph.replay()
            if self.sampled:
                self._advance(rows)

    def _first_step(self, spans: Spans) -> None:
        """A step as it comes: what kernels set up at their first call may not happen while a graph is captured."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._try_kernels(spans)
            self._advance(spans[-1][1])
        torch.cuda.current_stream().wait_stream(side)

    def _try_kernels(self, spans: Spans) -> None:
        """`_forward`, once more without cuDNN where that fails."""
        while True:
            try:
                with self._kernels():
                    return self._forward(spans)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                if SDPBackend.CUDNN_ATTENTION not in self.backends:
                    raise CaptureError(str(error)) from error
                log.warning("attention without cuDNN: %s", error)
                self.backends.remove(SDPBackend.CUDNN_ATTENTION)

    def _capture(self, spans: Spans) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            with self._kernels(), torch.cuda.graph(graph, pool=self.pool):
                self._forward(spans)
                if not self.sampled:
                    self._advance(spans[-1][1])
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise CaptureError(str(error)) from error
        return graph

    @contextmanager
    def _kernels(self) -> Iterator[None]:
        """Of the kernels that take a mask, cuDNN's reads keys at the memory's speed; where it cannot run, the next does."""
        known = inspect.signature(sdpa_kernel).parameters
        with sdpa_kernel(self.backends, **({"set_priority": True} if "set_priority" in known else {})):
            yield


def read_places(spans: Spans) -> int:
    """How many places of the cache a step reads."""
    return sum((stop - start) * places for start, stop, places in spans)


def fitting_spans(known: Collection[Spans], wanted: Spans, length: int) -> Spans:
    """Spans that hold those wanted: the tightest of `known` unless it reads too much, else new ones with room."""
    rounded = tuple(
        (start, stop, min(length, -(-(places + GRAPH_HEADROOM) // GRAPH_UNIT) * GRAPH_UNIT))
        for start, stop, places in wanted
    )
    enough = [spans for spans in known if _hold(spans, wanted)]
    best = min(enough, key=read_places, default=rounded)
    return best if read_places(best) <= MAX_OVERREAD * read_places(wanted) else rounded


def _hold(spans: Spans, wanted: Spans) -> bool:
    """Whether the spans are over the same slots and none reads less than is wanted."""
    return len(spans) == len(wanted) and all(
        mine[:2] == other[:2] and mine[2] >= other[2] for mine, other in zip(spans, wanted, strict=True)
    )
