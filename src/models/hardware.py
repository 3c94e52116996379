"""Which device and number type the work runs on, decided once from what the machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property

import torch

from src.config import ModelConfig
from src.schema import UserError
from src.system import distributed

GIB = 2**30
NVIDIA_SMI_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Hardware:
    """The device that this process uses. Sizes in GiB."""

    device: str  # "cuda" or "cpu"
    dtype: torch.dtype
    name: str
    memory_gib: float  # all of the device's memory
    notice: str = ""  # what was chosen instead of the usual

    @property
    def place(self) -> str:
        """The device with its number where several processes share the machine's GPUs."""
        return (
            f"cuda:{distributed.local_rank()}"
            if self.device == "cuda" and distributed.world_size() > 1
            else self.device
        )

    @cached_property
    def free_gib(self) -> float:
        """Memory free for this process when first read; processes on one machine share its main memory."""
        if self.device == "cuda":
            return torch.cuda.mem_get_info(self.place)[0] / GIB
        return available_ram_gib() / distributed.local_world_size()


def decide(config: ModelConfig) -> Hardware:
    """Device and dtype for `config`. Raises UserError where the machine lacks what it requests."""
    has_gpu = torch.cuda.is_available() and not distributed.cpu_requested()
    if config.device == "cuda" and not has_gpu:
        raise UserError(
            "model.device is cuda but this machine has no usable GPU; set model.device=auto or cpu"
        )
    if config.device == "cpu" or not has_gpu:
        notice = _no_gpu() if config.device == "auto" else ""
        dtype = _named_dtype(config.dtype) or torch.float32
        return Hardware("cpu", dtype, f"{os.cpu_count()} CPU cores", _total_ram_gib(), notice)
    properties = torch.cuda.get_device_properties(_own_gpu())
    bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    if config.dtype == "bfloat16" and not bf16:
        raise UserError(
            f"model.dtype is bfloat16 but {properties.name} does not compute in it; use auto or float16"
        )
    dtype = _named_dtype(config.dtype) or (torch.bfloat16 if bf16 else torch.float16)
    notice = (
        "" if bf16 or config.dtype != "auto" else f"{properties.name} has no bfloat16: working in float16"
    )
    return Hardware("cuda", dtype, properties.name, properties.total_memory / GIB, notice)


def graphics_driver() -> str:
    """Names and driver of the machine's GPUs as nvidia-smi knows them, whatever torch can use; "" without."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        shown = subprocess.run(asked, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = [line.split(", ") for line in shown.stdout.splitlines() if ", " in line]
    return f"{lines[0][0]}, driver {lines[0][1]}" if lines and shown.returncode == 0 else ""


def _no_gpu() -> str:
    """Why the CPU is used; where there is a GPU, what to install for it."""
    shown = "" if distributed.cpu_requested() else graphics_driver()
    if not shown:
        return "no GPU found: working on the CPU"
    built = torch.version.cuda
    remedy = (
        f"its build for CUDA {built} needs a newer driver or GPU: update the driver, or install a build for an older CUDA "
        "(index cu126 of pytorch.org, with the last torch that lists your GPU)"
        if built
        else "it is built for the CPU only: install a CUDA build (pytorch.org names the index for your driver)"
    )
    return (
        f"working on the CPU: torch {torch.__version__} cannot use {shown}; {remedy}; see docs/platforms.md"
    )


def _own_gpu() -> int:
    """The number of this process's GPU: one each. Raises UserError where there are fewer than processes."""
    if distributed.world_size() == 1:
        return torch.cuda.current_device()
    number, count = distributed.local_rank(), torch.cuda.device_count()
    if number >= count:
        raise UserError(
            f"{distributed.local_world_size()} processes were started on this machine and it has {count} GPUs; each needs "
            f"its own: launch with --num_processes {count}"
        )
    torch.cuda.set_device(number)
    return number


def cpu_has_bf16() -> bool:
    """Whether bf16 matrix products are native here; emulated ones are hundreds of times slower."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def available_ram_gib() -> float:
    """Main memory that can still be allocated without swapping."""
    import psutil

    return psutil.virtual_memory().available / GIB


def peak_ram_gib() -> float:
    """The most main memory that this process has used."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / GIB
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB


def _total_ram_gib() -> float:
    import psutil

    return psutil.virtual_memory().total / GIB


def _named_dtype(name: str) -> torch.dtype | None:
    return None if name == "auto" else getattr(torch, name)
