"""The clock counts training alone, resumes where a checkpoint left it, and progress is one line per log entry in a pipe."""

from __future__ import annotations

import io
import sys
import time
from contextlib import suppress
from typing import Any

import pytest
from transformers import TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_callback import CallbackHandler, DefaultFlowCallback

from src.training.progress import Counters, ProgressBar

ARGS: Any = None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the one entry of a list."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def _started(**counts: int) -> Counters:
    counters = Counters()
    counters.start(**counts)
    return counters


def test_pauses_are_not_counted(clock: list[float]) -> None:
    counters = _started()
    clock[0] += 4
    with counters.paused():
        clock[0] += 50
    clock[0] += 1
    assert counters.seconds == 5


def test_an_error_in_a_pause_ends_it(clock: list[float]) -> None:
    counters = _started()
    with suppress(OSError), counters.paused():
        clock[0] += 50
        raise OSError("disk full")
    clock[0] += 2
    assert counters.seconds == 2


def test_a_resumed_run_continues_the_counts_that_were_stored(clock: list[float]) -> None:
    first = _started(tokens=600, supervised=200)
    clock[0] += 10
    first.skipped_steps += 1
    stored = first.stored()
    assert stored == {"tokens": 600, "supervised": 200, "skipped_steps": 1, "seconds": 10}
    clock[0] += 1000  # until the run is resumed
    resumed = Counters()
    resumed.start(**stored)
    resumed.tokens += 300
    clock[0] += 5
    assert (resumed.seconds, resumed.supervised, resumed.skipped_steps) == (15, 200, 1)
    assert resumed.tokens_per_s == 60  # 900 tokens in 15 s


def test_in_a_pipe_every_log_entry_is_a_line(
    clock: list[float], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    counters = _started(tokens=400)
    bar = ProgressBar(counters, "lora")
    state = TrainerState(global_step=3, max_steps=8)
    bar.on_train_begin(ARGS, state, TrainerControl())
    for tokens, loss in ((800, 1.23456), (2_000_000, 1.0)):
        clock[0] += 8
        counters.tokens += tokens
        state.global_step += 2
        bar.on_log(ARGS, state, TrainerControl(), {"loss": loss, "grad_norm": 2.0, "learning_rate": 1e-4})
    bar.on_log(ARGS, state, TrainerControl(), {"epoch": 1.0})  # nothing to show
    counters.skipped_steps = 2
    bar.on_log(ARGS, state, TrainerControl(), {"eval_loss": 1.5})
    bar.on_train_end(ARGS, state, TrainerControl())
    assert caplog.messages == [
        "lora 5/8, 00:12 left, loss 1.235, 100 tokens/s",
        "lora 7/8, 00:04 left, loss 1, 250,000 tokens/s",  # since the last entry
        "lora 7/8, 00:04 left, loss 1, validation 1.5, 2 skipped, 250,000 tokens/s",
    ]
    assert capsys.readouterr().err == ""


def test_on_a_terminal_of_80_columns_nothing_is_cut(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", screen)
    counters = _started()
    bar = ProgressBar(counters, "qlora")
    state = TrainerState(global_step=0, max_steps=1850)
    bar.on_train_begin(ARGS, state, TrainerControl())
    assert bar.bar is not None
    bar.bar.dynamic_ncols, bar.bar.ncols = None, 80
    for step, entry in ((1000, {"loss": 0.41234}), (1001, {"eval_loss": 0.45678})):
        clock[0] += 9_000
        counters.tokens += 200_000_000
        state.global_step = step
        bar.on_step_end(ARGS, state, TrainerControl())
        bar.on_log(ARGS, state, TrainerControl(), entry)
    line = screen.getvalue().split("\r")[-1]
    assert len(line) <= 80
    for part in ("qlora", "1001/1850", "left", "loss 0.4123", "validation 0.4568", "22,222 tokens/s"):
        assert part in line


def test_the_bar_of_a_resumed_run_starts_at_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = ProgressBar(Counters(), "lora")
    state = TrainerState(global_step=3, max_steps=8)
    bar.on_train_begin(ARGS, state, TrainerControl())
    assert bar.bar is not None
    assert (bar.bar.n, bar.bar.total) == (3, 8)


def test_the_trainer_hands_over_nothing_that_a_callback_should_read() -> None:
    """transformers 5.23: what is new in a later version is looked at before it goes unread."""
    names: dict[str, set[str]] = {}

    class Recorder(TrainerCallback):
        def __getattribute__(self, event: str) -> Any:
            return lambda *_, **given: names.setdefault(event, set(given))

    handler = CallbackHandler([DefaultFlowCallback()], None, None, None, None)
    handler.callbacks = [Recorder()]
    given = (ARGS, TrainerState(), TrainerControl())
    handler.on_train_begin(*given)
    handler.on_step_end(*given)
    handler.on_evaluate(*given, metrics={})
    handler.on_log(*given, logs={})
    handler.on_train_end(*given)
    known = {"model", "processing_class", "optimizer", "lr_scheduler", "train_dataloader", "eval_dataloader"}
    assert names == {
        "on_train_begin": known, "on_step_end": known, "on_evaluate": known | {"metrics"},
        "on_log": known | {"logs"}, "on_train_end": known,
    }  # fmt: skip
