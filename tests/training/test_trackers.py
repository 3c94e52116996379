"""A tracker that cannot start is one line before any model is loaded, not a traceback after it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from src.config import TrainingConfig
from src.schema import UserError
from src.training import compatibility


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


def test_every_tracker_that_may_be_named_has_its_package():
    hint = get_type_hints(TrainingConfig, include_extras=True)["report_to"]
    assert set(compatibility.REQUIREMENTS) == set(get_args(hint)[1].values) - {"none"}


def test_tensorboard_and_none_need_nothing_more():
    compatibility.check_tracker("none")
    compatibility.check_tracker("tensorboard")


def test_a_folder_of_logs_is_not_taken_for_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    name = "wandb"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])  # as in the project's folder, after an offline run
    (tmp_path / name / "offline-run-1").mkdir(parents=True)
    assert importlib.util.find_spec(name) is not None
    with pytest.raises(
        UserError, match=r"report_to=wandb, but the package is not installed; pip install wandb"
    ):
        compatibility.check_tracker(name)


# wandb 0.31.0 and swanlab 0.7.20 were seen to raise these with no key and no terminal.
NO_KEY = [("wandb", "No API key configured"), ("swanlab", "api key not configured (no-tty)")]


@pytest.mark.parametrize(("name", "reason"), NO_KEY)
def test_without_a_key_the_line_says_how_to_log_in_or_stay_offline(monkeypatch, name: str, reason: str):
    _pretend(monkeypatch, name, login=_raising(KeyError(reason)), get_run=lambda: None)
    with pytest.raises(UserError) as refused:
        compatibility.check_tracker(name)
    said = str(refused.value)
    assert said.startswith(f"training.report_to={name}: cannot log in ('{reason}')")
    for word in (f"`{name} login`", f"{name.upper()}_MODE=offline", "training.report_to=none"):
        assert word in said


@pytest.mark.parametrize(("name", "reason"), NO_KEY)
def test_offline_and_in_other_processes_nobody_logs_in(monkeypatch, name: str, reason: str):
    _pretend(monkeypatch, name, login=_raising(KeyError(reason)), get_run=lambda: None)
    monkeypatch.setenv(f"{name.upper()}_MODE", "offline")
    compatibility.check_tracker(name)
    monkeypatch.delenv(f"{name.upper()}_MODE")
    monkeypatch.setenv("RANK", "1")
    compatibility.check_tracker(name)


def test_a_key_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch):
    for name in ("wandb", "swanlab"):
        _pretend(monkeypatch, name, login=lambda: True, get_run=lambda: None)
        compatibility.check_tracker(name)


def test_a_swanlab_that_breaks_the_integration_is_refused_with_one_that_works(monkeypatch):
    _pretend(monkeypatch, "swanlab", get_run=_raising(RuntimeError("No active Run")), login=lambda: True)
    with pytest.raises(UserError, match=r"does not work with transformers; pip install swanlab==0\.7\.20"):
        compatibility.check_tracker("swanlab")
