"""Early stopping counts validations, a signal ends the run after its step, and the logs hold the curve."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import TrainerControl, TrainerState

from src.training.callbacks import EarlyStopping, GracefulStop, early_stopping_due, restore_counts
from src.training.trainer import fine_tune
from tests import tiny

ARGS: Any = SimpleNamespace(device=torch.device("cpu"))


@pytest.mark.parametrize(
    ("losses", "patience", "spent"),
    [
        ([], 1, False),
        ([3.0], 1, False),
        ([3.0, 3.0], 1, True),
        ([3.0, 2.9], 1, False),
        ([3.0, 2.9, 2.95, 2.91], 2, True),
        ([3.0, 2.9, 2.95, 2.89], 2, False),
        ([1.0, 2.0, 3.0], 0, False),
    ],
)
def test_patience_counts_validations_since_the_best(losses: list[float], patience: int, spent: bool) -> None:
    history = [{"step": 1, "loss": 9.0}, *({"eval_loss": loss} for loss in losses)]
    assert early_stopping_due(history, patience) is spent


def test_training_is_to_stop_once_patience_is_spent() -> None:
    control, state = TrainerControl(), TrainerState()
    for loss, stops in ((3.0, False), (2.0, False), (2.5, True)):
        state.log_history.append({"eval_loss": loss})
        EarlyStopping(patience=1).on_evaluate(ARGS, state, control)
        assert control.should_training_stop is stops


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_stops_after_the_step_and_a_second_one_at_once(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    stop, control = GracefulStop(torch.device("cpu")), TrainerControl()
    handler = signal.getsignal(number)
    with stop.listening():
        stop.on_step_end(ARGS, TrainerState(), control)
        assert not control.should_training_stop
        os.kill(os.getpid(), number)
        assert "finishing this step and saving; once more to stop at once" in capsys.readouterr().err
        stop.on_step_end(ARGS, TrainerState(), control)
        assert (stop.signal, control.should_save, control.should_training_stop) == (number, True, True)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is handler


def test_of_several_processes_a_second_signal_is_ignored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    stop = GracefulStop(torch.device("cpu"))
    with stop.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.received == signal.SIGTERM
    assert "once more" not in capsys.readouterr().err


def test_the_best_checkpoint_is_looked_up_beside_the_one_resumed(tmp_path: Path) -> None:
    checkpoint, best = tmp_path / "checkpoint-4", tmp_path / "checkpoint-2"
    checkpoint.mkdir()
    best.mkdir()
    (checkpoint / "trainer_state.json").write_text('{"best_model_checkpoint": "/moved/lora/checkpoint-2"}')
    started: list[Path | None] = []
    trainer: Any = SimpleNamespace(start_counters=started.append)
    state = TrainerState(best_model_checkpoint="/moved/lora/checkpoint-2")
    restore_counts(trainer, checkpoint, state)
    assert state.best_model_checkpoint == str(best)
    assert started == [checkpoint]


def test_tensorboard_logs_hold_the_curve(tiny_model: Path, tiny_data: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = tiny.config(
        tiny_model, tiny_data, tmp_path, "training.max_steps=3", "training.report_to=tensorboard"
    )
    done = fine_tune(config, "lora")
    events = EventAccumulator(str(tmp_path / "lora" / "runs"))
    events.Reload()
    logged = {item.step: item.value for item in events.Scalars("train/loss")}
    history = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))["history"]
    expected = {item["step"]: item["loss"] for item in history if "loss" in item}
    assert logged == pytest.approx(expected, rel=1e-6)
    assert len(events.Scalars("eval/loss")) == 2
