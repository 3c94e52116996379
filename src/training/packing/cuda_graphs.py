"""A pack's forward and backward pass as one CUDA graph, for work that is bound by kernel launches.

Python launches some thousand kernels per pack. Where they are short (a small model, or a 4-bit base whose weights are
unpacked three times), the GPU waits for Python; a graph launches all of them at once. Packs are padded to
one of a few sizes, since a graph has one shape; the loss of the padding is not counted.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy
import torch

from src.data.preprocessing import Encoded
from src.training.packing.packs import Pack, make_pack
from src.training.packing.padding import MULTIPLE, PADDING_SAMPLES, Extent, padded, room_for

log = logging.getLogger(__name__)

MAX_GRAPHS = 32
LAUNCH_BOUND = 0.7  # part of a pack's time spent on kernel launches, from which a graph is faster
TIMED_PACK = 3  # the packs before it compile kernels


@dataclass
class _Graph:
    pack: Pack  # of static tensors
    loss: torch.Tensor
    graph: torch.cuda.CUDAGraph


class PackGraphs:
    """Computes packs by graphs once it has measured that this is faster. For a model without randomness.

    `compute` gives the summed loss of a pack; gradients are added to those of `parameters`, times what `scaled` makes
    of a scale. `packs` are all to come.
    """

    def __init__(
        self,
        compute: Callable[[Pack], torch.Tensor],
        parameters: Sequence[torch.nn.Parameter],
        packs: Sequence[Extent],
        scaled: Callable[[torch.Tensor], torch.Tensor] = lambda scale: scale,
    ) -> None:
        self.compute = compute
        self.parameters = list(parameters)
        self.sizes = graph_sizes(pack.tokens + PADDING_SAMPLES for pack in packs)
        members: dict[int, list[Extent]] = {size: [] for size in self.sizes}
        for pack in packs:
            members[self._size(pack.tokens) or 0].append(pack)
        self.rooms = {size: room_for(members[size], size) for size in self.sizes}
        self.graphs: dict[int, _Graph] = {}
        self.gradients: list[torch.Tensor] = []  # what graphs add to
        self.scaled = scaled
        self.scale = torch.zeros((), device="cuda")  # of the loss
        self.gradient_scale = torch.zeros((), device="cuda")
        self.packs_seen = 0
        self.active = False

    def timed(self, plain: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Compute a pack as usual, and find out from one of the first whether it is bound by kernel launches."""
        self.packs_seen += 1
        if self.packs_seen != TIMED_PACK:
            return plain()
        torch.cuda.synchronize()
        start = time.perf_counter()
        result = plain()
        launched = time.perf_counter()
        torch.cuda.synchronize()
        share = (launched - start) / (time.perf_counter() - start)
        self.active = share >= LAUNCH_BOUND
        log.info(
            "kernel launches took %.0f %% of a pack's time: %s",
            100 * share,
            "graphs from here on" if self.active else "no graphs",
        )
        return result

    def backward(self, pack: Pack, scale: float) -> torch.Tensor | None:
        """`scale` times the loss, its gradients added; None where the pack must be computed as usual."""
        size = self._size(pack.tokens)
        if not self.active or size is None or (shaped := padded(pack, self.rooms[size])) is None:
            return None
        if not self.graphs and not self._capture_all(share=pack.shared is not None):
            return None
        found = self.graphs[size]
        for static, new in zip(found.pack.tensors(), shaped.tensors(), strict=True):
            static.copy_(new.pin_memory(), non_blocking=True)
        self._adopt_gradients()
        self.scale.fill_(scale)
        self.gradient_scale.copy_(self.scaled(self.scale))
        found.graph.replay()
        return found.loss

    def _size(self, tokens: int) -> int | None:
        """The smallest that so many tokens can be padded to."""
        return next((size for size in self.sizes if size >= tokens + PADDING_SAMPLES), None)

    def _capture_all(self, share: bool) -> bool:
        """Capture the graphs of all sizes; whether they could be.

        All at once: of several processes, each would else wait for each capture of another. The largest first: the
        others find room in its memory.
        """
        blank = make_pack([Encoded("", [0, 0], prompt_length=1)], share)
        start = time.perf_counter()
        try:
            for size in reversed(self.sizes):
                shaped = padded(blank, self.rooms[size])
                assert shaped is not None  # a room has space for a pack that is nearly all padding
                self.graphs[size] = self._capture(shaped)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self.active = False
            self.graphs.clear()
            log.warning("continuing without graphs: %s", str(error).splitlines()[0])
            return False
        sizes = ", ".join(map(str, self.sizes))
        log.info("captured graphs for packs of %s tokens in %.1f s", sizes, time.perf_counter() - start)
        return True

    def _adopt_gradients(self) -> None:
        """Make .grad the tensors that graphs add to, with its values so far."""
        pairs = list(zip(self.parameters, self.gradients, strict=True))
        if unset := [own for parameter, own in pairs if parameter.grad is None]:
            torch._foreach_zero_(unset)
        for parameter, own in pairs:
            if parameter.grad is not None and parameter.grad is not own:
                own.copy_(parameter.grad)
            parameter.grad = own

    def _capture(self, pack: Pack) -> _Graph:
        """A graph of the work on packs of this shape."""
        static = pack.to("cuda")
        pool = None
        if self.graphs:
            pool = next(iter(self.graphs.values())).graph.pool()
        else:  # once outside a graph, so that libraries have loaded what they need
            self.gradients = [torch.zeros_like(parameter) for parameter in self.parameters]
            torch.autograd.grad(self.compute(static), self.parameters)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            loss = self.compute(static)
            found = torch.autograd.grad(loss, self.parameters, self.gradient_scale)
            torch._foreach_add_(self.gradients, list(found))
            loss = loss.detach() * self.scale
        return _Graph(static, loss, graph)


def graph_sizes(packs: Iterable[int], most: int = MAX_GRAPHS) -> list[int]:
    """At most `most` sizes, ascending, to which packs of so many tokens are padded with the fewest tokens to compute.

    A graph counts as one more pack of its size: capturing it takes about as long. Multiples of MULTIPLE; the best there
    are, by dynamic programming over the sizes that occur.
    """
    sizes, counts = numpy.unique([-(-tokens // MULTIPLE) * MULTIPLE for tokens in packs], return_counts=True)
    below = numpy.cumsum([0, *counts])  # packs of the first sizes
    # (sizes + 1, sizes): one graph for all packs between two sizes
    cost = sizes * (below[1:] - below[:, None] + 1.0)
    cost[numpy.tri(len(sizes) + 1, len(sizes), k=-1, dtype=bool)] = math.inf
    total = numpy.array([0.0, *[math.inf] * len(sizes)])  # of the packs of the first sizes
    rounds = []
    for _ in range(most):
        ways = total[:, None] + cost
        rounds.append(ways.argmin(axis=0))
        total = numpy.array([0.0, *ways.min(axis=0)])
    found: list[int] = []
    end = len(sizes)
    while end:
        found.insert(0, int(sizes[end - 1]))
        end = rounds[-len(found)][end - 1]
    return found
