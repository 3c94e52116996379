"""Callbacks between the steps of a run: progress, tracking, early stopping, and the stop by signal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, TrainerControl, TrainerState

from src.config import TrainingConfig
from src.system import distributed
from src.training import checkpoints
from src.training.progress import ProgressBar
from src.training.self_check.check import check
from src.training.step_trainer import StepTrainer


def add_callbacks(
    trainer: StepTrainer, config: TrainingConfig, name: str, checkpoint: Path | None, done_steps: int
) -> GracefulStop:
    """Replace the Trainer's own printing by ours; the run resumes from `checkpoint` of `done_steps`."""
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(RunStart(trainer, checkpoint))
    if distributed.is_rank0():
        trainer.add_callback(ProgressBar(trainer.counters, name))
    if config.report_to == "tensorboard" and distributed.is_rank0():
        trainer.add_callback(_tensorboard(trainer.folder / "runs", done_steps))
    if config.early_stopping_patience:
        trainer.add_callback(EarlyStopping(config.early_stopping_patience))
    stop = GracefulStop(trainer.args.device)
    trainer.add_callback(stop)
    return stop


def _tensorboard(folder: Path, done_steps: int) -> TrainerCallback:
    """Logs in one folder per run; what a killed process logged beyond its checkpoint is purged."""
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(str(folder), purge_step=done_steps + 1))


class RunStart(TrainerCallback):
    """Checks how packs are computed once the model is ready for its first step, then counts on from the checkpoint."""

    def __init__(self, trainer: StepTrainer, checkpoint: Path | None) -> None:
        self.trainer = trainer
        self.checkpoint = checkpoint

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **unread: Any) -> None:
        check(self.trainer)
        restore_counts(self.trainer, self.checkpoint, state)  # the Trainer has set its own to zero
        self.trainer.loss_scaling.begin()

    def on_step_end(self, args: Any, state: Any, control: TrainerControl, **unread: Any) -> None:
        self.trainer.counters.skipped_steps += self.trainer.loss_scaling.skipped()


def restore_counts(trainer: StepTrainer, checkpoint: Path | None, state: TrainerState) -> None:
    """Set the counts of a run that starts or resumes, and its best checkpoint: beside the other, as the folder may have moved."""
    if checkpoint is not None:
        best = checkpoints.best_of(checkpoint)
        state.best_model_checkpoint = str(best) if best else None
    trainer.start_counters(checkpoint)


class EarlyStopping(TrainerCallback):
    """Ends a run after `patience` validations in a row without a better loss."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **unread: Any) -> None:
        if early_stopping_due(state.log_history, self.patience):
            control.should_training_stop = True


def early_stopping_due(history: Sequence[Mapping[str, Any]], patience: int) -> bool:
    """Whether the last `patience` validations all failed to improve; 0 = never.

    Decided by the log alone, so that a resumed run stops where the uninterrupted one does.
    """
    losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    return patience > 0 and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


class GracefulStop(TrainerCallback):
    """On SIGTERM or Ctrl-C: finish the step, save a checkpoint, end. A second signal ends at once.

    Of several processes, all stop one step after that in which the first of them got a signal. Launchers forward
    signals and terminals send them to every process, so a second one is ignored there.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device  # of the process group
        self.received: int | None = None  # by this process
        self.signal: int | None = None  # on which the run stops; the same in all processes
        self.asked: _Question | None = None  # a step ago

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals inside the block."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, self._receive)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            if distributed.world_size() == 1:
                raise KeyboardInterrupt
            return
        self.received = number
        again = "; once more to stop at once" if distributed.world_size() == 1 else ""
        if distributed.is_rank0():
            print(f"\nfinishing this step and saving{again}", file=sys.stderr)

    def on_step_end(self, args: Any, state: Any, control: TrainerControl, **unread: Any) -> None:
        if distributed.world_size() == 1:
            self.signal = self.received
        else:
            before, self.asked = self.asked, _Question(self.received, self.device)
            self.signal = before.answer() if before else None
        if self.signal is not None:
            control.should_save = control.should_training_stop = True


class _Question:
    """What signal any of the processes has got. The answer is read a step later: to wait for it would leave GPUs idle."""

    def __init__(self, received: int | None, device: torch.device) -> None:
        marks = torch.zeros(signal.NSIG, device=device)
        marks[received or 0] = 1
        self.marks = distributed.all_reduce_sum(marks).to("cpu", non_blocking=True)
        self.copied = torch.cuda.Event() if device.type == "cuda" else None
        if self.copied is not None:
            self.copied.record()

    def answer(self) -> int | None:
        """None where no process got one."""
        if self.copied is not None:
            self.copied.synchronize()
        found = self.marks[1:].nonzero().flatten().tolist()
        return found[0] + 1 if found else None
