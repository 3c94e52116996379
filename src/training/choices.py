"""Refuses choices of method, device and tracker that do not work together, before anything is loaded."""

from __future__ import annotations

import torch

from src.config import Config
from src.models.hardware import Hardware
from src.schema import UserError
from src.training import trackers


def check_choices(config: Config, method: str, hardware: Hardware) -> None:
    """Raise UserError with the reason for the first choice that another one rules out."""
    for wrong, reason in _conflicts(config, method, hardware):
        if wrong:
            raise UserError(reason)
    trackers.check(config.training.report_to)


def check_processes(config: Config, method: str, sharding: str, count: int) -> None:
    """Raise UserError where `count` processes, with the base sharded among them or not, cannot run this job."""
    lora, training = config.lora, config.training
    kind = {"fsdp": "FSDP", "deepspeed": "DeepSpeed"}.get(sharding, "")
    whole_weights = [
        (lora.init_lora_weights != "default", "lora.init_lora_weights=default"),
        (lora.use_dora, "lora.use_dora=false"),
        (lora.bias != "none", "lora.bias=none"),
        (lora.modules_to_save != "none", "lora.modules_to_save=none"),
        (training.loraplus_lr_ratio > 1, "training.loraplus_lr_ratio=1"),
        (not training.optim.startswith("adamw_torch"), "training.optim=adamw_torch"),
    ]
    if training.batch_size < count:
        raise UserError(
            f"training.batch_size is {training.batch_size} and {count} processes were started: each needs a sample "
            f"of every step; set training.batch_size={count} or more, or start fewer processes"
        )
    if kind and method == "qlora":
        raise UserError(
            f"QLoRA with {kind} is refused: bitsandbytes' 4-bit weights stay whole on every GPU under it, so nothing "
            "is saved and nothing has shown the result to be equal; use configs/accelerate/multi_gpu.yaml, or "
            "train_lora.py"
        )
    for wrong, remedy in whole_weights:
        if kind and wrong:
            raise UserError(
                f"{kind} divides the weights among processes, and this choice was not tried so; set {remedy}"
            )


def _conflicts(config: Config, method: str, hardware: Hardware) -> list[tuple[bool, str]]:
    lora, training = config.lora, config.training
    pissa, loftq = lora.init_lora_weights == "pissa", lora.init_lora_weights == "loftq"
    further = lora.continue_from != "none"
    in_full = lora.modules_to_save != "none"
    return [
        (
            hardware.dtype == torch.float16,
            "training in float16 loses small gradients; set model.dtype=auto",
        ),
        (
            pissa and method == "qlora",
            "lora.init_lora_weights=pissa takes singular vectors out of the base weights, which a quantised base "
            "cannot give up exactly; use train_lora.py, or loftq with train_qlora.py",
        ),
        (
            loftq and (method != "qlora" or config.qlora.bits != 4),
            "lora.init_lora_weights=loftq makes up for the error of 4-bit weights; it needs train_qlora.py with "
            "qlora.bits=4",
        ),
        (
            (pissa or loftq) and lora.use_dora,
            f"lora.use_dora splits the weights as they were before {lora.init_lora_weights} changed the first "
            "update; use one of the two",
        ),
        (
            pissa and (in_full or lora.bias != "none"),
            "lora.init_lora_weights=pissa is saved as a plain adapter, which keeps neither biases nor "
            "lora.modules_to_save; set lora.bias=none and lora.modules_to_save=none, or init_lora_weights=default",
        ),
        (
            (pissa or loftq) and further,
            f"lora.init_lora_weights={lora.init_lora_weights} makes new first weights, but lora.continue_from "
            "brings its own; use one of the two",
        ),
        (
            training.optim.startswith("paged_") and hardware.device == "cpu",
            f"training.optim={training.optim} pages optimizer state between GPU and main memory and there is no GPU "
            "in use; use adamw_torch or adamw_8bit",
        ),
        (
            training.optim == "adamw_torch_fused"
            and hardware.device == "cpu"
            and hardware.dtype != torch.float32,
            "training.optim=adamw_torch_fused on a CPU needs model.dtype=float32",
        ),
    ]
