"""Refuses settings of method, device and tracker that do not work together, before anything is loaded."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from src.config import Config
from src.models.hardware import Hardware
from src.schema import UserError
from src.system import distributed

# What pip installs. swanlab 0.10.3 was tried and breaks transformers 5.23's integration; 0.7.20 works.
REQUIREMENTS = {
    "tensorboard": "tensorboard",
    "wandb": "wandb",
    "trackio": "trackio",
    "mlflow": "mlflow",
    "swanlab": "swanlab==0.7.20",
}
NO_TRACKER = "or set training.report_to=none"


def check_compatibility(config: Config, method: str, hardware: Hardware) -> None:
    """Raise UserError with the reason for the first setting that another one rules out."""
    for found, reason in _conflicts(config, method, hardware):
        if found:
            raise UserError(reason)
    check_tracker(config.training.report_to)


def check_processes(config: Config, method: str, sharding: str, count: int) -> None:
    """Raise UserError where `count` processes, with the base sharded among them or not, cannot run this job."""
    lora, training = config.lora, config.training
    kind = {"fsdp": "FSDP", "deepspeed": "DeepSpeed"}.get(sharding, "")
    sharding_conflicts = [
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
            f"QLoRA with {kind} is refused: bitsandbytes' 4-bit weights are not sharded by it, so no memory "
            "is saved, and the result was not shown to be equal; use configs/accelerate/multi_gpu.yaml, or "
            "train_lora.py"
        )
    for found, remedy in sharding_conflicts:
        if kind and found:
            raise UserError(
                f"{kind} shards the weights, and this setting was not tested with it; set {remedy}"
            )
    if kind and not distributed.shards_weights():
        raise UserError(
            f"the launcher asks for {kind}, which accelerate uses on several GPUs only, and this run is not on them; "
            "launch without it: configs/accelerate/multi_gpu.yaml or torchrun"
        )


def _conflicts(config: Config, method: str, hardware: Hardware) -> list[tuple[bool, str]]:
    lora, training = config.lora, config.training
    pissa, loftq = lora.init_lora_weights == "pissa", lora.init_lora_weights == "loftq"
    further = lora.continue_from != "none"
    in_full = lora.modules_to_save != "none"
    half = hardware.dtype == torch.float16
    return [
        (
            half and hardware.device == "mps",
            "training in float16 was never tried on an Apple GPU; set model.dtype=auto (float32) or bfloat16",
        ),
        (
            half and bool(distributed.sharding()),
            "sharding the weights was not tested in float16; use configs/accelerate/multi_gpu.yaml, or set "
            "model.dtype=float32",
        ),
        (
            half and method == "qlora" and lora.bias != "none",
            "lora.bias trains biases, and those of quantised layers are kept in float16, too coarse to be trained; set "
            "lora.bias=none or model.dtype=float32",
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
            training.optim.startswith(("paged_", "adamw_8bit")) and hardware.device == "mps",
            f"training.optim={training.optim} is bitsandbytes', which was never tried on an Apple GPU; use adamw_torch",
        ),
        (
            training.optim.startswith("paged_") and hardware.device == "cpu",
            f"training.optim={training.optim} pages optimizer state between GPU and main memory and there is no GPU "
            "in use; use adamw_torch or adamw_8bit",
        ),
        (
            "8bit" in training.optim and importlib.util.find_spec("bitsandbytes") is None,
            f"training.optim={training.optim} needs bitsandbytes: pip install -r requirements.txt, or use adamw_torch",
        ),
        (
            training.optim == "adamw_torch_fused"
            and hardware.device == "cpu"
            and hardware.dtype != torch.float32,
            "training.optim=adamw_torch_fused on a CPU needs model.dtype=float32",
        ),
    ]


def check_tracker(name: str) -> None:
    """Raise UserError where the tracker `name` could not start; at a terminal it may ask for a login."""
    if name == "none":
        return
    if not _installed(name):
        raise UserError(
            f"training.report_to={name}, but the package is not installed; pip install {REQUIREMENTS[name]}, {NO_TRACKER}"
        )
    if not distributed.is_rank0():  # only the first process tracks
        return
    if name == "wandb":
        _check_wandb()
    elif name == "swanlab":
        _check_swanlab()


def _installed(name: str) -> bool:
    """Whether there is such a package; a folder of logs of that name is none."""
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None


def _check_wandb() -> None:
    if os.environ.get("WANDB_MODE", "online") in ("offline", "dryrun", "disabled"):
        return
    import wandb

    with _logging_in("wandb", "run `wandb login`, or set WANDB_MODE=offline in the environment"):
        wandb.login()


def _check_swanlab() -> None:
    import swanlab

    try:
        swanlab.get_run()  # transformers checks so for a started run; newer versions raise where there is none
    except RuntimeError as error:
        raise UserError(
            "training.report_to=swanlab: this version of swanlab does not work with transformers; "
            f"pip install {REQUIREMENTS['swanlab']}, {NO_TRACKER}"
        ) from error
    if os.environ.get("SWANLAB_MODE", "cloud") == "cloud":
        with _logging_in("swanlab", "run `swanlab login`, or set SWANLAB_MODE=offline in the environment"):
            swanlab.login()


@contextmanager
def _logging_in(name: str, remedy: str) -> Iterator[None]:
    """Turn what a tracker raises over its key or its server, of many types, into a UserError."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"training.report_to={name}: cannot log in ({reason[:200]}); {remedy}, {NO_TRACKER}"
        ) from error
