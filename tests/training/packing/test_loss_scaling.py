"""Loss scaling changes no gradient but keeps small ones; a step with infinite ones is skipped, and that ends somewhere."""

from __future__ import annotations

import pytest
import torch

from src.schema import UserError
from src.training.packing.loss_scaling import LossScaling

SMALL = 1e-6  # times 0.01 it is 0 in float16, whose smallest number is 6e-8


def _step(
    scaling: LossScaling, layer: torch.nn.Linear, optimizer: torch.optim.Optimizer, x: float
) -> torch.Tensor:
    """A step of SGD on 0.01 * weight * x, its product in float16; the gradient that was used."""
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.float16):
        loss = layer(torch.tensor([[x]])).float().sum() * 0.01
    scaling.scaler.scale(loss).backward()
    scaling.unscale(optimizer)
    scaling.scaler.step(optimizer)
    scaling.scaler.update()
    assert layer.weight.grad is not None
    return layer.weight.grad.clone()


@pytest.fixture
def layer() -> torch.nn.Linear:
    made = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(made.weight)
    return made


@pytest.mark.parametrize(("on", "gradient"), [(True, 1e-8), (False, 0.0)])
def test_scaled_gradients_are_the_true_ones_where_plain_ones_are_lost(
    layer: torch.nn.Linear, on: bool, gradient: float
) -> None:
    scaling = LossScaling("cpu", on)
    found = _step(scaling, layer, torch.optim.SGD(layer.parameters(), lr=1), SMALL)
    assert found.item() == pytest.approx(gradient, rel=0.1)  # 1e-6 itself has few digits in float16


def test_gradients_that_float16_holds_are_equal_to_the_last_digit_with_any_scale(
    layer: torch.nn.Linear,
) -> None:
    """A power of two changes the exponent only."""
    optimizer = torch.optim.SGD(layer.parameters(), lr=0)
    found = [_step(LossScaling("cpu", on), layer, optimizer, 0.3) for on in (True, False)]
    assert torch.equal(found[0], found[1])


def test_a_step_with_infinite_gradients_is_skipped_and_the_scale_halved(layer: torch.nn.Linear) -> None:
    scaling = LossScaling("cpu", on=True)
    scaling.begin()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1)
    _step(scaling, layer, optimizer, 3e4)  # 3e4 * 0.01 * 2^16 is above 65,504
    assert (layer.weight.item(), scaling.scaler.get_scale()) == (1, 2**15)
    assert scaling.skipped()
    _step(scaling, layer, optimizer, 0.5)
    assert layer.weight.item() == pytest.approx(1 - 0.005, rel=1e-3)
    assert not scaling.skipped()


def test_gradients_that_no_scale_makes_finite_end_the_run(layer: torch.nn.Linear) -> None:
    scaling = LossScaling("cpu", on=True)
    scaling.begin()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1)
    for _ in range(16):
        _step(scaling, layer, optimizer, float("inf"))
        assert scaling.skipped()
    assert scaling.scaler.get_scale() == 1
    _step(scaling, layer, optimizer, float("inf"))
    with pytest.raises(UserError, match=r"however small the loss is scaled.*set model\.dtype=float32"):
        scaling.skipped()


def test_off_it_skips_nothing(layer: torch.nn.Linear) -> None:
    scaling = LossScaling("cpu", on=False)
    scaling.begin()
    _step(scaling, layer, torch.optim.SGD(layer.parameters(), lr=0), float("inf"))
    assert not scaling.skipped()
