"""A job decides everything before weights are loaded, and its identity holds what changes the learning."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from src import distributed
from src.models.hardware import Hardware
from src.schema import UserError
from src.training.job import prepare, training_arguments
from src.training.trainer import fine_tune
from tests import tiny

CPU = Hardware("cpu", torch.float32, "test", 8)


def test_what_changes_only_how_a_run_is_computed_or_logged_is_not_in_the_identity(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    changes = (
        "logging_steps=7 report_to=tensorboard save_total_limit=9 pack_tokens=300 share_prefixes=false self_check=off "
        "gradient_checkpointing=true fused_kernels=false offload=false memory_budget_gib=12"
    )
    first = prepare(tiny.config(tiny_model, tiny_data, tmp_path / "a"), "lora")
    options = [f"training.{change}" for change in changes.split()]
    other = prepare(tiny.config(tiny_model, tiny_data, tmp_path / "b", *options), "lora")
    assert (first.plan.pack_tokens, other.plan.pack_tokens) == (1024, 300)
    assert first.identity == other.identity


@pytest.mark.parametrize(
    ("key", "value"),
    [("training.seed", 7), ("training.batch_size", 4), ("lora.r", 2), ("lora.use_dora", True), ("data.max_length", 99)],
)  # fmt: skip
def test_what_changes_the_learning_is_in_the_identity(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, key: str, value: object
) -> None:
    first = prepare(tiny.config(tiny_model, tiny_data, tmp_path), "lora").identity
    other = prepare(tiny.config(tiny_model, tiny_data, tmp_path, f"{key}={value}"), "lora").identity
    assert {name for name in first if first[name] != other[name]} == {key}
    assert other[key] == value


def test_settings_of_quantisation_are_in_the_identity_of_qlora_alone(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    config = tiny.config(tiny_model, tiny_data, tmp_path)
    lora, qlora = (prepare(config, method) for method in ("lora", "qlora"))
    assert (lora.quantization, qlora.quantization) == (None, config.qlora)
    assert {name.split(".")[0] for name in qlora.identity.keys() - lora.identity.keys()} == {"qlora"}


def test_all_processes_follow_the_plan_of_the_one_with_the_least_memory(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(plan: object) -> list[object]:
        changes = (
            {"pack_tokens": 512},
            {"pack_tokens": 256},
            {"pack_tokens": 256, "checkpointing": True},
            {},
        )
        return [dataclasses.replace(plan, **change) for change in changes]  # type: ignore[type-var]

    monkeypatch.setattr(distributed, "gather", gather)
    plan = prepare(tiny.config(tiny_model, tiny_data, tmp_path), "lora").plan
    assert (plan.pack_tokens, plan.checkpointing) == (256, True)


@pytest.mark.parametrize(
    ("name", "kind"), [("constant", "constant_with_warmup"), ("linear", "linear"), ("cosine", "cosine")]
)
def test_every_schedule_has_the_warm_up_of_its_ratio(tmp_path: Path, name: str, kind: str) -> None:
    """By hand: 0.1 of 45 steps is 4.5, rounded to the even 4."""
    config = tiny.configured(f"training.lr_scheduler_type={name}", "training.warmup_ratio=0.1").training
    arguments = training_arguments(config, tmp_path, steps=45, hardware=CPU)
    assert (arguments.lr_scheduler_type.value, arguments.warmup_steps, arguments.max_steps) == (kind, 4, 45)


def test_an_empty_split_is_refused_with_what_to_do(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.training.job.load_split", lambda config, name: [])
    with pytest.raises(UserError, match=r"train split in .* is empty.*download_data\.py"):
        prepare(tiny.config(tiny_model, tiny_data, tmp_path), "lora")


def test_loss_on_prompts_learns_more_tokens_and_is_validated_as_without(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    few, all_ = (
        fine_tune(
            tiny.config(
                tiny_model,
                tiny_data,
                tmp_path / value,
                "training.max_steps=2",
                f"training.loss_on_prompt={value}",
            ),
            "lora",
        ).metrics
        for value in ("false", "true")
    )
    samples = 2 * tiny.config(tiny_model, tiny_data, tmp_path).training.batch_size
    assert all_["tokens"] == few["tokens"]
    assert all_["supervised_tokens"] == all_["tokens"] - samples > few["supervised_tokens"]
    assert all_["validation_loss"] == pytest.approx(few["validation_loss"], rel=0.02)
