"""TRL's SFTTrainer and unsloth, where they are installed, on the model and data of gpu.py, each in its own process.

    python -m benchmarks.training.gpu peers --tokenizer FOLDER --data FOLDER [--json FILE]

Its last results: benchmarks/results/train_gpu.json.

Packs of 2,048 tokens, 4 per step, r 16 on q, k, v, o without dropout, as our defaults; TRL with Liger. Tokens/s count no
padding. Neither package is needed by anything else: `pip install trl liger-kernel`, `pip install unsloth`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# last, as this file is started by its path: evaluate.py at the root has the name of a package that peers look for
sys.path.append(str(Path(__file__).resolve().parents[2]))

from benchmarks import ROOT

WARM_UP_STEPS = 3  # steps before those that count
PACK_TOKENS = 2048
PACKS = 4  # per step
ADAPTER: dict[str, Any] = {
    "r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
}  # fmt: skip
RESULT = "RESULT "


@dataclass(frozen=True)
class Peer:
    """A way of training with another project's code."""

    name: str
    package: str
    quantised: bool
    checkpointing: bool
    dtype: str = "bfloat16"


PEERS = {
    "trl-lora": Peer("TRL, LoRA, Liger, no checkpointing", "trl", False, False),
    "trl-qlora": Peer("TRL, QLoRA, Liger, checkpointing", "trl", True, True),
    "unsloth-lora": Peer("unsloth, LoRA, no checkpointing", "unsloth", False, False),
    "unsloth-qlora": Peer("unsloth, QLoRA, its checkpointing", "unsloth", True, True),
    "unsloth-lora-float16": Peer("unsloth, LoRA, float16", "unsloth", False, False, "float16"),
    "unsloth-qlora-float16": Peer(
        "unsloth, QLoRA, its checkpointing, float16", "unsloth", True, True, "float16"
    ),
}


def run_peer(key: str, model: Path, data: Path, overrides: Sequence[str], steps: int) -> dict[str, Any]:
    """One row of the table, from a process of its own; `failed` says why there is none."""
    peer = PEERS[key]
    row: dict[str, Any] = {"name": peer.name}
    if importlib.util.find_spec(peer.package) is None:
        return row | {"failed": f"{peer.package} is not installed: pip install {peer.package}"}
    command = [
        sys.executable, str(Path(__file__).resolve()), key, "--model", str(model), "--data", str(data),
        "--steps", str(steps),
    ]  # fmt: skip
    for change in overrides:
        command += ["--set", change]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if line.startswith(RESULT)]
    if done.returncode or not found:
        return row | {"failed": (done.stderr or done.stdout)[-1500:]}
    return row | json.loads(found[-1].removeprefix(RESULT))


def _train(peer: Peer, args: argparse.Namespace) -> dict[str, Any]:
    """Train by the peer's own trainer. unsloth patches what is imported after it, so it comes first."""
    if peer.package == "unsloth":
        import unsloth  # noqa: F401
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from benchmarks.training.plain_loops import load_samples

    rows = [
        {
            "input_ids": list(sample.input_ids),
            "completion_mask": [int(place >= sample.prompt_length) for place in range(len(sample))],
        }
        for sample in load_samples(args.model, args.data, args.overrides)
    ]
    model, options = (
        _unsloth_model(peer, args.model) if peer.package == "unsloth" else _plain_model(peer, args.model)
    )
    with tempfile.TemporaryDirectory() as folder:
        settings = SFTConfig(
            output_dir=folder, max_steps=WARM_UP_STEPS + args.steps, per_device_train_batch_size=PACKS,
            bf16=peer.dtype == "bfloat16", fp16=peer.dtype == "float16", packing=True, max_length=PACK_TOKENS, use_liger_kernel=peer.package == "trl",
            gradient_checkpointing=peer.checkpointing, learning_rate=2e-4, logging_steps=1, save_strategy="no",
            report_to="none", dataset_num_proc=None, dataloader_num_workers=0,
        )  # fmt: skip
        clock = _clock(args.steps)
        trainer = SFTTrainer(
            model=model, args=settings, train_dataset=Dataset.from_list(rows), callbacks=[clock],
            processing_class=AutoTokenizer.from_pretrained(args.model), **options,
        )  # fmt: skip
        trainer.data_collator = clock.counting(trainer.data_collator)
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "tokens_per_s": round(clock.tokens / clock.seconds),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
        "tokens_a_step": round(clock.tokens / args.steps),
        "padded_share": round(1 - clock.tokens / clock.places, 3),
        "losses": [round(float(loss), 4) for loss in losses],
        "versions": _versions(peer.package),
    }


def _plain_model(peer: Peer, folder: Path) -> tuple[Any, dict[str, Any]]:
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    options: dict[str, Any] = {}
    if peer.quantised:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, peer.dtype),
        )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, peer.dtype), device_map={"": 0}, **options
    )
    return model, {"peft_config": LoraConfig(**ADAPTER, task_type="CAUSAL_LM")}


def _unsloth_model(peer: Peer, folder: Path) -> tuple[Any, dict[str, Any]]:
    import torch
    from unsloth import FastLanguageModel

    model, _ = FastLanguageModel.from_pretrained(
        str(folder), max_seq_length=PACK_TOKENS, load_in_4bit=peer.quantised, dtype=getattr(torch, peer.dtype)
    )
    checkpointing = "unsloth" if peer.checkpointing else False
    return FastLanguageModel.get_peft_model(model, **ADAPTER, use_gradient_checkpointing=checkpointing), {}


def _clock(steps: int) -> Any:
    """A callback that counts tokens and seconds of the `steps` steps after the first ones."""
    import torch
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.done = self.tokens = self.places = 0
            self.began = self.seconds = 0.0

        def counting(self, collate: Any) -> Any:
            """`collate` with its tokens counted; batches made ahead are as many at the end as at the start."""

            def counted(samples: Any) -> Any:
                batch = collate(samples)
                mask, places = batch.get("attention_mask"), batch["input_ids"].numel()
                self.tokens += int(mask.sum()) if mask is not None and mask.dim() == 2 else places
                self.places += places
                return batch

            return counted

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.done += 1
            if self.done == WARM_UP_STEPS:
                torch.cuda.synchronize()
                self.tokens = self.places = 0
                self.began = time.perf_counter()
            elif self.done == WARM_UP_STEPS + steps:
                torch.cuda.synchronize()
                self.seconds = time.perf_counter() - self.began

    return Clock()


def _versions(package: str) -> dict[str, str]:
    from importlib.metadata import version

    names = {package, "trl", "torch", "transformers", "peft"}
    return {name: version(name) for name in sorted(names)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    args = parser.parse_args()
    print(RESULT + json.dumps(_train(PEERS[args.peer], args)), flush=True)


if __name__ == "__main__":
    main()
