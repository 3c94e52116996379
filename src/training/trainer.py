"""fine_tune(config, method): the whole of a LoRA or QLoRA training run, from the splits to the saved adapter."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import signal
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import TrainerState

from src import distributed
from src.config import Config
from src.exhaustion import is_out_of_memory
from src.files import sole_writer, write_atomic
from src.models.hardware import decide
from src.models.kernels.embedding_offload import offload_embeddings
from src.models.kernels.liger import apply_liger
from src.models.loading import load_base, location
from src.models.lora_model import attach_lora
from src.models.qlora_model import init_loftq_weights
from src.schema import UserError
from src.training import checkpoints, results
from src.training.callbacks import ResumedCounters, add_callbacks, early_stopping_due
from src.training.job import Job, prepare, training_arguments
from src.training.packing.computation import Computation
from src.training.packing.cuda_graphs import is_random
from src.training.results import INITIAL_ADAPTER, Trained
from src.training.step_trainer import StepTrainer

log = logging.getLogger(__name__)

FSDP_WEIGHTS = "pytorch_model_fsdp.bin"  # in a checkpoint: the Trainer's name
IN_USE = "wait for it or set training.output_dir"


def fine_tune(config: Config, method: str, resume: bool = False, restart: bool = False) -> Trained:
    """Train an adapter and save it to OUTPUT_DIR/METHOD/final with tokenizer, run.json and training_curve.png.

    A finished run of the same configuration and data is kept. Raises UserError for what the user can
    fix, SystemExit(130 or 143) after a stop that kept its work.
    """
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")  # sizes of packs vary
    with distributed.process_group(decide(config.model).device):
        distributed.rank0_first(lambda: location(config.model.base_model))  # downloaded and converted once
        job = prepare(config, method)
        with sole_writer(job.folder, IN_USE) if distributed.is_rank0() else nullcontext():
            start = distributed.rank0_first(lambda: _prepare_folder(job, resume, restart))
            if start.done is not None:
                return start.done
            try:
                return _run(job, start.checkpoint)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                raise UserError(
                    f"out of memory on the {job.hardware.device} ({job.plan.estimate_gib:.1f} GiB were expected, "
                    f"{job.plan.free_gib:.1f} GiB free); close other programs, set training.pack_tokens or "
                    "data.max_length lower, or use a smaller base model"
                ) from error


@dataclass(frozen=True)
class _Start:
    """Where a run starts."""

    done: Trained | None = None  # nothing is left to train
    checkpoint: Path | None = None  # to resume from


def _prepare_folder(job: Job, resume: bool, restart: bool) -> _Start:
    """Find what earlier runs left in the folder, and clear it for a fresh start."""
    results.remove_partial(job.folder)
    done = results.finished(job)
    if done is not None and not restart:
        return _Start(done=done)
    return _Start(checkpoint=_checkpoint_to_resume(job, resume, restart))


def _run(job: Job, checkpoint: Path | None) -> Trained:
    if job.hardware.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        if job.config.training.memory_budget_gib:
            share = job.config.training.memory_budget_gib / job.hardware.memory_gib
            torch.cuda.set_per_process_memory_fraction(min(1.0, share))
    # peft still reads the old name of the attribute
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
    trainer = build_trainer(job)
    before = (
        TrainerState.load_from_json(str(checkpoint / "trainer_state.json")) if checkpoint else TrainerState()
    )
    if early_stopping_due(before.log_history, job.config.training.early_stopping_patience):
        trainer.state = before  # the process ended between the last checkpoint and the result
        ResumedCounters(trainer, checkpoint).restore(before)
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
        stochastic = (
            config.lora.lora_dropout > 0 or config.training.neftune_noise_alpha > 0 or is_random(base)
        )
        base.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False, "preserve_rng_state": stochastic}
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
        hardware=job.hardware,
        computation=Computation(job.attention, share=job.prefix_sharing.saved > 0 and not is_random(model)),
        liger=liger,
    )
    if distributed.sharding() and not trainer.sharded:
        raise UserError(
            f"the launcher asks for {distributed.sharding()}, which accelerate uses on GPUs only, and this run is on "
            f"the {job.hardware.device}; launch without it: configs/accelerate/multi_gpu.yaml or torchrun"
        )
    if (
        not distributed.is_rank0()
    ):  # the Trainer gives all ranks the same seed, and with it the same dropout masks
        torch.manual_seed(config.training.seed + distributed.rank())
    return trainer


def _checkpoint_to_resume(job: Job, resume: bool, restart: bool) -> Path | None:
    """The checkpoint to resume from; None for a fresh start, for which the folder is cleared."""
    before = _stored_identity(job, restart)
    final = results.readable_record(job.folder / "final")
    finished = bool(before) and final is not None and final.identity == before
    unfinished = None if restart or finished else checkpoints.last_complete(job.folder)
    if unfinished is not None:
        _check_same_job(job, before, unfinished, resume)
        _check_same_sharding(unfinished)
        checkpoints.remove_others(unfinished)
        log.warning("continuing from %s of %d steps", unfinished.name, len(job.steps))
        _warn_of_other_random_numbers(job, unfinished)
        return unfinished
    if (job.folder / "final").exists() and not restart:
        reason = f"of other settings ({_changed(job, before)})" if final else "damaged"
        log.warning("%s is %s and will be replaced", job.folder / "final", reason)
    for leftover in job.folder.glob("checkpoint-*"):
        shutil.rmtree(leftover)
    shutil.rmtree(job.folder / "runs", ignore_errors=True)
    write_atomic(job.folder / "identity.json", json.dumps(job.identity, indent=1))
    return None


def _warn_of_other_random_numbers(job: Job, checkpoint: Path) -> None:
    """Any number of processes can resume a run; only the states of the random generators belong to one number."""
    before = max(1, len(list(checkpoint.glob("rng_state_*.pth"))))
    stochastic = job.config.lora.lora_dropout > 0 or job.config.training.neftune_noise_alpha > 0
    if before != distributed.world_size() and stochastic:
        log.warning(
            "it was made by %d processes, now there are %d: dropout and noise will be other ones, all else is the same",
            before,
            distributed.world_size(),
        )


def _stored_identity(job: Job, restart: bool) -> dict[str, Any]:
    """The identity of the run in the folder; empty where there is none."""
    path = job.folder / "identity.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except (ValueError, TypeError) as error:
        if restart:
            return {}
        raise UserError(f"{path} is damaged; start over with --restart") from error


def _check_same_job(job: Job, before: dict[str, Any], unfinished: Path, resume: bool) -> None:
    if not resume:
        raise UserError(
            f"{job.folder} holds an unfinished run ({unfinished.name} of {len(job.steps)} steps): "
            "continue it with --resume or start over with --restart"
        )
    if before != job.identity:
        raise UserError(f"cannot resume: {_changed(job, before)}; set it back or start over with --restart")


def _check_same_sharding(unfinished: Path) -> None:
    """FSDP's checkpoints have a format of their own, which any number of its processes can read, but nothing else."""
    before = (unfinished / FSDP_WEIGHTS).exists()
    if before != (distributed.sharding() == "fsdp"):
        raise UserError(
            f"cannot resume: {unfinished} was made {'with' if before else 'without'} FSDP and this run is "
            f"{'without' if before else 'with'} it; launch as before or start over with --restart"
        )


def _changed(job: Job, before: dict[str, Any]) -> str:
    """The first difference, by the name of its key."""
    keys = [*job.identity, *(key for key in before if key not in job.identity)]
    key = next((key for key in keys if before.get(key) != job.identity.get(key)), "its files")
    return f"{key} was {before.get(key)!r} and is now {job.identity.get(key)!r}"
