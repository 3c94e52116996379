"""Prefixes are shared where that saves tokens, and the learning is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file

from src.data.preprocessing import Encoded
from src.training.packing.prefix_sharing import MIN_SAVED, PrefixSharing, decide_prefix_sharing
from src.training.trainer import fine_tune
from tests import tiny


def _step(common: int, length: int = 100, count: int = 4) -> list[Encoded]:
    """`count` samples of `length` tokens, the first `common` of which are the same."""
    return [
        Encoded(str(number), [0] * common + [number + 1] * (length - common), 1) for number in range(count)
    ]


def _decided(common: int, allowed: bool = True, ranks: int = 1) -> PrefixSharing:
    return decide_prefix_sharing(allowed, [_step(common)], ranks)


def test_what_is_saved_is_what_is_in_common_with_the_sample_before() -> None:
    """By hand: three of four samples of 100 tokens leave out 40; of two shards of two, one each."""
    alone, halved = _decided(40), _decided(40, ranks=2)
    assert (alone.saved, alone.largest_step) == (pytest.approx(0.3), 280)
    assert alone.unshared_per_computed == pytest.approx(400 / 280)
    assert (halved.saved, halved.largest_step) == (pytest.approx(0.2), 160)
    assert _decided(40, ranks=4) == PrefixSharing(saved=0.0, largest_step=100)


def test_nothing_is_shared_where_that_is_not_allowed() -> None:
    assert _decided(40, allowed=False) == PrefixSharing(saved=0.0, largest_step=400)


@pytest.mark.parametrize(("common", "shared"), [(3, False), (5, True)])
def test_nothing_is_shared_where_it_saves_too_little(common: int, shared: bool) -> None:
    assert (3 * common / 400 >= MIN_SAVED) == shared
    assert (_decided(common).saved > 0) == shared


@pytest.mark.parametrize("pack", [300, 4096])
def test_training_with_shared_prefixes_learns_the_same_from_fewer_tokens(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, pack: int
) -> None:
    adapters, metrics = [], []
    for setting in ("true", "false"):
        config = tiny.config(
            tiny_model, tiny_data, tmp_path / setting, f"training.share_prefixes={setting}",
            f"training.pack_tokens={pack}", "training.max_steps=4",
        )  # fmt: skip
        made = fine_tune(config, "lora")
        adapters.append(load_file(made.folder / "adapter_model.safetensors"))
        metrics.append(made.metrics)
    assert metrics[0]["shared_prefixes"] > 0.2
    assert metrics[1]["shared_prefixes"] == 0
    assert metrics[0]["tokens"] == metrics[1]["tokens"]
    assert metrics[0]["validation_loss"] == pytest.approx(metrics[1]["validation_loss"], rel=1e-4)
    for name, weights in adapters[0].items():
        # Adam divides by the gradient's size, so rounding shows more here than in the gradients
        assert (weights - adapters[1][name]).abs().max() < 2e-4, name


def test_a_run_with_shared_prefixes_is_kept_by_one_without(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    changes = ("training.max_steps=2",)
    fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")
    other = tiny.config(tiny_model, tiny_data, tmp_path, *changes, "training.share_prefixes=false")
    made = fine_tune(other, "lora")
    assert made.reused
    assert made.metrics["shared_prefixes"] > 0
