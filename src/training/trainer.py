"""fine_tune(config, method): the whole of a LoRA or QLoRA training run, from the splits to the saved adapter."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoConfig, PreTrainedTokenizerBase

from src import provenance
from src.config import Config, QloraConfig
from src.data.dataset import load_card, load_split
from src.data.preprocessing import EncodedSplit, encode_split
from src.files import write_atomic
from src.models.attention import training_attention
from src.models.base import fingerprint, load_base, load_tokenizer, location
from src.models.hardware import GIB, Hardware, decide
from src.models.lora_model import attach_lora
from src.schema import UserError
from src.training import checkpoints, memory
from src.training.curve import draw_training_curve
from src.training.progress import Counters
from src.training.step_trainer import StepTrainer, load_best, make_callbacks, training_arguments
from src.training.utils import schedule, total_parameters, trainable_parameters

log = logging.getLogger(__name__)

METHODS = ("lora", "qlora")
# Keys that change what is learnt; the others may differ between a run and its continuation.
_INDIFFERENT = (
    "output_dir",
    "logging_steps",
    "report_to",
    "save_total_limit",
    "pack_tokens",
    "gradient_checkpointing",
)


@dataclass(frozen=True)
class Job:
    """Everything that is decided before a model is loaded."""

    config: Config
    method: str
    folder: Path  # OUTPUT_DIR/METHOD
    hardware: Hardware
    tokenizer: PreTrainedTokenizerBase
    train: EncodedSplit
    validation: EncodedSplit
    steps: list[list[int]]
    plan: memory.Plan
    identity: dict[str, Any]  # what must be equal for a run to be continued

    @property
    def quantization(self) -> QloraConfig | None:
        return self.config.qlora if self.method == "qlora" else None


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    folder: Path
    metrics: dict[str, Any]
    reused: bool = False  # it was there already


def prepare(config: Config, method: str) -> Job:
    """Read the data, choose device, packs and steps. Raises UserError for what cannot work."""
    assert method in METHODS
    hardware = decide(config.model)
    if hardware.dtype == torch.float16:
        raise UserError("training in float16 loses small gradients; set model.dtype=auto")
    if hardware.notice:
        log.warning(hardware.notice)
    tokenizer = load_tokenizer(config.model.base_model, config.model)
    card = load_card(config.data)
    train = encode_split(tokenizer, load_split(config.data, "train"), config.data.max_length)
    validation = encode_split(tokenizer, load_split(config.data, "validation"), config.data.max_length)
    steps = schedule(len(train.samples), config.training)
    model_config = AutoConfig.from_pretrained(
        location(config.model.base_model), trust_remote_code=config.model.trust_remote_code
    )
    quantization = config.qlora if method == "qlora" else None
    return Job(
        config=config,
        method=method,
        folder=Path(config.training.output_dir) / method,
        hardware=hardware,
        tokenizer=tokenizer,
        train=train,
        validation=validation,
        steps=steps,
        plan=memory.plan(model_config, hardware, config.lora, quantization, config.training),
        identity=_identity(config, method, card.fingerprint),
    )


def fine_tune(config: Config, method: str, resume: bool = False, restart: bool = False) -> Trained:
    """Train an adapter and save it to OUTPUT_DIR/METHOD/final with tokenizer, run.json and training_curve.png.

    A finished run of the same configuration and data is kept. Raises UserError for what the user can
    mend, SystemExit(130 or 143) after a stop that kept its work.
    """
    job = prepare(config, method)
    with checkpoints.locked(job.folder):
        done = _finished(job)
        if done is not None and not restart:
            return done
        resume_from = _starting_point(job, resume, restart)
        return _run(job, resume_from)


def _run(job: Job, resume_from: Path | None) -> Trained:
    started = time.time()
    if job.hardware.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    trainer, base_fingerprint = _set_up(job)
    stop = make_callbacks(trainer, job.config.training, job.method)
    with stop.listening():
        trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    if stop.signal is not None:
        step = trainer.state.global_step
        log.warning("stopped after step %d of %d; continue with --resume", step, trainer.state.max_steps)
        raise SystemExit(143 if stop.signal == signal.SIGTERM else 130)
    best_step = load_best(trainer)
    metrics = _metrics(job, trainer, best_step, time.time() - started)
    _save_final(job, trainer, metrics, base_fingerprint)
    return Trained(job.folder / "final", metrics)


def _set_up(job: Job) -> tuple[StepTrainer, str]:
    config = job.config
    place = location(config.model.base_model)
    model_config = AutoConfig.from_pretrained(place, trust_remote_code=config.model.trust_remote_code)
    attention = training_attention(model_config, job.hardware)
    base = load_base(config.model.base_model, config.model, job.hardware, job.quantization, attention)
    base_fingerprint = fingerprint(base)
    if job.plan.checkpointing:
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        base.enable_input_require_grads()
    model = attach_lora(base, config.lora, config.training.seed)
    trainer = StepTrainer(
        model=model,
        args=training_arguments(config.training, job.folder, len(job.steps), job.hardware),
        steps=[[job.train.samples[index] for index in step] for step in job.steps],
        validation=job.validation.samples,
        pack_tokens=job.plan.pack_tokens,
        hardware=job.hardware,
        attention=attention,
        counters=Counters(),
    )
    return trainer, base_fingerprint


def _identity(config: Config, method: str, data_fingerprint: str) -> dict[str, Any]:
    sections = dataclasses.asdict(config)
    training = {key: value for key, value in sections["training"].items() if key not in _INDIFFERENT}
    same = {"method": method, "data.fingerprint": data_fingerprint, "data.max_length": config.data.max_length}
    for name in ("model", "lora") + (("qlora",) if method == "qlora" else ()):
        same |= {f"{name}.{key}": value for key, value in sections[name].items()}
    return same | {f"training.{key}": value for key, value in training.items()}


def _finished(job: Job) -> Trained | None:
    """The result of an earlier run of the very same job."""
    try:
        run = json.loads((job.folder / "final" / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if (
        run.get("identity") != job.identity
        or not (job.folder / "final" / "adapter_model.safetensors").exists()
    ):
        return None
    return Trained(job.folder / "final", run["metrics"], reused=True)


def _starting_point(job: Job, resume: bool, restart: bool) -> Path | None:
    """The checkpoint to go on from; None for a fresh start, for which the folder is cleared."""
    identity_file = job.folder / "identity.json"
    before = json.loads(identity_file.read_text(encoding="utf-8")) if identity_file.exists() else {}
    unfinished = None if restart or before.get("finished") else checkpoints.last_complete(job.folder)
    if unfinished is not None:
        if not resume:
            raise UserError(
                f"{job.folder} holds an unfinished run ({unfinished.name} of {len(job.steps)} steps): "
                "continue it with --resume or begin anew with --restart"
            )
        changed = [key for key in job.identity if before.get(key) != job.identity[key]]
        if changed:
            key = changed[0]
            raise UserError(
                f"cannot resume: {key} was {before.get(key)!r} and is now {job.identity[key]!r}; "
                "set it back or begin anew with --restart"
            )
        log.warning("continuing from %s of %d steps", unfinished.name, len(job.steps))
        return unfinished
    for leftover in job.folder.glob("checkpoint-*"):
        shutil.rmtree(leftover)
    shutil.rmtree(job.folder / "runs", ignore_errors=True)
    write_atomic(identity_file, json.dumps(job.identity | {"finished": False}, indent=1))
    return None


def _metrics(job: Job, trainer: StepTrainer, best_step: int, seconds: float) -> dict[str, Any]:
    history = trainer.state.log_history
    validation = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    model = trainer.model
    assert isinstance(model, PeftModel)
    return {
        "steps": trainer.state.global_step,
        "best_step": best_step,
        "validation_loss": min(validation, default=None),
        "train_samples": len(job.train.samples),
        "truncated": job.train.truncated,
        "skipped": job.train.skipped,
        "tokens_per_s": round(trainer.counters.tokens_per_s, 1),
        "tokens": trainer.counters.tokens,
        "seconds": round(seconds, 1),
        "peak_gib": round(_peak_gib(job.hardware), 2),
        "estimated_gib": round(job.plan.estimate_gib, 2),
        "pack_tokens": trainer.pack_tokens,
        "attention": trainer.packed_attention,
        "gradient_checkpointing": job.plan.checkpointing,
        "trainable_parameters": trainable_parameters(model),
        "total_parameters": total_parameters(model),
    }


def _peak_gib(hardware: Hardware) -> float:
    if hardware.device == "cuda":
        return torch.cuda.max_memory_allocated() / GIB
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def _save_final(job: Job, trainer: StepTrainer, metrics: dict[str, Any], base_fingerprint: str) -> None:
    """Write the final folder beside its place, then move it there."""
    made = Path(tempfile.mkdtemp(dir=job.folder, prefix="final.partial-"))
    made.chmod(0o755)
    model = trainer.model
    assert isinstance(model, PeftModel)
    model.save_pretrained(made)
    job.tokenizer.save_pretrained(made)
    history = trainer.state.log_history
    draw_training_curve(history, made / "training_curve.png")
    run = {
        "method": job.method,
        "base_model": job.config.model.base_model,
        "qlora": dataclasses.asdict(job.config.qlora) if job.method == "qlora" else None,
        "metrics": metrics,
        "history": history,
        "identity": job.identity,
        "provenance": provenance.describe(
            job.config,
            device=job.hardware.name,
            model_fingerprint=base_fingerprint,
            data_fingerprint=job.identity["data.fingerprint"],
        ),
    }
    write_atomic(made / "run.json", json.dumps(run, indent=1, ensure_ascii=False))
    _replace(made, job.folder / "final")
    write_atomic(job.folder / "identity.json", json.dumps(job.identity | {"finished": True}, indent=1))


def _replace(made: Path, final: Path) -> None:
    """Move `made` to `final`; what was there goes only when the new one is whole."""
    old = final.with_name("final.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    made.rename(final)
    shutil.rmtree(old, ignore_errors=True)
