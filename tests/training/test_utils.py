"""The schedule: every sample once an epoch, in an order that the seed alone decides."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.config import TrainingConfig
from src.training.utils import schedule, total_parameters, trainable_parameters
from tests import tiny

TRAINING = tiny.configured().training


def _training(**changed: object) -> TrainingConfig:
    return dataclasses.replace(TRAINING, **changed)  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 200), st.integers(1, 50), st.integers(1, 4))
def test_every_epoch_has_every_sample_once(samples: int, batch: int, epochs: int) -> None:
    steps = schedule(samples, _training(batch_size=batch, num_train_epochs=float(epochs)))
    counts = Counter(index for step in steps for index in step)
    assert counts == dict.fromkeys(range(samples), epochs)
    assert all(1 <= len(step) <= batch for step in steps)


def test_the_order_is_the_seeds_and_no_two_epochs_are_the_same() -> None:
    first, same, other = (
        schedule(40, _training(batch_size=40, num_train_epochs=2.0, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == same
    assert first != other
    assert first[0] != first[1]


@pytest.mark.parametrize(
    "changed",
    [
        {"pack_tokens": 128},
        {"gradient_checkpointing": True},
        {"memory_budget_gib": 8.0},
        {"offload": True},
    ],
)
def test_the_order_does_not_depend_on_what_fits_the_hardware(changed: dict[str, object]) -> None:
    assert schedule(40, _training(**changed)) == schedule(40, _training())


@pytest.mark.parametrize(
    ("max_steps", "epochs", "steps"), [(3, 3.0, 3), (25, 1.0, 25), (0, 0.5, 5), (0, 0.01, 1)]
)
def test_steps_are_cut_or_extended_to_max_steps(max_steps: int, epochs: float, steps: int) -> None:
    assert len(schedule(100, _training(batch_size=10, max_steps=max_steps, num_train_epochs=epochs))) == steps


def test_parameters_are_counted() -> None:
    model = tiny.build_model()
    for item in model.model.layers.parameters():
        item.requires_grad_(False)
    assert total_parameters(model) == model.num_parameters()
    assert trainable_parameters(model) == 2 * 400 * 32 + 32  # embeddings, head and the last norm
