"""Which device and number type the work runs on, decided once from what the machine has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import psutil
import torch

from src.config import ModelConfig
from src.schema import UserError
from src.system import distributed

GIB = 2**30
NO_GPU = "no GPU found"
OLDER_BUILD = "install a build for CUDA 12.6 (index cu126 of pytorch.org, up to torch 2.14)"
NVIDIA_SMI_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Hardware:
    """The device that this process uses. Sizes in GiB."""

    device: str  # "cuda", "mps" or "cpu"
    dtype: torch.dtype
    name: str
    memory_gib: float  # all of the device's memory
    notice: str = ""  # what was chosen instead of the usual

    @property
    def place(self) -> str:
        """The device with its number where several processes share the machine's GPUs."""
        numbered = self.device == "cuda" and distributed.world_size() > 1
        return f"cuda:{distributed.local_rank()}" if numbered else self.device

    @cached_property
    def free_gib(self) -> float:
        """Memory free for this process when first read; processes on one machine share its main memory."""
        if self.device == "cuda":
            return torch.cuda.mem_get_info(self.place)[0] / GIB
        if self.device == "mps":  # a part of main memory
            return min(available_ram_gib(), self.memory_gib - torch.mps.driver_allocated_memory() / GIB)
        return available_ram_gib() / distributed.local_world_size()


def decide(config: ModelConfig, quantised: bool = False) -> Hardware:
    """Device and dtype for `config`, of a base that is held in few bits or not.

    Raises UserError where the machine lacks what it requests.
    """
    obstacles = {"cuda": _cuda_obstacle, "mps": lambda: _mps_obstacle(quantised)}
    made = {"cuda": _cuda, "mps": _mps}
    reasons = []
    for device, obstacle in obstacles.items():
        if config.device not in ("auto", device):
            continue
        if not (reason := obstacle()):
            return made[device](config)
        if config.device == device:
            raise UserError(f"model.device is {device}: {reason}; set model.device=auto or cpu")
        reasons.append(reason)
    notice = ""
    if config.device == "auto":
        told = [reason for reason in reasons if reason != NO_GPU]
        notice = f"working on the CPU: {told[0]}" if told else "no GPU found: working on the CPU"
    dtype = _named_dtype(config.dtype) or torch.float32
    return Hardware("cpu", dtype, f"{os.cpu_count()} CPU cores", psutil.virtual_memory().total / GIB, notice)


def _cuda(config: ModelConfig) -> Hardware:
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
    if torch.version.hip:
        notice = f"{properties.name} by ROCm, which this project was never run on: see docs/platforms.md"
    return Hardware("cuda", dtype, properties.name, properties.total_memory / GIB, notice)


def _mps(config: ModelConfig) -> Hardware:
    memory_gib = torch.mps.recommended_max_memory() / GIB  # of a process; the rest is for the CPU
    dtype = _named_dtype(config.dtype) or torch.float32
    return Hardware("mps", dtype, f"{torch.backends.mps.get_name()} (GPU)", memory_gib)


def _cuda_obstacle() -> str:
    """Why no GPU can be used as "cuda", and what to install for it; "" where one can."""
    if distributed.cpu_requested():
        return NO_GPU
    if not torch.cuda.is_available():
        return _unused_gpu() or NO_GPU
    number = _own_gpu()
    capability = torch.cuda.get_device_capability(number)
    if torch.version.hip or has_kernels(capability, torch.cuda.get_arch_list()):
        return ""
    name = torch.cuda.get_device_properties(number).name
    return (
        f"torch {torch.__version__} has no kernels for {name} (compute capability {capability[0]}.{capability[1]}); "
        f"{OLDER_BUILD}; see docs/platforms.md"
    )


def has_kernels(capability: tuple[int, int], built: Sequence[str]) -> bool:
    """Whether a GPU runs what torch was `built` for, as sm_75 or compute_90.

    Machine code (sm) runs on its generation from its own version on, code for the driver's compiler (compute) on all
    later ones; with an "a" either runs on its own version only.
    """
    for kind, major, minor, exact in re.findall(r"\b(sm|compute)_(\d+)(\d)(a?)", " ".join(built)):
        version = int(major), int(minor)
        same = capability == version if exact else capability >= version
        if same and (kind == "compute" or capability[0] == version[0]):
            return True
    return not built


def _mps_obstacle(quantised: bool) -> str:
    """Why an Apple GPU cannot be used; "" where it can."""
    if not torch.backends.mps.is_available() or distributed.cpu_requested():
        return NO_GPU
    if distributed.world_size() > 1:
        return "an Apple GPU is used by one process only"
    if quantised:
        return "a base in 4 or 8 bits was never tried on an Apple GPU"
    try:
        torch.ones(1, device="mps").add_(1)
    except RuntimeError as error:  # a virtual machine shows a GPU that has no memory
        return f"the Apple GPU cannot be used ({str(error).split('.')[0]})"
    return ""


def empty_cache() -> None:
    """Give back what the GPU's allocator holds unused; does nothing where no GPU is in use."""
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def widest_float(device: torch.device) -> torch.dtype:
    """The number type for sums: an Apple GPU has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def graphics_driver() -> str:
    """Names and driver of the machine's GPUs as nvidia-smi knows them, whatever torch can use; "" without."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        shown = subprocess.run(asked, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = [line.split(", ") for line in shown.stdout.splitlines() if ", " in line]
    return f"{lines[0][0]}, driver {lines[0][1]}" if lines and shown.returncode == 0 else ""


def _unused_gpu() -> str:
    """Why torch cannot use the GPU that nvidia-smi shows, and what to install for it; "" where it shows none."""
    shown = graphics_driver()
    if not shown:
        return ""
    built = torch.version.cuda
    remedy = (
        f"its build for CUDA {built} needs a newer driver or GPU: update the driver, or {OLDER_BUILD}"
        if built
        else "it is built for the CPU only: install a CUDA build (pytorch.org names the index for your driver)"
    )
    return f"torch {torch.__version__} cannot use {shown}; {remedy}; see docs/platforms.md"


def _own_gpu() -> int:
    """The index of this process's GPU, which it uses from here on."""
    if distributed.world_size() > 1:
        torch.cuda.set_device(distributed.own_gpu())
    return torch.cuda.current_device()


def cpu_has_bf16() -> bool:
    """Whether bf16 matrix products are native here; emulated ones are hundreds of times slower."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def available_ram_gib() -> float:
    """Main memory that can still be allocated without swapping."""
    return psutil.virtual_memory().available / GIB


def peak_ram_gib() -> float:
    """The most main memory that this process has used."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / GIB
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB


def _named_dtype(name: str) -> torch.dtype | None:
    return None if name == "auto" else getattr(torch, name)
