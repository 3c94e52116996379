"""A job decides everything before weights are loaded, and its identity holds what changes the learning."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from src.data import dataset
from src.schema import UserError
from src.system import distributed
from src.training import cli, job, results, trainer
from src.training.checkpoints import mark_complete
from src.training.job import prepare
from src.training.trainer import fine_tune
from tests import tiny


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


def test_samples_longer_than_the_models_positions_are_refused_and_shorter_ones_are_not(
    tiny_data: Path, tmp_path: Path
) -> None:
    base = tiny.save_model(tmp_path / "m", "gpt_bigcode", n_positions=80)
    with pytest.raises(UserError, match=r"data.max_length=256\), and GPTBigCodeForCausalLM has 80 positions"):
        prepare(tiny.config(base, tiny_data, tmp_path), "lora")
    prepare(tiny.config(base, tiny_data, tmp_path, "data.max_length=80"), "lora")


def test_a_tokenizer_with_more_tokens_than_the_model_has_rows_is_refused(
    tiny_data: Path, tmp_path: Path
) -> None:
    base = tiny.save_model(tmp_path / "m")
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(["Instruction"])
    tokenizer.save_pretrained(base)
    with pytest.raises(UserError, match="has 401 tokens, the model rows for 400: 'Instruction'"):
        prepare(tiny.config(base, tiny_data, tmp_path), "lora")


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


REFUSALS = [  # method, settings, what the line says
    ("lora", ["lora.target_modules=[q_proj, none]"], "LlamaForCausalLM has no layer none; it has"),
    ("lora", ["lora.modules_to_save=[none]"], "LlamaForCausalLM has no module none; it has"),
    ("qlora", ["lora.modules_to_save=[q_proj]"], "q_proj is quantised, and whole numbers cannot be trained"),
    ("qlora", ["lora.modules_to_save=[mlp]"], "mlp is quantised"),
    ("lora", ["lora.continue_from=nowhere"], "no adapter in nowhere"),
    ("lora", ["lora.continue_from={adapter}", "model.base_model={other}"], "was made for a LlamaForCausalLM"),
    ("lora", ["lora.continue_from={foreign}", "model.base_model={wide}"], "does not fit this base model"),
    ("lora", ["model.base_model={empty}"], "it has no weights as model.safetensors"),
    ("lora", ["model.base_model={cut}"], "cannot load the model of"),
    ("lora", ["model.base_model={lacking}"], "lacks 2 of the weights of a LlamaForCausalLM"),
    ("lora", ["model.base_model={resized}"], "its weights have other shapes than its config.json states"),
    ("lora", ["training.memory_budget_gib=0.01"], "are allowed by training.memory_budget_gib"),
    ("lora", ["training.offload=true"], "training.offload=true, but there is no GPU in use"),
    ("lora", ["training.fused_kernels=true"], "training.fused_kernels=true, but"),
    ("lora", ["training.output_dir={file}"], "cannot write to"),
    ("lora", ["training.output_dir={unfinished}"], "holds an unfinished run (checkpoint-2 of 8 steps)"),
    ("lora", ["training.output_dir={damaged}"], "identity.json is damaged; start over with --restart"),
    ("lora", ["data.max_length=16"], "raise it"),
]  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_adapter: Path) -> dict[str, Path]:
    """Models, adapters and output folders that a training refuses."""
    root = tmp_path_factory.mktemp("places")
    made = {"adapter": tiny_adapter, "other": tiny.save_model(root / "other", "qwen2")}
    made["wide"] = tiny.save_model(root / "wide", hidden_size=64)
    made["foreign"] = Path(shutil.copytree(tiny_adapter, root / "foreign"))
    (made["foreign"] / "run.json").unlink()
    for name in ("empty", "cut", "lacking", "resized"):
        made[name] = Path(shutil.copytree(tiny_model, root / name))
    weights = {name: made[name] / "model.safetensors" for name in made}
    weights["empty"].unlink()
    weights["cut"].write_bytes(weights["cut"].read_bytes()[:-9])
    kept = load_file(weights["lacking"])
    save_file(dict(list(kept.items())[2:]), weights["lacking"], metadata={"format": "pt"})
    settings = json.loads((made["resized"] / "config.json").read_text())
    (made["resized"] / "config.json").write_text(json.dumps(settings | {"intermediate_size": 96}))
    for name in ("unfinished", "damaged"):
        made[name] = root / name
        (made[name] / "lora" / "checkpoint-2").mkdir(parents=True)
        (made[name] / "lora" / "identity.json").write_text("{" if name == "damaged" else "{}")
    checkpoint = made["unfinished"] / "lora" / "checkpoint-2"
    (checkpoint / "trainer_state.json").write_text("{}")
    mark_complete(checkpoint)
    made["file"] = root / "file"
    made["file"].touch()
    return made


@pytest.mark.parametrize(("method", "changes", "message"), REFUSALS)
def test_what_a_training_refuses_a_dry_run_refuses_in_the_same_words_and_no_weights_are_loaded(
    tiny_model: Path,
    tiny_data: Path,
    tmp_path: Path,
    places: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    changes: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("src.training.trainer.build_trainer", lambda job: pytest.fail("weights are loaded"))
    config = tiny.config(
        tiny_model, tiny_data, tmp_path / "out", *(change.format(**places) for change in changes)
    )
    said = []
    for dry in (True, False):
        flags = argparse.Namespace(dry_run=dry, resume=False, restart=False)
        with pytest.raises(UserError) as refused:
            cli.train(config, flags, method)
        said.append(str(refused.value))
    assert message in said[0]
    if "output_dir={file}" not in changes[0]:
        assert said[0] == said[1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        ([], True),
        (["training.share_prefixes=false"], False),
        (["lora.lora_dropout=0.05"], False),
        (["training.neftune_noise_alpha=5"], False),
    ],
    ids=["as it is", "switched off", "dropout", "NEFTune"],
)
def test_prefixes_are_shared_unless_that_is_switched_off_or_training_is_stochastic(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, changes: list[str], shared: bool
) -> None:
    made = prepare(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora")
    assert made.share is shared
    assert made.stochastic is (not shared and "share" not in changes[0])


def test_the_dropout_of_an_adapter_to_train_further_counts(
    tiny_model: Path, tiny_data: Path, tiny_adapter: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_adapter, tmp_path / "adapter"))
    settings = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(settings | {"lora_dropout": 0.1}))
    changes = (f"lora.continue_from={folder}", "lora.lora_dropout=0")
    assert prepare(tiny.config(tiny_model, tiny_data, tmp_path, *changes), "lora").stochastic


def test_decisions_are_made_once_in_a_run(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    for name in ("decide", "training_attention", "load_card", "is_random", "find_start"):
        real = getattr(job, name)

        def counted(*given: Any, name: str = name, real: Callable[..., Any] = real, **named: Any) -> Any:
            calls[name] += 1
            return real(*given, **named)

        for module in (job, trainer, dataset, results):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counted)
    fine_tune(tiny.config(tiny_model, tiny_data, tmp_path, "training.max_steps=1"), "lora")
    assert set(calls.values()) == {1}
    assert len(calls) == 5


def test_an_empty_split_is_refused_with_what_to_do(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.training.job.load_split", lambda *_: [])
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
