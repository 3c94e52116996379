"""What the self-check makes of tiny models on the kernels of a real device, trained for three steps each.

    python -m benchmarks.training.self_check granite gemma2 gpt_oss:float32 [--device cuda] [--json FILE]

Its last result: benchmarks/results/self_check_gpu.json. A type comes with its number type, bfloat16 where none is
named, and in two widths: that of the tests (heads of 8), and heads of 64, which the kernels of GPUs take.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from src.config import load_config
from src.schema import UserError
from src.training.job import prepare
from src.training.self_check.check import check
from src.training.trainer import build_trainer
from src.yaml_text import DEFAULTS
from tests import tiny
from tests.zoo import builders

WIDTHS: dict[str, dict[str, int]] = {
    "tiny": {},
    "wide": {"hidden_size": 256, "head_dim": 64, "intermediate_size": 512},
}


def main() -> None:
    parser = argparse.ArgumentParser(description="The self-check of tiny models on this device.")
    parser.add_argument("types", nargs="+", metavar="TYPE[:DTYPE]")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as made:
        data = tiny.save_data(Path(made) / "data", 20)
        for place, named in enumerate(args.types):
            model_type, _, dtype = named.partition(":")
            for width, sizes in WIDTHS.items():
                folder = builders.save(Path(made) / f"{place}-{width}", model_type, **sizes)
                row = {"type": model_type, "dtype": dtype or "bfloat16", "width": width}
                rows.append(row | _checked(folder, data, row["dtype"], args.device))
                print(json.dumps(rows[-1]), flush=True)
    if args.json:
        name = torch.cuda.get_device_name() if args.device == "cuda" else args.device
        result = {"environment": {"device": name, "torch": torch.__version__}, "rows": rows}
        args.json.write_text(json.dumps(result, indent=1) + "\n")


def _checked(folder: Path, data: Path, dtype: str, device: str) -> dict[str, Any]:
    """The outcome of the check, after which three steps are trained; or why the model is refused."""
    changed = (f"model.device={device}", f"model.dtype={dtype}", "training.max_steps=3")
    config = load_config(DEFAULTS, tiny.overrides(folder, data, folder / "out", *changed))
    try:
        trainer = build_trainer(prepare(config, "lora"))
        check(trainer)
    except UserError as error:
        return {"outcome": "refused", "reason": str(error)}
    trainer.train()
    return trainer.self_check


if __name__ == "__main__":
    main()
