"""What every faster way to compute is held against: a model's own forward pass, and what rounding makes of it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from src.models.architecture import plain_model
from src.models.kernels.triton_support import COMPILATION_ERRORS
from src.schema import UserError

# What a model's code raises over a cache, a mask or an attention that it does not know.
FAILURES: tuple[type[Exception], ...] = (
    RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError, ArithmeticError, ImportError,
    NameError, *COMPILATION_ERRORS,
)  # fmt: skip


@dataclass(frozen=True)
class Rounding:
    """How far two computations of the same may be apart, relative to it, with no need to explain it."""

    logits: float  # see `distance`; in float32 1e-6 is usual, and 0.01 for a 7B model in bfloat16
    loss: float
    gradients: float


ROUNDING = {
    torch.float64: Rounding(1e-6, 1e-5, 3e-4),
    torch.float32: Rounding(1e-3, 1e-5, 3e-4),
    torch.float16: Rounding(0.03, 1e-3, 1e-2),
    torch.bfloat16: Rounding(0.06, 1e-3, 1e-2),
}
SPREADS = 4  # more is allowed where other last digits, or a longer text, change more: so many times that
NOT_CAUSAL = 5.0  # so many times Rounding.logits is more than rounding


def rounding(dtype: torch.dtype) -> Rounding:
    """That of a number type; of another one, of a quantised model, that of the coarsest."""
    return ROUNDING.get(dtype, ROUNDING[torch.bfloat16])


def plain_logits(model: torch.nn.Module, tokens: Sequence[int], last: int = 0) -> torch.Tensor:
    """(t, v) by the model's own forward pass, without cache or padding; of the `last` tokens, or of all."""
    accepted = inspect.signature(type(plain_model(model)).forward).parameters
    options: dict[str, bool | int] = {"use_cache": False} if "use_cache" in accepted else {}
    if last and "logits_to_keep" in accepted:
        options["logits_to_keep"] = last
    ids = torch.tensor([list(tokens)], device=plain_model(model).device)
    logits: torch.Tensor = model(input_ids=ids, **options).logits[0]
    return logits[-last:]


def distance(expected: torch.Tensor, found: torch.Tensor) -> float:
    """The median over tokens of |found - expected| / |expected - its mean|, over the vocabulary (t, v)."""
    expected, found = expected.float(), found.float()
    spread = (expected - expected.mean(-1, keepdim=True)).norm(dim=-1).clamp(min=1e-12)
    distances = (found - expected).norm(dim=-1) / spread
    return float(distances.nan_to_num(nan=torch.inf).median())


def refuse_non_causal(model: torch.nn.Module, moved: float, dtype: torch.dtype) -> None:
    """Raises UserError where a text has `moved` the logits of the tokens before it by more than rounding can."""
    if moved > NOT_CAUSAL * rounding(dtype).logits:
        raise UserError(
            f"{type(plain_model(model)).__name__} is not a causal language model: what follows a token changes its "
            f"logits ({moved:.2g} of their spread). Use a model that predicts the next token; encoders that can be one "
            "need is_decoder: true in their config.json"
        )
