"""Runs a script as on a GPU without bfloat16, a T4: what such a card lacks is hidden, and its use ends the run.

    python -m benchmarks.emulation train_lora.py --set training.max_steps=40 ...

bfloat16 is reported as missing and the compute capability as 7.5, but not to Triton; the flash and cuDNN kernels of
attention, which such a card does not run, are off. In a training each operation from the self-check to the end of the
first step is looked at; the steps after that run as ever. The speed is that of the GPU at hand, and Triton compiles for
it: how fast a real T4 is, and what compiles there, this cannot tell. Its last results are among those of
benchmarks/results/train_gpu.json.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention import varlen
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import TrainerCallback

from src.training import trainer as training

CAPABILITY = (7, 5)
REPORT = "emulated T4: "  # begins the line that says what was looked at


class NotOnThisCardError(BaseException):
    """Something that a T4 does not do. No Exception, which the self-check would take for a reason to step down."""


class Watch(TorchDispatchMode):
    """Refuses bfloat16 tensors and the kernels that need a newer card, wherever torch dispatches an operation."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.operations += 1
        name = str(func)
        if ("flash" in name and "_for_cpu" not in name) or "varlen" in name:
            raise NotOnThisCardError(f"a call of {func}")
        for item in tree_leaves((args, kwargs, result)):
            if isinstance(item, torch.Tensor) and item.dtype == torch.bfloat16:
                raise NotOnThisCardError(f"bfloat16 in {func}")
        return result


class WatchFirstStep(TrainerCallback):
    """Watches from before the self-check to the end of the first step."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.watch: Watch | None = Watch()

    def on_train_begin(self, *_: object, **__: object) -> None:
        assert self.watch is not None
        self.watch.__enter__()

    def on_step_begin(self, *_: object, **__: object) -> None:
        if self.watch is not None:
            self.trainer.graphs = None  # watching makes launches slow, by which graphs are chosen

    def on_step_end(self, *_: object, **__: object) -> None:
        if self.watch is None:
            return
        self.watch.__exit__(None, None, None)
        print(
            f"{REPORT}no bfloat16 and no varlen attention in {self.watch.operations:,} operations",
            file=sys.stderr,
        )
        self.watch = None
        self.trainer.use(self.trainer.computation)  # times its packs from here on


def watched(add_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    """`add_callbacks` that also watches the first step."""

    def adding(trainer: Any, *rest: Any) -> Any:
        stop = add_callbacks(trainer, *rest)
        trainer.callback_handler.callbacks.insert(0, WatchFirstStep(trainer))
        return stop

    return adding


def _refuse(*_: Any, **__: Any) -> None:
    raise NotOnThisCardError("a call of varlen_attn")


def keep_target_of_triton() -> None:
    """Let Triton compile for the GPU at hand: its driver takes torch's functions as they are when it is first asked."""
    if torch.cuda.is_available() and importlib.util.find_spec("triton") is not None:
        from triton.runtime import driver

        driver.active.get_current_target()


def main() -> None:
    keep_target_of_triton()
    torch.cuda.is_bf16_supported = lambda including_emulation=True: False
    torch.cuda.get_device_capability = lambda device=None: CAPABILITY
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_cudnn_sdp(False)
    varlen.varlen_attn = _refuse  # type: ignore[assignment]
    training.add_callbacks = watched(training.add_callbacks)
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
