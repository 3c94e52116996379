"""Several processes train what one does, end together, and leave a checkpoint that any number can resume."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from src.schema import UserError
from src.system import distributed
from src.training.trainer import fine_tune
from tests import launching, tiny

TOLERANCE = 1e-5  # measured 3e-7 where weights reach 0.19; Adam divides by the gradient's size
NO_DROPOUT = "lora.lora_dropout=0"
OUT_OF_MEMORY = str(launching.ROOT / "tests" / "training" / "out_of_memory_rank.py")
SIGNALLED = str(launching.ROOT / "tests" / "training" / "signalled_rank.py")
FSDP = str(launching.ROOT / "tests" / "training" / "fsdp_on_cpu.py")


def _adapter(output: Path, method: str = "lora") -> dict[str, torch.Tensor]:
    return load_file(output / method / "final" / "adapter_model.safetensors")


def _assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, weights in one.items():
        torch.testing.assert_close(weights, other[name], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("method", "launcher", "script"),
    [
        pytest.param("lora", "accelerate", [], id="LoRA by accelerate launch", marks=pytest.mark.campaign),
        pytest.param("qlora", "torchrun", [], id="QLoRA by torchrun", marks=pytest.mark.campaign),
        pytest.param("qlora", "", [], id="QLoRA"),
        pytest.param("lora", "", [FSDP], id="LoRA under FSDP2"),
    ],
)
def test_two_processes_end_with_the_adapter_of_one(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, method: str, launcher: str, script: list[str]
) -> None:
    """34 samples in steps of 8: the last step of an epoch has two, so each process has one."""
    changes = [NO_DROPOUT, "training.max_steps=6", "training.pack_tokens=300"]
    alone = tiny.config(tiny_model, tiny_data, tmp_path / "one", *changes)
    fine_tune(alone, method)
    flags = tiny.flags(tiny_model, tiny_data, tmp_path / "two", *changes)
    words = [*script, f"train_{method}.py", *flags]
    if launcher:
        status, out, err = launching.run(launching.command(*words, launcher=launcher))
    else:
        status, out, err = launching.run_ranks(words)
    assert status == 0, err[-3000:]
    assert out.count("wrote: ") == 1  # the first process prints for all
    run = json.loads((tmp_path / "two" / method / "final" / "run.json").read_text())
    assert run["metrics"]["processes"] == 2
    checkpoint = next((tmp_path / "two" / method).glob("checkpoint-6"))
    assert (checkpoint / "pytorch_model_fsdp.bin").exists() == bool(script)  # FSDP was really used
    single = json.loads((tmp_path / "one" / method / "final" / "run.json").read_text())
    assert run["metrics"]["tokens"] == single["metrics"]["tokens"]
    assert run["identity"] == single["identity"]
    losses, expected = (
        [item["loss"] for item in each["history"] if "loss" in item] for each in (run, single)
    )
    assert len(losses) == 6
    assert losses == pytest.approx(expected, rel=1e-5)
    _assert_same(_adapter(tmp_path / "two", method), _adapter(tmp_path / "one", method))


def test_a_process_that_is_short_of_memory_shrinks_its_own_packs_and_all_start_from_rank_0s_weights(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    """Packs may differ between processes, since gradients are reduced at the end of a step only."""
    changes = [NO_DROPOUT, "training.max_steps=4", "training.pack_tokens=512", "training.batch_size=24"]
    fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "one", *changes), "lora")
    flags = tiny.flags(tiny_model, tiny_data, tmp_path / "two", *changes)
    status, _, err = launching.run_ranks([OUT_OF_MEMORY, "train_lora.py", *flags])
    assert status == 0, err[-3000:]
    _assert_same(_adapter(tmp_path / "two"), _adapter(tmp_path / "one"))


@pytest.mark.parametrize(("step", "status", "last"), [(1, 143, 2), (3, 143, 4), (4, 0, 4)])
def test_a_signal_to_one_process_stops_all_a_step_later_unless_the_run_has_ended(
    tiny_model: Path, tiny_data: Path, tmp_path: Path, step: int, status: int, last: int
) -> None:
    flags = tiny.flags(tiny_model, tiny_data, tmp_path, "training.max_steps=4")
    found, _, errors = launching.run_ranks([SIGNALLED, str(step), "train_lora.py", *flags])
    assert found == status, errors[-3000:]
    assert errors.count(f"stopped after step {last} of 4; continue with --resume") == (status != 0)
    assert (tmp_path / "lora" / f"checkpoint-{last}" / "complete.json").exists()
    assert (tmp_path / "lora" / "final").exists() == (status == 0)
    assert not (tmp_path / "lora" / f"checkpoint-{last + 1}").exists()


@pytest.mark.campaign
def test_a_killed_process_ends_the_run_which_one_process_finishes(
    tiny_model: Path, tiny_data: Path, tmp_path: Path
) -> None:
    changes = [NO_DROPOUT, "training.max_steps=40"]
    flags = tiny.flags(tiny_model, tiny_data, tmp_path / "two", *changes)
    running = launching.start(launching.command("train_lora.py", *flags))
    end = time.monotonic() + 200
    while not list((tmp_path / "two").glob("lora/checkpoint-*/complete.json")) and time.monotonic() < end:
        assert running.poll() is None, running.communicate()[1][-3000:]
        time.sleep(0.02)
    os.kill(launching.worker(tmp_path / "two", 1), signal.SIGKILL)
    _, errors = running.communicate(timeout=100)
    assert running.returncode != 0
    assert "lost contact with another one" in errors
    assert "--resume" in errors
    assert "Stopped" not in errors
    config = tiny.config(tiny_model, tiny_data, tmp_path / "two", *changes)
    with pytest.raises(UserError, match="holds an unfinished run"):
        fine_tune(config, "lora")
    assert fine_tune(config, "lora", resume=True).metrics["steps"] == 40
    fine_tune(tiny.config(tiny_model, tiny_data, tmp_path / "one", *changes), "lora")
    _assert_same(_adapter(tmp_path / "two"), _adapter(tmp_path / "one"))


def test_a_mistake_is_reported_once(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    flags = tiny.flags(tiny_model, tiny_data, tmp_path, "training.batch_size=1")
    status, _, errors = launching.run(launching.command("train_lora.py", *flags))
    assert status != 0
    assert errors.count("training.batch_size is 1 and 2 processes were started") == 1


def test_an_unsupported_sharding_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    assert distributed.sharding() == ""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(UserError, match="FSDP version 1 is not supported"):
        distributed.sharding()
    monkeypatch.setenv("FSDP_VERSION", "2")
    assert distributed.sharding() == "fsdp"
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="DeepSpeed and it is not installed: pip install deepspeed"):
        distributed.sharding()


def test_the_launcher_files_are_what_accelerate_reads() -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    files = sorted((launching.ROOT / "configs" / "accelerate").glob("*.yaml"))
    assert [path.stem for path in files] == ["deepspeed_zero3", "fsdp2", "multi_gpu", "one_gpu"]
    kinds = [str(load_config_from_file(str(path)).distributed_type.value) for path in files]
    assert kinds == ["DEEPSPEED", "FSDP", "MULTI_GPU", "NO"]
