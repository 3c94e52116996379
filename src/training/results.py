"""Writes the results of a finished run: adapter, tokenizer, metrics and curve."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from src import provenance
from src.models.adapters import name_base
from src.models.hardware import GIB, Hardware, peak_ram_gib
from src.models.run_record import BaseKind, DataOrigin, RunRecord, write_record
from src.report.model_card import render_model_card
from src.report.training_curve import draw_training_curve
from src.system import distributed
from src.system.files import write_atomic
from src.training import checkpoints
from src.training.job import Job
from src.training.start import PARTIAL
from src.training.step_trainer import StepTrainer
from src.training.utils import total_parameters, trainable_parameters

INITIAL_ADAPTER = "first_weights"  # PiSSA's adapter before training, kept until the end of the run


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    folder: Path
    metrics: dict[str, Any]
    reused: bool = False  # an earlier result was kept


def collect_metrics(job: Job, trainer: StepTrainer, best_step: int) -> dict[str, Any]:
    """The metrics of the run, for run.json and the screen."""
    validation = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    counters = trainer.counters
    assert isinstance(trainer.model, PeftModel)
    return {
        "steps": trainer.state.global_step,
        "planned_steps": len(job.steps),
        "skipped_steps": counters.skipped_steps,
        "best_step": best_step,
        "validation_loss": min(validation, default=None),
        "train_samples": len(job.train.samples),
        "truncated": job.train.truncated,
        "skipped": job.train.skipped,
        "tokens_per_s": round(counters.tokens_per_s, 1),
        "tokens": counters.tokens,
        "supervised_tokens": counters.supervised,
        "seconds": round(counters.seconds, 1),
        "peak_gib": round(_peak_gib(job.hardware), 2),
        "estimated_gib": round(job.plan.estimate_gib, 2),
        "pack_tokens": trainer.pack_tokens,
        "shared_prefixes": round(job.prefix_sharing.saved, 3) if trainer.computation.share else 0.0,
        "processes": distributed.world_size(),
        "attention": trainer.computation.attention,
        "cuda_graphs": trainer.graphs is not None and trainer.graphs.active,
        "gradient_checkpointing": job.plan.checkpointing,
        "offload": job.plan.offload,
        "trainable_parameters": trainable_parameters(trainer.model),
        "total_parameters": total_parameters(trainer.model),
    }


def _peak_gib(hardware: Hardware) -> float:
    if hardware.device == "cuda":
        return torch.cuda.max_memory_allocated() / GIB
    if hardware.device == "mps":  # the allocator keeps what it once had, so this is about the most
        return torch.mps.driver_allocated_memory() / GIB
    return peak_ram_gib()


def save(job: Job, trainer: StepTrainer, metrics: dict[str, Any]) -> Path:
    """Write the final folder beside its place, then move it there."""
    made = Path(tempfile.mkdtemp(dir=job.folder, prefix=PARTIAL))
    try:
        made.chmod(0o755)
        _write(made, job, trainer, metrics)
        checkpoints.flush(made)
        return _replace(made, job.folder / "final")
    except BaseException:  # Ctrl-C too must leave no partial result
        shutil.rmtree(made, ignore_errors=True)
        raise


def _write(made: Path, job: Job, trainer: StepTrainer, metrics: dict[str, Any]) -> None:
    model = trainer.model
    assert isinstance(model, PeftModel)
    if trainer.sharded:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            shutil.copy(Path(str(trainer.state.best_model_checkpoint)) / name, made / name)
    else:
        # an adapter of the unchanged base: PiSSA's is converted to plain LoRA of twice the rank
        options: dict[str, Any] = {}
        if job.config.lora.init_lora_weights == "pissa":
            options = {"path_initial_model_for_weight_conversion": str(job.folder / INITIAL_ADAPTER)}
        model.save_pretrained(str(made), **options)
    name_base(made)
    job.tokenizer.save_pretrained(made)
    history = trainer.state.log_history
    draw_training_curve(history, made / "training_curve.png")
    record = RunRecord(
        method=job.method,  # type: ignore[arg-type]
        base_model=job.config.model.base_model,
        base_kind=BaseKind.of(model.get_base_model()),  # type: ignore[arg-type]
        qlora=job.quantization,
        data=DataOrigin(job.card.source, job.card.origin, job.card.licence),
        metrics=metrics,
        self_check=trainer.self_check,
        history=history,
        identity=job.identity,
        provenance=provenance.describe(
            job.config,
            device=job.hardware.name,
            model_fingerprint=job.identity["model.fingerprint"],
            data_fingerprint=job.identity["data.fingerprint"],
        ),
    )
    write_record(made, record)
    write_atomic(made / "README.md", render_model_card(record))


def _replace(made: Path, final: Path) -> Path:
    """Move `made` to `final`; the earlier result is deleted once the new one is in place."""
    old = final.with_name("final.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    made.rename(final)
    shutil.rmtree(old, ignore_errors=True)
    return final
