"""What this machine has for the work, one line each: packages, GPU, kernels, sandbox, compilers, hub, memory, the plan."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from src.schema import UserError

if TYPE_CHECKING:
    from src.config import Config

GIB = 2**30
LOW_DISK_GIB = 5.0
MOST_NAMED = 3  # packages, so that all lines fit one screen
LONGEST_REASON = 70  # characters of why there is no sandbox
INSTALL = "Run: python -m pip install -r requirements.txt"
Check = Callable[[Callable[[], "Config"]], tuple[bool, str]]


@dataclass(frozen=True)
class Finding:
    """One line of the screen."""

    name: str
    ok: bool
    text: str


def examine(configured: Callable[[], Config]) -> list[Finding]:
    """Every check; one that fails, as where packages are missing, is a line too."""
    return [_tried(name, check, configured) for name, check in CHECKS.items()]


def _tried(name: str, check: Check, configured: Callable[[], Config]) -> Finding:
    try:
        ok, text = check(configured)
    except UserError as error:
        ok, text = False, str(error)
    except ModuleNotFoundError as error:
        ok, text = False, f"{error}. {INSTALL}"
    except Exception as error:  # of any type: what is broken is what a doctor is asked about
        ok, text = False, f"{type(error).__name__}: {error}"
    return Finding(name, ok, " ".join(text.split()))


def _project(_: object) -> tuple[bool, str]:
    from src.provenance import commit

    return True, commit()


def _python(_: object) -> tuple[bool, str]:
    return sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}"


def _packages(_: object) -> tuple[bool, str]:
    from src.system.pins import installed_version, pins

    wanted = pins()
    found = {name: installed_version(name).partition("+")[0] for name in wanted}
    other = [f"{name} {found[name]}, pinned {wanted[name]}" for name in wanted if found[name] != wanted[name]]
    if not other:
        return True, f"{len(wanted)} as pinned"
    more = f"; {len(other) - MOST_NAMED} more" if len(other) > MOST_NAMED else ""
    return False, f"{'; '.join(other[:MOST_NAMED])}{more}. {INSTALL}"


def _gpu(_: object) -> tuple[bool, str]:
    import torch

    from src.models.hardware import graphics_driver

    shown = graphics_driver()
    if torch.backends.mps.is_available():
        return True, f"{torch.backends.mps.get_name()}; torch {torch.__version__}"
    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU only"
    built = f"ROCm {torch.version.hip}" if torch.version.hip else built
    names = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    used = ", ".join(
        f"{item.name} ({item.total_memory / GIB:.0f} GiB, {item.major}.{item.minor})" for item in names
    )
    driver = shown.rpartition(", ")[2] if used else shown  # its name is said already
    return (
        bool(names) or not shown,
        f"{used or 'none in use'}; {driver or 'nvidia-smi shows none'}; torch {torch.__version__} built for {built}",
    )


def _types(configured: Callable[[], Config]) -> tuple[bool, str]:
    from src.models.hardware import NO_GPU, decide

    found = decide(configured().model)
    ok = found.device != "cpu" or not found.notice or found.notice.startswith(NO_GPU)
    return ok, f"{found.device} ({found.name}), {str(found.dtype).removeprefix('torch.')}. {found.notice}"


def _kernels(configured: Callable[[], Config]) -> tuple[bool, str]:
    import torch

    from src.models.hardware import decide
    from src.models.kernels.triton_support import compiles_kernels

    device = decide(configured().model).device
    if device != "cuda" or torch.version.hip:
        return True, "none are used without an NVIDIA GPU"
    return compiles_kernels(device), f"Triton's {'compile' if compiles_kernels(device) else 'do not compile'}"


def _sandbox(_: object) -> tuple[bool, str]:
    from src.sandbox.sandbox import unavailable_reason

    reason = unavailable_reason()
    short = shorten(reason or "", LONGEST_REASON, placeholder=" ...")
    return not reason, f"no generated code is run ({short}): see docs/sandbox.md" if reason else "works"


def _tools(_: object) -> tuple[bool, str]:
    from src.languages.registry import LANGUAGES

    names = sorted({name for language in LANGUAGES.values() for name in language.tools})
    missing = [name for name in names if not shutil.which(name)]
    found = [name for name in names if name not in missing]
    return True, f"{', '.join(found) or 'none'}; not found: {', '.join(missing) or 'none'}"


def _hub(_: object) -> tuple[bool, str]:
    from src.system.hub_access import endpoint, unreachable_reason

    reason = unreachable_reason()
    return (
        not reason,
        f"{endpoint()} {f'does not answer ({reason}); set HF_ENDPOINT to a mirror' if reason else 'answers'}",
    )


def _memory(_: object) -> tuple[bool, str]:
    import psutil

    disk, ram = shutil.disk_usage(Path.cwd()).free / GIB, psutil.virtual_memory()
    return disk >= LOW_DISK_GIB, (
        f"{ram.available / GIB:.1f} of {ram.total / GIB:.1f} GiB of memory and {disk:.1f} GiB of disk free"
    )


def _plan(configured: Callable[[], Config]) -> tuple[bool, str]:
    from src.models.architecture import shape_of
    from src.models.hardware import decide
    from src.models.loading import skeleton
    from src.training.memory import TrainingSetup, plan

    config = configured()
    hardware = decide(config.model)
    model = skeleton(config.model.base_model, config.model, hardware)
    shape = shape_of(model.config, model)
    lines, fits = [], False
    for method, quantization in (("LoRA", None), ("QLoRA", config.qlora)):
        step = config.training.batch_size * config.data.max_length
        try:
            found = plan(TrainingSetup(shape, hardware, config.lora, quantization, config.training, step))
            recomputed = ", activations recomputed" if found.checkpointing else ""
            lines.append(
                f"{method} {found.estimate_gib:.1f} GiB, packs of {found.pack_tokens:,} tokens{recomputed}"
            )
            fits = True
        except UserError as error:
            lines.append(f"{method}: {error}")
    return fits, f"{config.model.base_model}: {'; '.join(lines)}"


CHECKS: dict[str, Check] = {
    "project": _project,
    "Python": _python,
    "packages": _packages,
    "GPU": _gpu,
    "works on": _types,
    "kernels": _kernels,
    "sandbox": _sandbox,
    "tools": _tools,
    "hub": _hub,
    "memory": _memory,
    "plan": _plan,
}
