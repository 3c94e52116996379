"""Counts the work of a training run, and shows it to a person."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerState

log = logging.getLogger(__name__)

SHOWN = {"loss": "loss", "eval_loss": "validation"}  # entries of the log, and their names on the screen
BAR = "{desc} {bar} {n_fmt}/{total_fmt}, {remaining} left{postfix}"  # in 80 columns


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


class ProgressBar(TrainerCallback):
    """Steps, the time left, losses and the speed since the last log entry, as a bar on a terminal and as lines in a pipe."""

    def __init__(self, counters: Counters, name: str) -> None:
        self.counters = counters
        self.name = name
        self.bar: tqdm | None = None
        self.losses: dict[str, str] = {}  # the latest of each
        self.speed = 0.0  # tokens/s
        self.seen = (0, 0.0)  # tokens and seconds at the last log entry

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **unread: Any) -> None:
        self.seen = (self.counters.tokens, self.counters.seconds)
        self.bar = tqdm(
            total=state.max_steps, initial=state.global_step, desc=self.name, bar_format=BAR,
            dynamic_ncols=True, disable=None,
        )  # fmt: skip
        self.first_step, self.since = state.global_step, time.perf_counter()

    def on_step_end(self, args: Any, state: TrainerState, control: Any, **unread: Any) -> None:
        assert self.bar is not None
        self.bar.update(state.global_step - self.bar.n)

    def on_log(self, args: Any, state: TrainerState, control: Any, logs: Any = None, **unread: Any) -> None:
        losses = {name: f"{logs[key]:.4g}" for key, name in SHOWN.items() if key in (logs or {})}
        if self.bar is None or not losses:
            return
        self.losses |= losses
        tokens, seconds = self.counters.tokens, self.counters.seconds
        if tokens > self.seen[0]:
            self.speed = (tokens - self.seen[0]) / max(seconds - self.seen[1], 1e-9)
            self.seen = (tokens, seconds)
        words = [f"{name} {value}" for name, value in self.losses.items()]
        if self.counters.skipped_steps:
            words.append(f"{self.counters.skipped_steps} skipped")
        text = ", ".join([*words, f"{self.speed:,.0f} tokens/s"])
        if not self.bar.disable:
            self.bar.set_postfix_str(text)
        else:
            step, total = state.global_step, state.max_steps
            log.warning("%s %d/%d, %s left, %s", self.name, step, total, self._remaining(step, total), text)

    def _remaining(self, step: int, total: int) -> str:
        done = step - self.first_step
        if not done:
            return "?"
        return tqdm.format_interval((total - step) * (time.perf_counter() - self.since) / done)

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **unread: Any) -> None:
        if self.bar is not None:
            self.bar.close()
