"""What is right is kept, what is wrong steps down to what is right, and nothing is trained on a wrong loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from src.data.preprocessing import Encoded
from src.models.kernels import fused_lora
from src.schema import UserError
from src.training import step_trainer
from src.training.self_check.check import check, choose_samples
from src.training.trainer import fine_tune
from tests import tiny
from tests.training.self_check.building import trainer_of


@pytest.mark.parametrize(
    ("model_type", "way"),
    [
        ("llama", "packs with shared prefixes"),
        ("granite", "packs with shared prefixes, logits by the model's own code"),
        ("gemma2", "packs, the model's own attention, logits by the model's own code"),
        ("olmoe", "packs with shared prefixes"),
    ],
)
def test_ways_that_are_equal_are_kept(model_type: str, way: str, tiny_data: Path, tmp_path: Path) -> None:
    trainer = trainer_of(model_type, tiny_data, tmp_path)
    check(trainer)
    stored = trainer.self_check
    assert (stored["outcome"], stored["computation"], stored["not_equal"]) == ("equal", way, [])
    assert 0 <= stored["loss_deviation"] < 1e-6
    assert 0 < stored["gradient_deviation"] < 1e-5


@pytest.mark.parametrize(
    ("model_type", "way", "reason"),
    [
        ("falcon", "one sample per pack, the model's own attention", "loss off by"),  # no block mask
        ("lfm2", "one sample per pack, the model's own attention", "loss off by"),  # convolutions
        ("nemotron", "packs, the model's own attention", "do not hand on where samples end"),
    ],
)
def test_packs_whose_samples_would_see_each_other_step_down(
    model_type: str, way: str, reason: str, tiny_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = trainer_of(model_type, tiny_data, tmp_path)
    check(trainer)
    assert (trainer.self_check["outcome"], trainer.self_check["computation"]) == ("stepped down", way)
    assert reason in trainer.self_check["not_equal"][0]
    assert str(trainer.computation) == way
    (line,) = [
        record.getMessage() for record in caplog.records if "is not equal to its own" in record.message
    ]
    assert line.endswith(f"training with {way}, which is slower")


def test_fused_layers_that_are_wrong_are_left_out(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fused_lora._forward
    monkeypatch.setattr(fused_lora, "_forward", lambda *rest, **named: real(*rest, **named) * 1.001)
    trainer = trainer_of("llama", tiny_data, tmp_path)
    check(trainer)
    assert trainer.self_check["computation"] == "packs with shared prefixes, without fused layers"
    assert not any("forward" in vars(module) for module in trainer.adapted.modules())


def test_nothing_is_trained_where_no_way_is_right(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = step_trainer.supervised_loss
    monkeypatch.setattr(step_trainer, "supervised_loss", lambda *rest: real(*rest) * 1.001)
    with pytest.raises(UserError, match=r"LlamaForCausalLM cannot be trained: .*loss off by 1\.0e-03"):
        check(trainer_of("llama", tiny_data, tmp_path))


def test_a_model_that_sees_the_future_is_refused(tiny_data: Path, tmp_path: Path) -> None:
    trainer = trainer_of("bert", tiny_data, tmp_path)
    for module in trainer.adapted.modules():
        if hasattr(module, "is_causal"):
            module.is_causal = False
    trainer.adapted.get_base_model().config.is_decoder = False
    trainer.adapted.get_base_model().config.is_causal = False
    with pytest.raises(UserError, match="BertLMHeadModel is not a causal language model"):
        check(trainer)


def test_weights_modes_and_random_generators_are_as_before(tiny_data: Path, tmp_path: Path) -> None:
    trainer = trainer_of("granite", tiny_data, tmp_path, "training.gradient_checkpointing=true")
    trainer.adapted.train()
    before = {name: item.clone() for name, item in trainer.adapted.state_dict().items()}
    modes, state = [module.training for module in trainer.adapted.modules()], torch.get_rng_state()
    check(trainer)
    assert all(torch.equal(item, before[name]) for name, item in trainer.adapted.state_dict().items())
    assert [module.training for module in trainer.adapted.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert all(item.grad is None for item in trainer.adapted.parameters())


def test_a_run_learns_the_same_bits_with_and_without_it(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    weights = []
    for setting in ("auto", "off"):
        changes = ("training.max_steps=2", "lora.lora_dropout=0.1", f"training.self_check={setting}")
        made = fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / setting, *changes), "lora")
        weights.append((made.folder / "adapter_model.safetensors").read_bytes())
        assert (
            f'"outcome": "{"equal" if setting == "auto" else "off"}"'
            in (made.folder / "run.json").read_text()
        )
    assert weights[0] == weights[1]


def test_the_longest_sample_and_the_shortest_are_chosen_with_all_of_their_tokens_supervised() -> None:
    samples = [Encoded(str(size), list(range(size)), size // 2) for size in (9, 5, 30, 7)]
    chosen = choose_samples([samples[:2], samples[2:], samples], 100)
    assert [(len(sample), sample.supervised) for sample in chosen] == [(5, 4), (7, 6), (30, 29)]
    assert [len(sample) for sample in choose_samples([samples], 8)] == [5, 7, 7]
    assert [len(sample) for sample in choose_samples([samples[:1]], 100)] == [9, 9, 9]


def test_samples_that_do_not_fit_the_memory_are_replaced_by_shorter_ones(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, most = step_trainer.supervised_loss, 220

    def limited(model: Any, pack: Any, *rest: Any) -> torch.Tensor:
        if pack.tokens > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, pack, *rest)

    monkeypatch.setattr(step_trainer, "supervised_loss", limited)
    trainer = trainer_of("llama", tiny_data, tmp_path, "training.share_prefixes=false")
    check(trainer)
    assert trainer.self_check["outcome"] == "equal"
    assert trainer.self_check["longest_sample"] < max(len(each) for step in trainer.steps for each in step)
