"""Refuses choices of method, device and tracker that do not work together, before anything is loaded."""

from __future__ import annotations

import importlib.util

import torch

from src.config import Config
from src.models.hardware import Hardware
from src.schema import UserError

TRACKERS = ("tensorboard", "wandb", "trackio", "mlflow", "swanlab")


def check_choices(config: Config, method: str, hardware: Hardware) -> None:
    """Raise UserError with the reason for the first choice that another one rules out."""
    for wrong, reason in _conflicts(config, method, hardware):
        if wrong:
            raise UserError(reason)


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
        (
            training.report_to in TRACKERS and importlib.util.find_spec(training.report_to) is None,
            f"training.report_to={training.report_to}, but the package is not installed; "
            f"pip install {training.report_to}, or set training.report_to=none",
        ),
    ]
