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
from src.files import sole_writer, write_atomic
from src.models.fingerprints import weights_fingerprint
from src.models.hardware import decide
from src.models.kernels.embedding_offload import offload_embeddings
from src.models.kernels.fused_lora import fuse_lora_layers
from src.models.kernels.liger import apply_liger
from src.models.loading import load_base, location
from src.models.lora_model import attach_lora
from src.models.qlora_model import fill_from_residual
from src.schema import UserError
from src.training import checkpoints, results
from src.training.callbacks import ResumedCounters, add_callbacks, early_stopping_due
from src.training.job import Job, prepare, training_arguments
from src.training.packing.attention import training_attention
from src.training.packing.cuda_graphs import is_random
from src.training.results import FIRST_WEIGHTS, Trained
from src.training.step_trainer import StepTrainer

log = logging.getLogger(__name__)

FSDP_WEIGHTS = "pytorch_model_fsdp.bin"  # in a checkpoint: the Trainer's name
IN_USE = "wait for it or set training.output_dir"


def fine_tune(config: Config, method: str, resume: bool = False, restart: bool = False) -> Trained:
    """Train an adapter and save it to OUTPUT_DIR/METHOD/final with tokenizer, run.json and training_curve.png.

    A finished run of the same configuration and data is kept. Raises UserError for what the user can
    mend, SystemExit(130 or 143) after a stop that kept its work.
    """
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")  # sizes of packs differ
    with distributed.process_group(decide(config.model).device):
        distributed.rank0_first(lambda: location(config.model.base_model))  # fetched and converted once
        job = prepare(config, method)
        with sole_writer(job.folder, IN_USE) if distributed.is_rank0() else nullcontext():
            start = distributed.rank0_first(lambda: _begin(job, resume, restart))
            if start.done is not None:
                return start.done
            try:
                return _run(job, start.checkpoint)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                raise UserError(
                    f"out of memory on the {job.hardware.device} ({job.plan.estimate_gib:.1f} GiB were expected, "
                    f"{job.plan.free_gib:.1f} GiB free); close other programs, set training.pack_tokens or "
                    "data.max_length lower, or use a smaller base model"
                ) from None


@dataclass(frozen=True)
class _Start:
    """Where a run begins."""

    done: Trained | None = None  # it need not be run
    checkpoint: Path | None = None  # it goes on from there


def _begin(job: Job, resume: bool, restart: bool) -> _Start:
    """Look at what lies in the folder, and clear it for a fresh start."""
    results.remove_partial(job.folder)
    done = results.finished(job)
    if done is not None and not restart:
        return _Start(done=done)
    return _Start(checkpoint=_starting_point(job, resume, restart))


def _is_out_of_memory(error: Exception) -> bool:
    """The CPU's allocator has no error type of its own."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _run(job: Job, checkpoint: Path | None) -> Trained:
    if job.hardware.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        if job.config.training.memory_budget_gib:
            share = job.config.training.memory_budget_gib / job.hardware.memory_gib
            torch.cuda.set_per_process_memory_fraction(min(1.0, share))
    # peft still asks the base by the old name
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
    trainer, base_fingerprint = _set_up(job)
    before = (
        TrainerState.load_from_json(str(checkpoint / "trainer_state.json")) if checkpoint else TrainerState()
    )
    if early_stopping_due(before.log_history, job.config.training.early_stopping_patience):
        trainer.state = before  # it was stopped between its last checkpoint and its end
        ResumedCounters(trainer, checkpoint).begin(before)
    else:
        _train(job, trainer, checkpoint, before.global_step)
    return distributed.rank0_first(lambda: _finish(job, trainer, base_fingerprint))


def _finish(job: Job, trainer: StepTrainer, base_fingerprint: str) -> Trained:
    best_step = _load_best(trainer)
    metrics = results.measure(job, trainer, best_step)
    final = results.save(job, trainer, metrics, base_fingerprint)
    shutil.rmtree(job.folder / FIRST_WEIGHTS, ignore_errors=True)
    return Trained(final, metrics)


def _load_best(trainer: StepTrainer) -> int:
    """Put the weights with the lowest validation loss back into the model; the step they are of."""
    best = trainer.state.best_model_checkpoint
    if best is None:
        raise UserError(
            "the validation loss was never a finite number: training diverged; lower training.learning_rate"
        )
    if not trainer.sharded:  # no process holds the whole model then: the checkpoint's file is kept as it is
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


def _set_up(job: Job) -> tuple[StepTrainer, str]:
    """The trainer with base and adapter loaded, and the base's fingerprint."""
    config = job.config
    attention = training_attention(job.model_config, job.hardware)
    on_cpu = dataclasses.replace(job.hardware, device="cpu")
    place = on_cpu if distributed.sharding() else job.hardware  # a model to be divided may not fit one GPU
    base = load_base(config.model.base_model, config.model, place, job.quantization, attention)
    base_fingerprint = weights_fingerprint(base)
    if job.plan.offload:
        offload_embeddings(base)
    if job.fused:
        apply_liger(base)
    if job.plan.checkpointing:
        repeated = config.lora.lora_dropout > 0 or config.training.neftune_noise_alpha > 0 or is_random(base)
        base.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False, "preserve_rng_state": repeated}
        )
        base.enable_input_require_grads()
    model = attach_lora(base, config.lora, config.training.seed)
    if config.lora.init_lora_weights == "loftq":
        fill_from_residual(model, load_base(config.model.base_model, config.model, on_cpu))
    elif config.lora.init_lora_weights == "pissa":
        distributed.rank0_first(lambda: model.save_pretrained(str(job.folder / FIRST_WEIGHTS)))
    fuse_lora_layers(model)
    trainer = StepTrainer(
        model=model,
        args=training_arguments(config.training, job.folder, len(job.steps), job.hardware),
        steps=job.samples(),
        validation=job.validation.samples,
        epoch_steps=-(-len(job.train.samples) // config.training.batch_size),
        config=config.training,
        pack_tokens=job.plan.pack_tokens,
        share=job.sharing.saved > 0 and not is_random(model),
        hardware=job.hardware,
        attention=attention,
    )
    if distributed.sharding() and not trainer.sharded:
        raise UserError(
            f"the launcher asks for {distributed.sharding()}, which accelerate uses on GPUs only, and this run is on "
            f"the {job.hardware.device}; launch without it: configs/accelerate/multi_gpu.yaml or torchrun"
        )
    if not distributed.is_rank0():  # the Trainer gives all the same seed: dropout would repeat itself
        torch.manual_seed(config.training.seed + distributed.rank())
    return trainer, base_fingerprint


def _starting_point(job: Job, resume: bool, restart: bool) -> Path | None:
    """The checkpoint to go on from; None for a fresh start, for which the folder is cleared."""
    before = _identity_there(job, restart)
    final = results.read_run(job.folder / "final")
    ended = bool(before) and final is not None and final.get("identity") == before
    unfinished = None if restart or ended else checkpoints.last_complete(job.folder)
    if unfinished is not None:
        _check_same_job(job, before, unfinished, resume)
        _check_same_sharding(unfinished)
        checkpoints.remove_others(unfinished)
        log.warning("continuing from %s of %d steps", unfinished.name, len(job.steps))
        _tell_of_other_masks(job, unfinished)
        return unfinished
    if final is not None and not restart:
        log.warning(
            "%s is of other settings (%s) and will be replaced", job.folder / "final", _changed(job, before)
        )
    for leftover in job.folder.glob("checkpoint-*"):
        shutil.rmtree(leftover)
    shutil.rmtree(job.folder / "runs", ignore_errors=True)
    write_atomic(job.folder / "identity.json", json.dumps(job.identity, indent=1))
    return None


def _tell_of_other_masks(job: Job, checkpoint: Path) -> None:
    """Any number of processes can go on; only what each drew at random cannot be handed over to another number."""
    before = max(1, len(list(checkpoint.glob("rng_state_*.pth"))))
    drawn = job.config.lora.lora_dropout > 0 or job.config.training.neftune_noise_alpha > 0
    if before != distributed.world_size() and drawn:
        log.warning(
            "it was made by %d processes, now there are %d: dropout and noise will be drawn anew, all else is the same",
            before,
            distributed.world_size(),
        )


def _identity_there(job: Job, restart: bool) -> dict[str, Any]:
    """What the run in the folder was of; empty where there is none."""
    path = job.folder / "identity.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except (ValueError, TypeError):
        if restart:
            return {}
        raise UserError(f"{path} is damaged; begin anew with --restart") from None


def _check_same_job(job: Job, before: dict[str, Any], unfinished: Path, resume: bool) -> None:
    if not resume:
        raise UserError(
            f"{job.folder} holds an unfinished run ({unfinished.name} of {len(job.steps)} steps): "
            "continue it with --resume or begin anew with --restart"
        )
    if before != job.identity:
        raise UserError(f"cannot resume: {_changed(job, before)}; set it back or begin anew with --restart")


def _check_same_sharding(unfinished: Path) -> None:
    """FSDP's checkpoints have a form of their own; any number of its processes can read them, but nothing else."""
    before = (unfinished / FSDP_WEIGHTS).exists()
    if before != (distributed.sharding() == "fsdp"):
        raise UserError(
            f"cannot resume: {unfinished} was made {'with' if before else 'without'} FSDP and this run is "
            f"{'without' if before else 'with'} it; launch as before or begin anew with --restart"
        )


def _changed(job: Job, before: dict[str, Any]) -> str:
    """The first difference, by the name of its key."""
    keys = [*job.identity, *(key for key in before if key not in job.identity)]
    key = next((key for key in keys if before.get(key) != job.identity.get(key)), "its files")
    return f"{key} was {before.get(key)!r} and is now {job.identity.get(key)!r}"
