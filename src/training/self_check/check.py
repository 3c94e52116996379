"""Holds the chosen way to compute the loss against the model's own plain forward pass, before the first step.

Packs, shared prefixes, fused layers and logits from the head alone are right for most models and silently wrong for
some. So loss and gradients of a few real samples are computed both ways. Where they differ by more than rounding
explains, slower ways are tried, each compared with the same numbers; where none is equal, training is refused.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from src.data.preprocessing import Encoded
from src.models.architecture import plain_model
from src.models.hardware import empty_cache
from src.models.plain_forward import FAILURES, distance, refuse_non_causal
from src.schema import UserError
from src.system import distributed
from src.training.memory import MASKED_PACK_TOKENS
from src.training.packing.attention import FALLBACK
from src.training.packing.computation import Computation
from src.training.packing.loss import FORWARD, TAIL, logits_ways
from src.training.packing.packs import make_pack
from src.training.self_check.conditions import prepared
from src.training.self_check.measurements import PLAIN, Deviation, Measurements, SamplesTooLongError, loss_of
from src.training.step_trainer import StepTrainer

log = logging.getLogger(__name__)

SAMPLES = 3


def check(trainer: StepTrainer) -> None:
    """Check the trainer's way to compute, and replace it where it is wrong. All processes decide the same.

    Weights, gradients and random generators are afterwards as they were; the outcome is in `trainer.self_check`.
    Raises UserError where no way gives what the model's own forward pass gives.
    """
    if trainer.config.self_check is False or trainer.is_deepspeed_enabled:
        trainer.self_check = {"outcome": "off"}
        log.warning("nothing has checked that packs give this model the loss of its own forward pass")
        return
    start, chosen = time.perf_counter(), trainer.computation
    with prepared(trainer):
        outcome = _with_samples_that_fit(trainer)
    if outcome.way.attention == FALLBACK != chosen.attention and not trainer.config.pack_tokens:
        trainer.pack_tokens = min(trainer.pack_tokens, MASKED_PACK_TOKENS[trainer.hardware.device])
    trainer.use(outcome.way)
    trainer.self_check = outcome.stored() | {"seconds": round(time.perf_counter() - start, 2)}
    if outcome.refused:
        log.warning(
            "%s: %s is not equal to its own forward pass (%s); training with %s, which is slower",
            type(plain_model(trainer.adapted)).__name__,
            chosen,
            outcome.refused[0][1],
            outcome.way,
        )


@dataclass(frozen=True)
class _Outcome:
    way: Computation
    deviation: Deviation
    refused: list[tuple[Computation, Deviation]]  # ways that were not equal
    longest: int  # tokens of the longest sample

    def stored(self) -> dict[str, Any]:
        return {
            "outcome": "stepped down" if self.refused else "equal",
            "computation": str(self.way),
            "loss_deviation": self.deviation.loss,
            "gradient_deviation": self.deviation.gradients,
            "longest_sample": self.longest,
            "not_equal": [f"{way}: {deviation}" for way, deviation in self.refused],
        }


def _with_samples_that_fit(trainer: StepTrainer) -> _Outcome:
    longest = max(len(sample) for step in trainer.steps for sample in step)
    while True:
        samples = choose_samples(trainer.steps, longest)
        try:
            return _Choice(trainer, samples).choose()
        except SamplesTooLongError:
            trainer.adapted.zero_grad(set_to_none=True)
            empty_cache()
        longest = max(map(len, samples)) // 2
        if not any(len(sample) <= longest for step in trainer.steps for sample in step):
            raise MemoryError("the shortest samples do not fit")


def choose_samples(steps: Sequence[Sequence[Encoded]], longest: int) -> list[Encoded]:
    """The longest sample of no more than `longest` tokens and the shortest ones; one of them repeatedly where there are few.

    All of their tokens are supervised: what one sample sees of another may have faded before its response begins.
    """
    unique = {id(sample): sample for step in steps for sample in step if len(sample) <= longest}
    ordered = sorted(unique.values(), key=lambda sample: (len(sample), sample.id))
    chosen = [*ordered[: SAMPLES - 1], ordered[-1]]
    return [replace(chosen[place % len(chosen)], prompt_length=1) for place in range(SAMPLES)]


class _Choice:
    """Of the ways to compute: the first that is equal to the plain one."""

    def __init__(self, trainer: StepTrainer, samples: Sequence[Encoded]) -> None:
        self.trainer = trainer
        self.samples = samples
        self.chosen = trainer.computation
        self.measurements = Measurements(trainer, samples)
        self.refused: list[tuple[Computation, Deviation]] = []

    def choose(self) -> _Outcome:
        """The first way that is equal: the chosen one, then slower ones."""
        loss = self.measurements.loss
        if not math.isfinite(loss):
            raise UserError(
                f"{self._name()}: its own forward pass gives no finite loss ({loss}); the weights are damaged, or "
                "model.dtype does not suit them: set model.dtype=float32"
            )
        logits = self._logits()
        first = replace(self.chosen, logits=logits)
        single = Computation(FALLBACK, packs=False, logits=logits)
        if (found := self._held(first)) is not None:
            return self._outcome(first, found)
        alone = self._held(single)
        slower = [replace(first, share=False), replace(first, share=False, attention=FALLBACK)]
        if alone is None:
            slower = [replace(way, fused=False) for way in (first, *slower)]
            slower += [replace(single, fused=False), PLAIN]
        for way in dict.fromkeys(slower):
            if way != first and (found := self._held(way)) is not None:
                return self._outcome(way, found)
        if alone is None:
            raise UserError(
                f"{self._name()} cannot be trained: no way to compute its loss gives what its own forward pass gives "
                f"({self.refused[-1][1]}); choose another base model"
            )
        return self._outcome(single, alone)

    def _outcome(self, way: Computation, deviation: Deviation) -> _Outcome:
        refused = [each for each in self.refused if each[0] != way]
        return _Outcome(way, deviation, refused, max(map(len, self.samples)))

    def _name(self) -> str:
        return type(plain_model(self.trainer.adapted)).__name__

    def _held(self, way: Computation) -> Deviation | None:
        """How much `way` deviates; None, and noted, where that is more than rounding explains."""
        deviation, explained = self.measurements.deviation_of(way)
        if explained:
            return deviation
        self.refused.append((way, deviation))
        return None

    @torch.no_grad()
    def _logits(self) -> str:
        """The quickest way to make logits that gives the loss of the plain one for the shortest sample."""
        sample, plain = self.samples[0], self.measurements.shortest_logits
        self.measurements.use(PLAIN)
        self._refuse_to_see_the_future(sample, plain)
        expected = loss_of(plain, sample).item()
        most = self.measurements.rounding.loss * abs(expected)
        ways = [way for way in logits_ways(self.trainer.adapted) if way != FORWARD]
        if self.trainer.sharded:  # processes have unequal numbers of chunks
            ways = [way for way in ways if way != TAIL]
        for way in ways:
            self.measurements.use(replace(PLAIN, logits=way))
            try:
                loss = self.trainer.pack_loss(self.measurements.model, make_pack([sample])).item()
            except FAILURES:
                continue
            if all(distributed.gather(abs(loss - expected) <= most)):
                return way
        return FORWARD

    def _refuse_to_see_the_future(self, sample: Encoded, plain: torch.Tensor) -> None:
        """Raises UserError where tokens change the logits of those before them: then the answer would be its own prompt."""
        first, *_ = tokens = sample.input_ids
        half = len(tokens) // 2
        changed = self.measurements.plain_logits([*tokens[:half], *[first] * (len(tokens) - half)])
        moved = distance(plain[:half], changed[:half])
        refuse_non_causal(self.trainer.adapted, moved, self.measurements.dtype)
