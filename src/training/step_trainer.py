"""A transformers Trainer whose batch is one optimizer step, computed in packs that fit the memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from torch.utils.data import DataLoader
from transformers import EarlyStoppingCallback, PrinterCallback, ProgressCallback, Trainer, TrainingArguments
from transformers.trainer_utils import rotate_checkpoints

from src.config import TrainingConfig
from src.data.packing import Pack, pack_all
from src.data.preprocessing import Encoded
from src.models.hardware import Hardware
from src.schema import UserError
from src.training import checkpoints
from src.training.loss import supervised_loss
from src.training.progress import Counters, ProgressBar, StopKeepingWork

log = logging.getLogger(__name__)

SMALLEST_PACK = 256  # tokens; below this, running out of memory is the end


class StepTrainer(Trainer):
    """A Trainer whose batch is the samples of one optimizer step, computed pack by pack.

    The loss is the mean over all supervised tokens of the step, so the pack size changes speed and
    memory but not the gradient.
    """

    def __init__(
        self,
        *,
        steps: Sequence[Sequence[Encoded]],
        validation: Sequence[Encoded],
        pack_tokens: int,
        hardware: Hardware,
        attention: str,
        counters: Counters,
        **trainer_arguments: Any,
    ) -> None:
        super().__init__(train_dataset=list(steps), eval_dataset=list(validation), **trainer_arguments)
        self.pack_tokens = pack_tokens
        self.hardware = hardware
        self.packed_attention = attention
        self.counters = counters

    def get_train_dataloader(self) -> DataLoader:
        """Steps in their order; the schedule is shuffled already."""
        return DataLoader(self.train_dataset, batch_size=None, shuffle=False)

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    def training_step(
        self, model: torch.nn.Module, inputs: Sequence[Encoded], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Forward and backward of one optimizer step; the mean loss a supervised token."""
        model.train()
        supervised = sum(sample.supervised for sample in inputs)
        while True:
            try:
                total = self._accumulate(model, inputs, supervised)
                break
            except torch.OutOfMemoryError:
                self._shrink_packs(model)
        self.counters.tokens += sum(len(sample) for sample in inputs)
        self.counters.supervised += supervised
        return total

    def _accumulate(
        self, model: torch.nn.Module, samples: Sequence[Encoded], supervised: int
    ) -> torch.Tensor:
        total = torch.zeros((), device=self.args.device)
        for pack in pack_all(samples, self.pack_tokens):
            loss = self._pack_loss(model, pack) / supervised
            self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def _pack_loss(self, model: torch.nn.Module, pack: Pack) -> torch.Tensor:
        with autocast(self.hardware):
            return supervised_loss(model, pack.to(self.args.device), self.packed_attention)

    def _shrink_packs(self, model: torch.nn.Module) -> None:
        if self.pack_tokens <= SMALLEST_PACK:
            raise UserError(
                f"out of memory with packs of {self.pack_tokens} tokens; set data.max_length lower, "
                "training.gradient_checkpointing=true, or use train_qlora.py"
            ) from None
        model.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        self.pack_tokens //= 2
        log.warning("out of memory: going on with packs of %d tokens, same effective batch", self.pack_tokens)

    @torch.no_grad()
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Validation loss a supervised token, whatever the packing."""
        self.model.eval()
        total = torch.zeros((), dtype=torch.float64)
        started = time.perf_counter()
        for pack in pack_all(self.eval_dataset, self.pack_tokens):
            total += self._pack_loss(self.model, pack).double().cpu()
        supervised = sum(sample.supervised for sample in self.eval_dataset)
        self.counters.started += time.perf_counter() - started  # tokens/s is of training
        metrics = {f"{metric_key_prefix}_loss": total.item() / supervised}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Keep every new best: a checkpoint is chosen among those that were saved."""
        better = super()._determine_best_metric(metrics, trial)
        self.control.should_save |= better
        return better

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            logs["tokens_per_s"] = round(self.counters.tokens_per_s, 1)
        super().log(logs, start_time)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Save, mark as whole, and only then delete older checkpoints."""
        kept, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            super()._save_checkpoint(model, trial)
        finally:
            self.args.save_total_limit = kept
        folder = Path(self.args.output_dir)
        checkpoints.mark_complete(folder / f"checkpoint-{self.state.global_step}")
        rotate_checkpoints(
            str(folder),
            save_total_limit=kept,
            best_model_checkpoint=self.state.best_model_checkpoint,
            use_mtime=False,
        )


@contextmanager
def autocast(hardware: Hardware) -> Iterator[None]:
    """16-bit products with float32 adapter weights on a GPU; plain arithmetic elsewhere."""
    if hardware.device == "cuda" and hardware.dtype != torch.float32:
        with torch.autocast("cuda", hardware.dtype):
            yield
    else:
        yield


def training_arguments(
    config: TrainingConfig, folder: Path, steps: int, hardware: Hardware
) -> TrainingArguments:
    """The Trainer's own settings; batch size and order are the schedule's."""
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup"
        if config.lr_scheduler_type == "constant"
        else config.lr_scheduler_type,
        warmup_steps=round(config.warmup_ratio * steps),
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim=config.optim,
        logging_steps=config.logging_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # reads the loss back every step
        eval_strategy="steps",
        eval_steps=config.eval_steps,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=config.save_total_limit,
        load_best_model_at_end=False,  # done by hand: the Trainer would also do it after a stop
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to=config.report_to,
        seed=config.seed,
        data_seed=config.seed,
        disable_tqdm=True,
        use_cpu=hardware.device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
    )


def make_callbacks(trainer: StepTrainer, config: TrainingConfig, name: str) -> StopKeepingWork:
    """Progress, early stopping and the stop by signal, in place of the Trainer's own printing."""
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(ProgressBar(trainer.counters, name))
    if config.early_stopping_patience:
        trainer.add_callback(EarlyStoppingCallback(config.early_stopping_patience))
    stop = StopKeepingWork()
    trainer.add_callback(stop)
    return stop


def load_best(trainer: StepTrainer) -> int:
    """Put the weights with the lowest validation loss back into the model; the step they are of."""
    best = trainer.state.best_model_checkpoint
    if best is None:
        return trainer.state.global_step
    weights = load_file(Path(best) / "adapter_model.safetensors")
    set_peft_model_state_dict(trainer.model, weights)
    return int(best.rsplit("-", 1)[1])
