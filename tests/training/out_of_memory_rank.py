"""A training script of which process 1 runs out of memory with large packs, and starts from weights of its own.

No process may have its model wrapped in DDP.

`torchrun tests/training/out_of_memory_rank.py train_lora.py FLAGS`
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import torch

LARGEST = 256  # tokens that process 1 has memory for


def main() -> None:
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    from src.system import distributed
    from src.training import step_trainer, trainer

    step = step_trainer.StepTrainer.training_step

    def unwrapped(self: Any, model: Any, *inputs: Any) -> torch.Tensor:
        assert model is self.adapted, f"{type(model).__name__} around the model"
        return step(self, model, *inputs)

    step_trainer.StepTrainer.training_step = unwrapped  # type: ignore[method-assign]
    if distributed.rank() == 1:
        loss, attach = step_trainer.supervised_loss, trainer.attach_lora

        def limited(model: Any, pack: Any, *rest: Any) -> torch.Tensor:
            if pack.tokens > LARGEST:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return loss(model, pack, *rest)

        def other_seed(base: Any, config: Any, seed: int) -> Any:
            return attach(base, config, seed + 1)

        step_trainer.supervised_loss, trainer.attach_lora = limited, other_seed
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
