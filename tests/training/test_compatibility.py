"""Settings that do not work together are one line before any model is loaded, not a traceback after it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch

from src.config import TrainingConfig
from src.models.hardware import Hardware, decide
from src.schema import UserError
from src.training import compatibility
from src.training.compatibility import check_compatibility, check_processes, check_tracker
from src.training.trainer import fine_tune
from tests import tiny

CONFLICTS = [  # method, settings, message
    ("qlora", ["lora.init_lora_weights=pissa"], "pissa takes singular vectors out of the base.*train_lora"),
    ("lora", ["lora.init_lora_weights=loftq"], "loftq makes up for the error of 4-bit.*train_qlora"),
    ("qlora", ["lora.init_lora_weights=loftq", "qlora.bits=8"], r"qlora\.bits=4"),
    ("lora", ["lora.init_lora_weights=pissa", "lora.use_dora=true"], "use one of the two"),
    ("lora", ["lora.init_lora_weights=pissa", "lora.bias=all"], r"set lora\.bias=none"),
    ("lora", ["lora.init_lora_weights=pissa", "lora.modules_to_save=[lm_head]"], "neither biases nor"),
    ("lora", ["lora.init_lora_weights=pissa", "lora.continue_from=x"], "brings its own; use one"),
    ("lora", ["training.optim=paged_adamw_8bit"], "no GPU in use; use adamw_torch or adamw_8bit"),
    ("lora", ["training.optim=paged_adamw_32bit"], "pages optimizer state"),
]


@pytest.mark.parametrize(("method", "changes", "message"), CONFLICTS)
def test_settings_that_conflict_are_refused_with_the_reason(
    method: str, changes: list[str], message: str
) -> None:
    config = tiny.configured("model.device=cpu", "training.report_to=none", *changes)
    with pytest.raises(UserError, match=message):
        check_compatibility(config, method, decide(config.model))


@pytest.mark.parametrize(
    ("dtype", "optim", "message"),
    [
        (torch.float16, "adamw_torch", r"set model\.dtype=auto \(float32\) or bfloat16"),
        (torch.float32, "adamw_8bit", "never tried on an Apple GPU; use adamw_torch"),
        (torch.float32, "paged_adamw_8bit", "never tried on an Apple GPU; use adamw_torch"),
    ],
)
def test_what_was_never_tried_on_an_apple_gpu_is_refused(
    dtype: torch.dtype, optim: str, message: str
) -> None:
    config = tiny.configured("training.report_to=none", f"training.optim={optim}")
    with pytest.raises(UserError, match=message):
        check_compatibility(config, "lora", Hardware("mps", dtype, "Apple M0", 12))


def test_float16_is_refused_where_loss_scaling_does_not_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    hardware = Hardware("cuda", torch.float16, "test", 8)
    config, biases = (
        tiny.configured("training.report_to=none", f"lora.bias={each}") for each in ("none", "all")
    )
    for method in ("lora", "qlora"):
        check_compatibility(config, method, hardware)
    check_compatibility(biases, "lora", hardware)
    with pytest.raises(UserError, match=r"quantised layers are kept in float16.*set lora\.bias=none"):
        check_compatibility(biases, "qlora", hardware)
    monkeypatch.setattr(compatibility.distributed, "sharding", lambda: "fsdp")
    with pytest.raises(UserError, match="sharding the weights was not tested in float16"):
        check_compatibility(config, "lora", hardware)


PROCESS_CONFLICTS = [  # method, sharding, processes, settings, message
    ("lora", "", 33, [], "each needs a sample of every step; set training.batch_size=33"),
    ("qlora", "fsdp", 2, [], "QLoRA with FSDP is refused.*multi_gpu.yaml"),
    ("qlora", "deepspeed", 2, [], "QLoRA with DeepSpeed is refused"),
    ("lora", "fsdp", 2, ["lora.use_dora=true"], "was not tested with it; set lora.use_dora=false"),
    ("lora", "fsdp", 2, ["lora.init_lora_weights=pissa"], "set lora.init_lora_weights=default"),
    ("lora", "fsdp", 2, ["training.optim=adamw_8bit"], "set training.optim=adamw_torch"),
]


@pytest.mark.parametrize(("method", "sharding", "count", "changes", "message"), PROCESS_CONFLICTS)
def test_what_several_processes_cannot_do_is_refused_with_the_reason(
    method: str, sharding: str, count: int, changes: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_processes(tiny.configured(*changes), method, sharding, count)
    check_processes(tiny.configured(*changes), "lora", "", 2)


@pytest.mark.parametrize("tracker", ["wandb", "trackio", "mlflow", "swanlab"])
def test_a_tracker_that_is_not_installed_is_named_before_anything_is_loaded(
    tiny_data: Path, tmp_path: Path, tracker: str
) -> None:
    if importlib.util.find_spec(tracker) is not None:
        pytest.skip(f"{tracker} is installed here")
    config = tiny.config("/no/such/model", tiny_data, tmp_path, f"training.report_to={tracker}")
    with pytest.raises(
        UserError, match=rf"training\.report_to={tracker}.*not installed; pip install {tracker}"
    ):
        fine_tune(config, "lora")


def _raising(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


def _pretend(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Callable[[], object]) -> None:
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, origin="pretended")
    module.__dict__.update(functions)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("SWANLAB_MODE", raising=False)


def test_every_tracker_that_may_be_named_has_its_package() -> None:
    hint = get_type_hints(TrainingConfig, include_extras=True)["report_to"]
    assert set(compatibility.REQUIREMENTS) == set(get_args(hint)) - {"none"}


def test_tensorboard_and_none_need_nothing_more() -> None:
    check_tracker("none")
    check_tracker("tensorboard")


def test_a_folder_of_logs_is_not_mistaken_for_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "wandb"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])  # as in the project's folder, after an offline run
    (tmp_path / name / "offline-run-1").mkdir(parents=True)
    assert importlib.util.find_spec(name) is not None
    with pytest.raises(
        UserError, match=r"report_to=wandb, but the package is not installed; pip install wandb"
    ):
        check_tracker(name)


# wandb 0.31.0 and swanlab 0.7.20 were seen to raise these with no key and no terminal.
NO_KEY = [("wandb", "No API key configured"), ("swanlab", "api key not configured (no-tty)")]


@pytest.mark.parametrize(("name", "reason"), NO_KEY)
def test_without_a_key_the_line_says_how_to_log_in_or_stay_offline(
    monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    _pretend(monkeypatch, name, login=_raising(KeyError(reason)), get_run=lambda: None)
    with pytest.raises(UserError) as refused:
        check_tracker(name)
    said = str(refused.value)
    assert said.startswith(f"training.report_to={name}: cannot log in ('{reason}')")
    for word in (f"`{name} login`", f"{name.upper()}_MODE=offline", "training.report_to=none"):
        assert word in said


@pytest.mark.parametrize(("name", "reason"), NO_KEY)
def test_offline_and_in_other_processes_nobody_logs_in(
    monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    _pretend(monkeypatch, name, login=_raising(KeyError(reason)), get_run=lambda: None)
    monkeypatch.setenv(f"{name.upper()}_MODE", "offline")
    check_tracker(name)
    monkeypatch.delenv(f"{name.upper()}_MODE")
    monkeypatch.setenv("RANK", "1")
    check_tracker(name)


def test_a_key_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("wandb", "swanlab"):
        _pretend(monkeypatch, name, login=lambda: True, get_run=lambda: None)
        check_tracker(name)


def test_a_swanlab_that_breaks_the_integration_is_refused_with_one_that_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _pretend(monkeypatch, "swanlab", get_run=_raising(RuntimeError("No active Run")), login=lambda: True)
    with pytest.raises(UserError, match=r"does not work with transformers; pip install swanlab==0\.7\.20"):
        check_tracker("swanlab")
