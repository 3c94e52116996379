"""Packs of samples: concatenated token sequences in which attention stays inside each sample."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch.nn import functional

from src.data.preprocessing import Encoded


@dataclass(frozen=True)
class Pack:
    """Samples laid end to end. Shapes: t tokens, s supervised tokens, d samples."""

    input_ids: torch.Tensor  # (1, t)
    position_ids: torch.Tensor  # (1, t), from 0 in each sample
    predicting: torch.Tensor  # (s,), positions whose next token is supervised
    targets: torch.Tensor  # (s,), those next tokens
    boundaries: torch.Tensor  # (d + 1,) int32, where samples begin and the last one ends
    longest: int  # tokens of the longest sample

    @property
    def tokens(self) -> int:
        return self.input_ids.shape[1]

    def to(self, device: str | torch.device) -> Pack:
        if torch.device(device).type == self.input_ids.device.type:
            return self

        ids, positions, predicting, targets, boundaries = (
            tensor.pin_memory().to(device, non_blocking=True) for tensor in self.tensors()
        )
        return Pack(ids, positions, predicting, targets, boundaries, self.longest)

    def tensors(self) -> tuple[torch.Tensor, ...]:
        return self.input_ids, self.position_ids, self.predicting, self.targets, self.boundaries


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Best-fit-decreasing bin packing: indices into `lengths`, each bin's sum at most `capacity`.

    A sample longer than `capacity` gets a bin of its own. O(n log n). Equal input gives equal output.
    """
    bins: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (free tokens, bin), sorted
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        place = bisect.bisect_left(room, (lengths[index], -1))
        if place == len(room):
            bins.append([index])
            free, number = capacity - lengths[index], len(bins) - 1
        else:
            free, number = room.pop(place)
            bins[number].append(index)
            free -= lengths[index]
        if free > 0:
            bisect.insort(room, (free, number))
    return bins


def pack(samples: Sequence[Encoded]) -> Pack:
    """Lay `samples` end to end. Every sample has at least one supervised token and a prompt of one or more."""
    ids: list[int] = []
    positions: list[int] = []
    predicting: list[int] = []
    boundaries = [0]
    for sample in samples:
        start = len(ids)
        ids += sample.input_ids
        positions += range(len(sample))
        predicting += range(start + max(sample.prompt_length, 1) - 1, start + len(sample) - 1)
        boundaries.append(len(ids))
    input_ids = torch.tensor([ids])
    where = torch.tensor(predicting)
    return Pack(
        input_ids=input_ids,
        position_ids=torch.tensor([positions]),
        predicting=where,
        targets=input_ids[0, where + 1],
        boundaries=torch.tensor(boundaries, dtype=torch.int32),
        longest=max(len(sample) for sample in samples),
    )


def filled(pack: Pack, tokens: int, samples: int, supervised: int, longest: int) -> Pack | None:
    """`pack` brought to a fixed shape, so that one CUDA graph serves many; None where it does not fit in.

    Samples of at most `longest` zeros fill it up to `tokens`; empty ones follow to make `samples`; targets of -100, which
    no loss counts, make `supervised`.
    """
    starts = [*range(pack.tokens, tokens, longest), tokens]
    missing = samples + 1 - len(pack.boundaries) - len(starts[1:])
    unlabelled = supervised - len(pack.targets)
    if missing < 0 or unlabelled < 0 or tokens < pack.tokens or pack.longest > longest:
        return None
    pad = functional.pad
    positions = torch.cat([torch.arange(end - start) for start, end in pairwise(starts)] or [torch.arange(0)])
    ends = torch.tensor([*starts[1:], *[tokens] * missing], dtype=torch.int32)
    return Pack(
        input_ids=pad(pack.input_ids, (0, tokens - pack.tokens)),
        position_ids=torch.cat([pack.position_ids, positions[None]], dim=1),
        predicting=pad(pack.predicting, (0, unlabelled)),
        targets=pad(pack.targets, (0, unlabelled), value=-100),
        boundaries=torch.cat([pack.boundaries, ends]),
        longest=longest,
    )


def pack_all(samples: Sequence[Encoded], capacity: int) -> list[Pack]:
    """All samples in as few packs of at most `capacity` tokens as best-fit finds."""
    bins = best_fit([len(sample) for sample in samples], capacity)
    return [pack([samples[index] for index in members]) for members in bins]
