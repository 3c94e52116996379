"""Loss and gradients of some samples by one way to compute after the other, and how far they are apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy
import torch
from torch.nn import functional

from src.data.preprocessing import Encoded
from src.models.architecture import plain_model
from src.models.hardware import widest_float
from src.models.plain_forward import FAILURES, SPREADS, plain_logits, rounding
from src.schema import UserError
from src.system import distributed
from src.system.exhaustion import is_out_of_memory
from src.training.packing.attention import FALLBACK
from src.training.packing.computation import Computation
from src.training.packing.loss import FORWARD
from src.training.packing.packs import make_pack
from src.training.self_check.conditions import coarsest_type, last_digits_changed, local
from src.training.step_trainer import StepTrainer

# No deviation is explained beyond these, of loss and gradients, by the bytes of the number type: SPREADS times what the
# plain way itself deviates when the inputs of all adapted layers change by their last digit (for the longest sample).
CEILING = {4: (1e-4, 1e-2), 2: (2e-2, 0.3)}
# a loss of the check is a sum; that of training is a mean, and scaled by 2^16 at first
FLOAT16_SCALE, SMALLEST_SCALE = 2.0**4, 2.0**-16
PLAIN = Computation(FALLBACK, packs=False, logits=FORWARD, fused=False)


@dataclass(frozen=True)
class Deviation:
    """By how much a way to compute differs from the plain one, relative to it."""

    loss: float
    gradients: float
    failure: str = ""  # the error that was raised instead

    def within(self, limits: tuple[float, float]) -> bool:
        return not self.failure and self.loss <= limits[0] and self.gradients <= limits[1]

    def __str__(self) -> str:
        return self.failure or f"loss off by {self.loss:.1e}, gradients by {self.gradients:.1e}"


Measured = tuple[float, list[torch.Tensor]]  # a loss, and the gradients of all that is trained


class SamplesTooLongError(Exception):
    """Some process has no memory for these samples."""


class Measurements:
    """Of the same samples, the longest last, by any way; the others are compared with the plain one."""

    def __init__(self, trainer: StepTrainer, samples: Sequence[Encoded]) -> None:
        self.trainer = trainer
        self.samples = samples
        self.model = trainer.model_wrapped if trainer.sharded else trainer.adapted
        self.dtype = coarsest_type(trainer)
        self.rounding = rounding(self.dtype)
        # of the loss, while gradients are computed
        self.scale = FLOAT16_SCALE if trainer.loss_scaling.on else 1.0
        self.trained = [each for each in trainer.adapted.named_parameters() if each[1].requires_grad]
        self._spread: Deviation | None = None
        longest, others = samples[-1:], samples[:-1]
        try:
            self._longest, (loss, gradients) = self._plainly_measured(longest, others)
        except FAILURES as error:
            raise UserError(
                f"{type(plain_model(trainer.adapted)).__name__} cannot be trained: its own forward pass fails "
                f"({_reason(error)}); choose another base model or other lora.target_modules"
            ) from error
        self.loss = self._longest[0] + loss
        self.gradients = [one + other for one, other in zip(self._longest[1], gradients, strict=True)]

    def deviation_of(self, way: Computation) -> tuple[Deviation, bool]:
        """How far `way` is from the plain one, and whether rounding explains it in every process."""
        try:
            deviation = self._deviation(self._measured(lambda: self._by(way)), (self.loss, self.gradients))
        except FAILURES as error:
            deviation = Deviation(numpy.inf, numpy.inf, _reason(error))
        return deviation, all(distributed.gather(deviation.within(self._limits(deviation))))

    def _plainly_measured(self, *parts: Sequence[Encoded]) -> list[Measured]:
        """Each part by the plain way; in float16 the scale is lowered until no sum of their gradients overflows."""
        while True:
            found = [self._measured(partial(self._plain, part)) for part in parts]
            if not self.trainer.loss_scaling.on or all(distributed.gather(self._fit_float16(found))):
                return found
            self.scale /= 16
            if self.scale < SMALLEST_SCALE:
                raise UserError(
                    f"{type(plain_model(self.trainer.adapted)).__name__}: its own forward and backward pass give numbers that "
                    "float16 does not have; set model.dtype=float32"
                )

    def _fit_float16(self, found: Sequence[Measured]) -> bool:
        most = torch.finfo(torch.float16).max / self.scale / len(self.samples)
        return all(bool(item.abs().max() <= most) for _, gradients in found for item in gradients)

    def _limits(self, deviation: Deviation) -> tuple[float, float]:
        floor = self.rounding.loss, self.rounding.gradients
        failed, fits = bool(deviation.failure), deviation.within(floor)
        if all(distributed.gather(failed or fits)):
            return floor
        if self._spread is None:
            with last_digits_changed(self.trainer, self.dtype):
                changed = self._measured(lambda: self._plain(self.samples[-1:]))
            self._spread = self._deviation(changed, self._longest)
        explained = (SPREADS * self._spread.loss, SPREADS * self._spread.gradients)
        loss, gradients = map(max, floor, explained)
        most = CEILING[self.dtype.itemsize]
        return min(loss, most[0]), min(gradients, most[1])

    def _deviation(self, found: Measured, expected: Measured) -> Deviation:
        """Of the gradients that of A, of B or of all others, whichever is largest."""
        sums: dict[str, list[float]] = {}
        names = [name for name, _ in self.trained]
        for name, gradient, plain in zip(names, found[1], expected[1], strict=True):
            kind = next((part for part in ("lora_A", "lora_B") if part in name), "others")
            total = sums.setdefault(kind, [0.0, 0.0])
            wide = widest_float(plain.device)
            total[0] += float((gradient.to(wide) - plain.to(wide)).square().sum())
            total[1] += float(plain.to(wide).square().sum())
        shards = distributed.gather(sums)  # the same everywhere, unless each process holds a part
        worst = 0.0
        for kind in sums:
            change, size = (sum(shard[kind][place] for shard in shards) for place in (0, 1))
            worst = max(worst, (change / size) ** 0.5 if size else numpy.inf if change else 0.0)
            worst = worst if numpy.isfinite(change) else numpy.inf
        return Deviation(abs(found[0] - expected[0]) / max(abs(expected[0]), 1e-9), worst)

    def _measured(self, work: Callable[[], float]) -> Measured:
        """The loss and the gradients that `work` leaves. All processes raise where one is out of memory or fails."""
        self.trainer.adapted.zero_grad(set_to_none=True)
        loss = 0.0
        error: Exception | None = None
        try:
            loss = work()
        except MemoryError:
            error = SamplesTooLongError()
        except FAILURES as raised:
            error = SamplesTooLongError() if is_out_of_memory(raised) else raised
        kinds = distributed.gather(type(error).__name__)
        if SamplesTooLongError.__name__ in kinds:
            raise SamplesTooLongError
        if error is not None or any(kind != "NoneType" for kind in kinds):
            raise error or RuntimeError("it fails in another process")
        gradients = [
            local(item).detach() / self.scale if item is not None else torch.zeros_like(local(parameter))
            for _, parameter in self.trained
            for item in [parameter.grad]
        ]
        self.trainer.adapted.zero_grad(set_to_none=True)
        return loss, gradients

    def _by(self, way: Computation) -> float:
        self.use(way)
        members = [self.samples] if way.packs else [[sample] for sample in self.samples]
        return sum(
            self._backward(self.trainer.pack_loss(self.model, make_pack(samples, way.share)))
            for samples in members
        )

    def use(self, way: Computation) -> None:
        self.trainer.switch.set(way)
        self.trainer.computation = way

    def _plain(self, samples: Sequence[Encoded]) -> float:
        self.use(PLAIN)
        return sum(self._backward(loss_of(self._kept(each), each)) for each in samples)

    def _kept(self, sample: Encoded) -> torch.Tensor:
        """The plain logits of a sample, which of the shortest are kept."""
        logits = self.plain_logits(sample.input_ids)
        if sample is self.samples[0]:
            self.shortest_logits = logits.detach()
        return logits

    def _backward(self, loss: torch.Tensor) -> float:
        (loss * self.scale).backward()
        return loss.item()

    def plain_logits(self, tokens: Sequence[int]) -> torch.Tensor:
        """(t, v), as the model's own forward pass gives them."""
        work = partial(plain_logits, plain_model(self.trainer.adapted), tokens)
        return self.trainer.computed(
            self.model, work, torch.tensor([tokens], device=self.trainer.args.device)
        )


def loss_of(logits: torch.Tensor, sample: Encoded) -> torch.Tensor:
    """The summed cross-entropy of what is supervised; logits (t, v) of the whole sample."""
    start = max(sample.prompt_length, 1)
    targets = torch.tensor(sample.input_ids[start:], device=logits.device)
    return functional.cross_entropy(logits[start - 1 : -1].float(), targets, reduction="sum")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
