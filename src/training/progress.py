"""What a person sees of a training run, and the stop that keeps its work."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


@dataclass
class Counters:
    """Work done so far in this process; padding does not exist here, so every token is real."""

    tokens: int = 0
    supervised: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / max(time.perf_counter() - self.started, 1e-9)


class ProgressBar(TrainerCallback):
    """Steps, loss, real tokens/s and the time left, on a terminal; a line a log in a pipe."""

    def __init__(self, counters: Counters, name: str) -> None:
        self.counters = counters
        self.name = name
        self.bar: tqdm | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.bar = tqdm(
            total=state.max_steps, initial=state.global_step, desc=self.name, unit="step",
            dynamic_ncols=True, disable=None,
        )  # fmt: skip

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        assert self.bar is not None
        self.bar.update(state.global_step - self.bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        shown = {
            key: f"{value:.4g}"
            for key, value in (logs or {}).items()
            if key in ("loss", "eval_loss", "learning_rate")
        }
        if self.bar is None or not shown:
            return
        if self.bar.disable:
            words = "  ".join(f"{key} {value}" for key, value in shown.items())
            print(
                f"{self.name} {state.global_step}/{state.max_steps}  {words}  {self.counters.tokens_per_s:.0f} tokens/s",
                file=sys.stderr,
            )
        else:
            self.bar.set_postfix(shown | {"tok/s": f"{self.counters.tokens_per_s:.0f}"})

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.bar is not None:
            self.bar.close()


class StopKeepingWork(TrainerCallback):
    """On SIGTERM or Ctrl-C: finish the step, save a checkpoint, end. A second signal ends at once."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, self._receive)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        print("\nfinishing this step and saving; once more to stop at once", file=sys.stderr)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.signal is not None:
            control.should_log = control.should_save = control.should_training_stop = True
        elif state.global_step >= state.max_steps:
            control.should_evaluate = True  # the last weights compete for the best ones too
