"""A training script under FSDP2 on CPUs: `torchrun tests/training/fsdp_on_cpu.py train_lora.py FLAGS`.

accelerate uses its FSDP plugin on GPUs only. So accelerate sees processes with GPUs here, while torch
works on the CPU over gloo; all else is as on GPUs. Logits are computed of so few tokens at once that processes have
different numbers of chunks, as with real samples.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType

os.environ |= {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "ACCELERATE_TORCH_DEVICE": "cpu"}
os.environ.setdefault("FSDP_CPU_RAM_EFFICIENT_LOADING", "true")
os.environ |= {"FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP", "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT"}
os.environ |= {"FSDP_RESHARD_AFTER_FORWARD": "true"}


def _as_on_gpus(*_: Any, **__: Any) -> tuple[str, DistributedType]:
    return "gloo", DistributedType.MULTI_GPU


if __name__ == "__main__":
    torch.distributed.init_process_group("gloo")
    PartialState._prepare_backend = _as_on_gpus  # type: ignore[method-assign]
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    from src.training.packing import loss

    loss.LOGIT_CHUNK = 40
    runpy.run_path(sys.argv[0], run_name="__main__")
