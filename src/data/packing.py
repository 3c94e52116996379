"""Packs of samples: concatenated token sequences in which attention stays inside each sample."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import torch

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
        if torch.device(device).type == "cpu":
            return self

        def moved(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.pin_memory().to(device, non_blocking=True)

        return Pack(
            input_ids=moved(self.input_ids),
            position_ids=moved(self.position_ids),
            predicting=moved(self.predicting),
            targets=moved(self.targets),
            boundaries=moved(self.boundaries),
            longest=self.longest,
        )


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


def pack_all(samples: Sequence[Encoded], capacity: int) -> list[Pack]:
    """All samples in as few packs of at most `capacity` tokens as best-fit finds."""
    bins = best_fit([len(sample) for sample in samples], capacity)
    return [pack([samples[index] for index in members]) for members in bins]
