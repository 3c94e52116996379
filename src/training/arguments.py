"""The Trainer's own settings, from the configuration."""

from __future__ import annotations

from pathlib import Path

from transformers import TrainingArguments

from src import processes
from src.config import TrainingConfig
from src.models.hardware import Hardware


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
        report_to="none" if config.report_to == "tensorboard" else config.report_to,  # ours: see callbacks
        seed=config.seed,
        data_seed=config.seed,
        disable_tqdm=True,
        use_cpu=hardware.device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_timeout=int(processes.PATIENCE.total_seconds()),
    )
