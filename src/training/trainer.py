"""fine_tune(config, method): the whole of a LoRA or QLoRA training run, from the splits to the saved adapter."""

from __future__ import annotations

import dataclasses
import gc
import logging
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import TrainerState, TrainingArguments

from src.config import Config, TrainingConfig
from src.models.hardware import Hardware, empty_cache
from src.models.kernels.attention_arguments import UnknownArgumentError
from src.models.kernels.embedding_offload import offload_embeddings
from src.models.kernels.liger import apply_liger
from src.models.loading import load_base
from src.models.lora_model import attach_lora
from src.models.qlora_model import init_loftq_weights
from src.schema import UserError
from src.system import distributed
from src.system.exhaustion import is_out_of_memory
from src.system.files import sole_writer
from src.training import checkpoints, results
from src.training.callbacks import add_callbacks, early_stopping_due, restore_counts
from src.training.job import IN_USE, Job, prepared, run_folder
from src.training.packing.attention import BoundariesLostError
from src.training.packing.computation import Computation
from src.training.results import INITIAL_ADAPTER, Trained
from src.training.start import clear_for
from src.training.step_trainer import StepTrainer

log = logging.getLogger(__name__)


def fine_tune(config: Config, method: str, resume: bool = False, restart: bool = False) -> Trained:
    """Train an adapter and save it to OUTPUT_DIR/METHOD/final with tokenizer, run.json and training_curve.png.

    A finished run of the same configuration and data is kept. Raises UserError for what the user can
    fix, SystemExit(130 or 143) after a stop that kept its work.
    """
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")  # sizes of packs vary
    lock = sole_writer(run_folder(config, method), IN_USE) if distributed.is_rank0() else None
    with prepared(config, method, resume, restart, lock) as job:
        distributed.rank0_first(lambda: clear_for(job.start, job.folder, job.identity))
        if job.start.finished is not None:
            return Trained(job.folder / "final", job.start.finished.metrics, reused=True)
        try:
            return _run(job, job.start.checkpoint)
        except (UnknownArgumentError, BoundariesLostError) as error:
            raise UserError(
                f"packs cannot be computed with {config.model.base_model} ({error}); set training.self_check=auto"
            ) from error
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise UserError(
                f"out of memory on the {job.hardware.device} ({job.plan.estimate_gib:.1f} GiB were expected, "
                f"{job.plan.free_gib:.1f} GiB free); close other programs, set training.pack_tokens or "
                "data.max_length lower, or use a smaller base model"
            ) from error


def fine_tune_each(
    configs: Sequence[Config], method: str, resume: bool = False, restart: bool = False
) -> Iterator[Trained]:
    """Trainings one after the other; a stop ends them all, and `resume` keeps what was finished."""
    for config in configs:
        yield fine_tune(config, method, resume, restart)
        gc.collect()  # model and optimizer refer to each other in circles
        empty_cache()


def _run(job: Job, checkpoint: Path | None) -> Trained:
    if job.hardware.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        if job.config.training.memory_budget_gib:
            share = job.config.training.memory_budget_gib / job.hardware.memory_gib
            torch.cuda.set_per_process_memory_fraction(min(1.0, share))
    trainer = build_trainer(job)
    before = (
        TrainerState.load_from_json(str(checkpoint / "trainer_state.json")) if checkpoint else TrainerState()
    )
    if early_stopping_due(before.log_history, job.config.training.early_stopping_patience):
        trainer.state = before  # the process ended between the last checkpoint and the result
        restore_counts(trainer, checkpoint, before)
    else:
        _train(job, trainer, checkpoint, before.global_step)
    return distributed.rank0_first(lambda: _finish(job, trainer))


def _finish(job: Job, trainer: StepTrainer) -> Trained:
    best_step = _load_best(trainer)
    metrics = results.collect_metrics(job, trainer, best_step)
    final = results.save(job, trainer, metrics)
    shutil.rmtree(job.folder / INITIAL_ADAPTER, ignore_errors=True)
    return Trained(final, metrics)


def _load_best(trainer: StepTrainer) -> int:
    """Load the weights with the lowest validation loss into the model; the step of their checkpoint."""
    best = trainer.state.best_model_checkpoint
    if best is None:
        raise UserError(
            "the validation loss was never a finite number: training diverged; lower training.learning_rate"
        )
    if not trainer.sharded:  # otherwise no process holds all weights: the checkpoint's file is copied
        set_peft_model_state_dict(trainer.adapted, load_file(Path(best) / "adapter_model.safetensors"))
    return int(best.rsplit("-", 1)[1])


def _train(job: Job, trainer: StepTrainer, checkpoint: Path | None, done_steps: int) -> None:
    # whose generator the Trainer does not save
    if checkpoint and job.stochastic and job.hardware.device == "mps":
        log.warning("dropout and noise will be other ones than without the stop, all else is the same")
    stop = add_callbacks(trainer, job.config.training, job.method, checkpoint, done_steps)
    with stop.listening(), checkpoints.checkpoint_errors(checkpoint):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if stop.signal is not None:
        step = trainer.state.global_step
        log.warning("stopped after step %d of %d; continue with --resume", step, trainer.state.max_steps)
        raise SystemExit(143 if stop.signal == signal.SIGTERM else 130)


def build_trainer(job: Job) -> StepTrainer:
    """Load base and adapter; the trainer, ready for its first step.

    Raises UserError where the model cannot be loaded, or sharded as the launcher asks.
    """
    config = job.config
    on_cpu = dataclasses.replace(job.hardware, device="cpu")
    hardware = on_cpu if distributed.sharding() else job.hardware  # a model to be sharded may not fit one GPU
    base = load_base(config.model.base_model, config.model, hardware, job.quantization)
    if job.plan.offload:
        offload_embeddings(base)
    liger = apply_liger(base) if job.fused else None
    if job.plan.checkpointing:
        base.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False, "preserve_rng_state": job.stochastic}
        )
        base.enable_input_require_grads()
    model = attach_lora(base, config.lora, config.training.seed)
    if config.lora.init_lora_weights == "loftq":
        init_loftq_weights(model, load_base(config.model.base_model, config.model, on_cpu))
    elif config.lora.init_lora_weights == "pissa":
        distributed.rank0_first(lambda: model.save_pretrained(str(job.folder / INITIAL_ADAPTER)))
    trainer = StepTrainer(
        model=model,
        args=training_arguments(config.training, job.folder, len(job.steps), job.hardware),
        steps=job.samples(),
        validation=job.validation.samples,
        epoch_steps=-(-len(job.train.samples) // config.training.batch_size),
        config=config.training,
        pack_tokens=job.plan.pack_tokens,
        stochastic=job.stochastic,
        hardware=job.hardware,
        loss_scaling=job.loss_scaling,
        computation=Computation(job.attention, share=job.share),
        liger=liger,
    )
    assert trainer.sharded == bool(distributed.sharding())
    if not distributed.is_rank0():  # the Trainer gives all ranks one seed, and so the same dropout masks
        torch.manual_seed(config.training.seed + distributed.rank())
    return trainer


def training_arguments(
    config: TrainingConfig, folder: Path, steps: int, hardware: Hardware
) -> TrainingArguments:
    """The Trainer's own settings; batch size and order are the schedule's."""
    constant = config.lr_scheduler_type == "constant"
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup" if constant else config.lr_scheduler_type,
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
        load_best_model_at_end=False,  # done in trainer.py: the Trainer would also do it after a stop
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to="none" if config.report_to == "tensorboard" else config.report_to,  # ours: see callbacks
        seed=config.seed,
        data_seed=config.seed,
        disable_tqdm=True,
        use_cpu=hardware.device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_timeout=int(distributed.TIMEOUT.total_seconds()),
    )
