"""A training script of which process 1 alone gets SIGTERM, in the middle of a step.

`torchrun tests/training/signalled_rank.py STEP train_lora.py FLAGS`
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

import torch


def main() -> None:
    step = int(sys.argv[1])
    sys.argv = sys.argv[2:]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    from src.system import distributed
    from src.training.step_trainer import StepTrainer

    work = StepTrainer.training_step

    def signalled(self: Any, *inputs: Any) -> torch.Tensor:
        if distributed.rank() == 1 and self.state.global_step == step - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return work(self, *inputs)

    StepTrainer.training_step = signalled  # type: ignore[method-assign]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
