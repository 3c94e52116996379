"""Decoding steps for all slots at once, many between two polls, replayed as CUDA graphs on a GPU."""

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
from src.models.hardware import widest_float

log = logging.getLogger(__name__)

POLL_INTERVAL = 32  # tokens between polls for finished rows, which leave the batch
# KV length that a new graph reads beyond what is needed now, so that it fits the next interval too
GRAPH_HEADROOM = 32
GRAPH_UNIT = 64  # the KV length of a graph is a multiple of it, so that there are few graphs
MAX_OVERREAD = 1.25  # a graph is reused where it reads at most so many times the KV entries needed


class CaptureError(RuntimeError):
    """A step of this model cannot be captured as a CUDA graph."""


class Steps:
    """Device state of decoding: the cache, each slot's next token and position, the new tokens since the last poll.

    `last` is the last position that any row needs; rows that have finished may continue and stay there.
    `temperature` 0 is greedy. Methods return before the device has done its work; only `read` synchronises.
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
        self.wide = widest_float(device)
        self.uniforms = torch.zeros(slots, POLL_INTERVAL, dtype=self.wide, device=device)
        self.step = torch.zeros(1, dtype=torch.long, device=device)
        self.slots = torch.arange(slots, device=device)
        self.kv_positions = torch.arange(length, device=device)
        self.logits = torch.empty(0)
        self.graphs: dict[Spans, torch.cuda.CUDAGraph] | None = {} if graphs else None
        self.pool = torch.cuda.graph_pool_handle() if graphs else None
        self.backends = [SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Sequence[int]], slots: Sequence[int]) -> None:
        """Write keys and values of whole prompts, each into its slot; the padding on the right is never read."""
        longest = max(len(prompt) for prompt in prompts)
        if longest == 0:
            return
        rows = [[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts]
        device = self.model.device
        self.cache.prefill(torch.tensor(slots, device=device))
        self.model(
            input_ids=torch.tensor(rows, device=device),  # (b, t)
            position_ids=self.kv_positions[None, :longest],
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )

    @torch.inference_mode()
    def select(self, order: Sequence[int]) -> None:
        """Move slot order[n] to slot n."""
        self.cache.select(order)

    @torch.inference_mode()
    def start(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        uniforms: Sequence[Sequence[float]],
        spans: Spans,
        count: int,
    ) -> None:
        """Launch `count` steps of the first b slots from tokens (b,) at positions (b,).

        `uniforms` (b, count) are the random numbers in [0, 1) of sampling; greedy decoding needs none.
        """
        rows = len(tokens)
        self.inputs[:rows, 0] = torch.tensor(tokens)
        self.positions[:rows] = torch.tensor(positions)
        if self.sampled:
            self.uniforms[:rows, :count] = torch.tensor(uniforms, dtype=self.wide)
        self.step.zero_()
        if self.graphs is not None:
            self._replay(spans, count)
            return
        for _ in range(count):
            self._forward(spans)
            self._advance(rows)

    def read(self, rows: int, count: int) -> list[list[int]]:
        """The new tokens of each slot since `start`."""
        return self.tokens[:rows, :count].tolist()

    def _forward(self, spans: Spans) -> None:
        """Write the logits of every slot's next token to `self.logits`."""
        rows, longest = spans[-1][1], max(kv_length for _, _, kv_length in spans)
        positions = self.positions[:rows]
        self.cache.decode(self.slots[:rows], positions, longest)
        by_kernel = self.cache.by_kernel
        width = 1 if by_kernel else longest  # the kernel needs no mask, but without one a model makes its own
        mask = torch.zeros(rows, width, dtype=self.model.dtype, device=positions.device)
        mask.masked_fill_(self.kv_positions[:width] > positions[:, None], float("-inf"))
        output = self.model(
            input_ids=self.inputs[:rows],
            attention_mask=mask[:, None, None],
            position_ids=positions[:, None],
            past_key_values=self.cache,
            use_cache=True,
            spans=spans,
            slot_cache=self.cache if by_kernel else None,
        )
        logits = output.logits[:, -1]
        if not self.logits.numel():
            self.logits = torch.empty(
                len(self.slots), logits.shape[1], dtype=torch.float32, device=logits.device
            )
        self.logits[:rows].copy_(logits)

    def _advance(self, rows: int) -> None:
        """Take each slot's token, greedy or sampled, as the input of the next step."""
        tokens = self._sample(rows) if self.sampled else self.logits[:rows].argmax(-1)
        self.inputs[:rows, 0] = tokens
        self.tokens[:rows].index_copy_(1, self.step, tokens[:, None])
        self.positions.add_(1).clamp_(max=self.last)
        self.step.add_(1)

    def _sample(self, rows: int) -> torch.Tensor:
        """Inverse transform sampling: the token at which the cumulative probability passes the row's uniform number."""
        scores = self.logits[:rows]
        for warper in self.warpers:
            scores = warper(None, scores)
        cumulative = scores.softmax(-1).to(self.wide).cumsum(-1)  # (b, v)
        total = cumulative[:, -1:]
        uniform = self.uniforms[:rows].gather(1, self.step.expand(rows, 1)) * total
        below = torch.nextafter(total, torch.zeros_like(total))  # not past the last token with a probability
        tokens = torch.searchsorted(cumulative, torch.minimum(uniform, below), right=True)[:, 0]
        return tokens.clamp_(max=cumulative.shape[1] - 1)

    def _replay(self, spans: Spans, count: int) -> None:
        assert self.graphs is not None
        fitting = fitting_spans(self.graphs, spans, len(self.kv_positions))
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
        """A warm-up step without a graph: what kernels set up at their first call is not allowed during capture."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._try_kernels(spans)
            self._advance(spans[-1][1])
        torch.cuda.current_stream().wait_stream(stream)

    def _try_kernels(self, spans: Spans) -> None:
        """`_forward`, retried without cuDNN where that fails."""
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
        """Prefer cuDNN among the kernels that take a mask: it reads keys at memory bandwidth. The others are fallbacks."""
        parameters = inspect.signature(sdpa_kernel).parameters
        with sdpa_kernel(self.backends, **({"set_priority": True} if "set_priority" in parameters else {})):
            yield


def kv_reads(spans: Spans) -> int:
    """How many KV entries of all slots a step reads."""
    return sum((stop - start) * kv_length for start, stop, kv_length in spans)


def fitting_spans(captured: Collection[Spans], needed: Spans, length: int) -> Spans:
    """Spans that cover those needed: the tightest of `captured` unless it reads too much, else new ones with headroom."""
    rounded = tuple(
        (start, stop, min(length, -(-(kv_length + GRAPH_HEADROOM) // GRAPH_UNIT) * GRAPH_UNIT))
        for start, stop, kv_length in needed
    )
    covering = [spans for spans in captured if _cover(spans, needed)]
    best = min(covering, key=kv_reads, default=rounded)
    return best if kv_reads(best) <= MAX_OVERREAD * kv_reads(needed) else rounded


def _cover(spans: Spans, needed: Spans) -> bool:
    """Whether the spans are over the same slots and none reads less than needed."""
    return len(spans) == len(needed) and all(
        mine[:2] == other[:2] and mine[2] >= other[2] for mine, other in zip(spans, needed, strict=True)
    )
