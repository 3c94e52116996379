"""Noise in B, no dropout, changed digits: for the time of the check only."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from src.training.self_check.conditions import coarsest_type, last_digits_changed, prepared
from src.training.self_check.measurements import PLAIN
from tests.training.self_check.building import trainer_of


def test_b_is_filled_and_dropout_off_within_the_block_only(tiny_data: Path, tmp_path: Path) -> None:
    trainer = trainer_of("llama", tiny_data, tmp_path, "lora.lora_dropout=0.5")
    updates = [item for name, item in trainer.adapted.named_parameters() if "lora_B" in name]
    assert len(updates) > 4
    with prepared(trainer):
        assert all(0.005 < item.std() < 0.05 for item in updates)
        assert not any(module.training for module in trainer.adapted.modules())
        torch.rand(3)
    assert not any(item.any() for item in updates)


def test_inputs_change_by_their_last_digit_in_the_same_way_every_time(
    tiny_data: Path, tmp_path: Path
) -> None:
    trainer = trainer_of("llama", tiny_data, tmp_path)
    ids = torch.tensor([[5, 6, 7, 8]])
    trainer.switch.set(PLAIN)
    with torch.no_grad(), prepared(trainer):
        plain = trainer.adapted(input_ids=ids).logits
        changed = []
        for dtype in (torch.float32, torch.float32, torch.float16, torch.bfloat16):
            with last_digits_changed(trainer, dtype):
                changed.append(trainer.adapted(input_ids=ids).logits)
        again = trainer.adapted(input_ids=ids).logits
    assert torch.equal(plain, again)
    assert torch.equal(changed[0], changed[1])
    by_type = [((item - plain).norm() / plain.norm()).item() for item in changed[1:]]
    assert 1e-9 < by_type[0] < 1e-6
    assert 1e-5 < by_type[1] < 1e-2
    assert by_type[2] == pytest.approx(8 * by_type[1], rel=0.1)  # of three binary digits fewer


def test_the_number_type_is_that_of_the_products(tiny_data: Path, tmp_path: Path) -> None:
    for name in ("float32", "float16", "bfloat16"):
        trainer = trainer_of("llama", tiny_data, tmp_path / name, f"model.dtype={name}")
        assert coarsest_type(trainer) == getattr(torch, name)
