"""Deviations are those of loss and gradients; in 16 bits what rounding explains is measured, not assumed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from src.schema import UserError
from src.training.packing.attention import BY_SAMPLE
from src.training.packing.computation import Computation
from src.training.self_check import measurements
from src.training.self_check.check import choose_samples
from src.training.self_check.conditions import prepared
from src.training.self_check.measurements import PLAIN, Deviation, Measurements
from tests.training.self_check.building import trainer_of


def test_a_deviation_is_within_limits_where_both_parts_are_and_nothing_failed() -> None:
    assert Deviation(0.1, 0.2).within((0.1, 0.2))
    assert not Deviation(0.11, 0.2).within((0.1, 0.2))
    assert not Deviation(0.1, 0.21).within((0.1, 0.2))
    assert not Deviation(0.0, 0.0, "an error").within((0.1, 0.2))
    assert not Deviation(float("nan"), 0.0).within((0.1, 0.2))
    assert str(Deviation(0.012, 0.3)) == "loss off by 1.2e-02, gradients by 3.0e-01"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize(
    ("model_type", "way", "right"),
    [
        ("llama", Computation(BY_SAMPLE, share=True), True),
        ("lfm2", Computation(BY_SAMPLE), False),  # convolutions run on
        ("granite", Computation(BY_SAMPLE), False),  # multipliers after the decoder
    ],
)
def test_right_ways_are_told_from_wrong_ones_in_all_number_types(
    dtype: str, model_type: str, way: Computation, right: bool, tiny_data: Path, tmp_path: Path
) -> None:
    trainer = trainer_of(model_type, tiny_data, tmp_path, f"model.dtype={dtype}")
    with prepared(trainer):
        measured = Measurements(trainer, choose_samples(trainer.steps, 1000))
        deviation, explained = measured.deviation_of(way)
        _, plain = measured.deviation_of(replace(PLAIN))
    assert (explained, plain) == (right, True)
    if dtype == "bfloat16" and right:
        assert deviation.gradients > 1e-4  # there is rounding to be explained


def test_the_check_of_float16_scales_the_loss_and_lowers_the_scale_until_nothing_overflows(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradients are those of float32, whatever the scale."""
    trainers = [
        trainer_of("llama", tiny_data, tmp_path / name, f"model.dtype={name}")
        for name in ("float32", "float16")
    ]
    monkeypatch.setattr(measurements, "FLOAT16_SCALE", 2.0**28)
    found = []
    for trainer in trainers:
        with prepared(trainer):
            found.append(Measurements(trainer, choose_samples(trainer.steps, 1000)))
    assert (found[0].scale, 2.0**28 > found[1].scale > 1) == (1, True)
    for plain, half in zip(found[0].gradients, found[1].gradients, strict=True):
        assert (half - plain).norm() <= 0.01 * plain.norm()
    monkeypatch.setattr(measurements, "SMALLEST_SCALE", 2.0**27)
    with (
        prepared(trainers[1]),
        pytest.raises(UserError, match=r"float16 does not have; set model\.dtype=float32"),
    ):
        Measurements(trainers[1], choose_samples(trainers[1].steps, 1000))


def test_errors_are_reasons(tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of("llama", tiny_data, tmp_path)
    with prepared(trainer):
        measured = Measurements(trainer, choose_samples(trainer.steps, 1000))
        monkeypatch.setattr(trainer, "pack_loss", lambda *_: {}["missing"])
        deviation, explained = measured.deviation_of(PLAIN)
        assert (deviation.failure, explained) == ("'missing'", False)
        monkeypatch.setattr(trainer, "pack_loss", lambda *_: [0][measurements.SPREADS :].pop())
        assert measured.deviation_of(PLAIN)[0].failure == "pop from empty list"
