"""Counts the work of a training run, and shows it to a person."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

log = logging.getLogger(__name__)

SHOWN_KEYS = ("loss", "eval_loss", "learning_rate")


@dataclass
class Counters:
    """Work done so far in all processes of a run; packs have no padding, so every token is real."""

    tokens: int = 0
    supervised: int = 0
    skipped_steps: int = 0  # in float16, for gradients that were not finite
    earlier_s: float = 0.0  # training time before this process resumed the run
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Time spent on training steps; validation and the writing of checkpoints are left out."""
        return self.earlier_s + time.perf_counter() - self.started

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / max(self.seconds, 1e-9)

    def stored(self) -> dict[str, Any]:
        """What a checkpoint holds of them."""
        counts = {"tokens": self.tokens, "supervised": self.supervised, "skipped_steps": self.skipped_steps}
        return counts | {"seconds": self.seconds}

    def logged(self) -> dict[str, float]:
        """What each entry of the log holds of them."""
        skipped = {"skipped_steps": self.skipped_steps} if self.skipped_steps else {}
        return {"tokens": self.tokens, "tokens_per_s": round(self.tokens_per_s, 1)} | skipped

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock for what is not training."""
        since = time.perf_counter()
        try:
            yield
        finally:
            self.started += time.perf_counter() - since

    def start(
        self, tokens: int = 0, supervised: int = 0, seconds: float = 0.0, skipped_steps: int = 0
    ) -> None:
        """Start the clock, from the counts of a checkpoint if there is one."""
        self.tokens, self.supervised, self.skipped_steps = tokens, supervised, skipped_steps
        self.earlier_s = seconds
        self.started = time.perf_counter()


class RunCallback(TrainerCallback):
    """A callback that sees the state of a run and may control it.

    The Trainer hands over more, which no callback here reads: the model, the tokenizer, the optimizer with its
    schedule, the loaders and the metrics.
    """

    def begun(self, state: TrainerState) -> None:
        """Before the first step."""

    def stepped(self, state: TrainerState, control: TrainerControl) -> None:
        """After each step."""

    def validated(self, state: TrainerState, control: TrainerControl) -> None:
        """After each validation."""

    def logged(self, state: TrainerState, entry: dict[str, float]) -> None:
        """After each entry of the log."""

    def ended(self) -> None:
        """After the last step."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unread: object
    ) -> None:
        self.begun(state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unread: object
    ) -> None:
        self.stepped(state, control)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unread: object
    ) -> None:
        self.validated(state, control)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **unread: object,
    ) -> None:
        self.logged(state, logs or {})

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unread: object
    ) -> None:
        self.ended()


class ProgressBar(RunCallback):
    """Steps, loss, real tokens/s and the time left, on a terminal; one line per log entry in a pipe."""

    def __init__(self, counters: Counters, name: str) -> None:
        self.counters = counters
        self.name = name
        self.bar: tqdm | None = None

    def begun(self, state: TrainerState) -> None:
        self.bar = tqdm(
            total=state.max_steps, initial=state.global_step, desc=self.name, unit="step",
            dynamic_ncols=True, disable=None,
        )  # fmt: skip

    def stepped(self, state: TrainerState, control: TrainerControl) -> None:
        assert self.bar is not None
        self.bar.update(state.global_step - self.bar.n)

    def logged(self, state: TrainerState, entry: dict[str, float]) -> None:
        shown = {key: f"{value:.4g}" for key, value in entry.items() if key in SHOWN_KEYS}
        if self.bar is None or not shown:
            return
        if self.counters.skipped_steps:
            shown["skipped_steps"] = str(self.counters.skipped_steps)
        if not self.bar.disable:
            self.bar.set_postfix(shown | {"tok/s": f"{self.counters.tokens_per_s:.0f}"})
        else:
            words = "  ".join(f"{key} {value}" for key, value in shown.items())
            done = f"{self.name} {state.global_step}/{state.max_steps}"
            log.warning("%s  %s  %.0f tokens/s", done, words, self.counters.tokens_per_s)

    def ended(self) -> None:
        if self.bar is not None:
            self.bar.close()
