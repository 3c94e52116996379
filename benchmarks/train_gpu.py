"""Training speed and memory on GPUs, through train_lora.py and train_qlora.py themselves, on real sample lengths.

    python benchmarks/train_gpu.py speed --tokenizer FOLDER --data FOLDER [--json FILE]

Groups of runs: `speed` (LoRA and QLoRA beside a plain padded loop), `memory` (what the plan chooses for cards of 6 to
40 GiB, its estimate beside the measured peak), `processes` (one and two GPUs: DDP, FSDP2). The model has a
shape that is stated and random weights, which train as fast as real ones; it is made on first use (13.5 GB for the
shape of CodeLlama-7B). --tokenizer is a folder with a tokenizer of at most 32,000 tokens, --data a folder that
download_data.py wrote. Speed is that of the last steps: tokens, no padding counted, between two log lines.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SHAPES = {
    "7b": {"vocab_size": 32016, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
           "num_attention_heads": 32, "num_key_value_heads": 32, "rope_theta": 1e6},
    "135m": {"vocab_size": 32016, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
             "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True},
}  # fmt: skip
WARM = 15  # steps before those that count: kernels are compiled, graphs captured


@dataclass(frozen=True)
class Run:
    """One training run: what it is called, and what differs from the defaults."""

    name: str
    method: str
    changes: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()


def _accelerate(kind: str) -> tuple[str, ...]:
    return ("-m", "accelerate.commands.launch", "--config_file", f"configs/accelerate/{kind}.yaml")


LARGE = ("training.batch_size=64", "training.pack_tokens=5120")
GROUPS = {
    "speed": [
        Run("LoRA", "lora"),
        Run("LoRA, dropout 0.05", "lora", ("lora.lora_dropout=0.05",)),
        Run("LoRA, peft's kernels only", "lora", ("training.fused_kernels=false",)),
        Run("QLoRA", "qlora"),
        Run("QLoRA within 6 GiB", "qlora", ("training.memory_budget_gib=6",)),
        Run("QLoRA, length 512, 4.4 GiB", "qlora", ("training.memory_budget_gib=4.4", "data.max_length=512")),
    ],
    "memory": [
        Run(f"{method} on {gib} GiB", method, (f"training.memory_budget_gib={gib}",))
        for method, gib in (("qlora", 8), ("qlora", 12), ("lora", 16), ("lora", 24), ("qlora", 24), ("lora", 40))
    ],
    "processes": [
        Run("LoRA, 1 GPU", "lora", LARGE),
        Run("LoRA, 2 GPUs, DDP", "lora", LARGE, _accelerate("multi_gpu")),
        Run("QLoRA, 1 GPU", "qlora", LARGE),
        Run("QLoRA, 2 GPUs, DDP", "qlora", LARGE, _accelerate("multi_gpu")),
        Run("LoRA, 2 GPUs, FSDP2", "lora", LARGE, _accelerate("fsdp2")),
    ],
}  # fmt: skip


def make_model(folder: Path, shape: str, tokenizer: Path) -> None:
    """Save a Llama of this shape with random weights and the tokenizer beside it."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(**SHAPES[shape], max_position_embeddings=16384, bos_token_id=1, eos_token_id=2)  # type: ignore[arg-type]
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    for path in tokenizer.iterdir():
        shutil.copy(path, folder)


def measure(run: Run, args: argparse.Namespace, steps: int) -> dict[str, Any]:
    """One line of the table: what a run of `steps` steps says of itself."""
    out = args.work / "".join(letter if letter.isalnum() else "_" for letter in run.name)
    shutil.rmtree(out, ignore_errors=True)
    changes = [
        f"model.base_model={args.model}", f"data.dataset_path={args.data}", f"training.output_dir={out}",
        f"training.max_steps={steps}", "training.eval_steps=1000", "training.save_steps=1000",
        "training.report_to=none", "training.logging_steps=1", *args.overrides, *run.changes,
    ]  # fmt: skip
    command = [sys.executable, *run.launcher, f"train_{run.method}.py", "--quiet"]
    for change in changes:
        command += ["--set", change]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    row: dict[str, Any] = {"name": run.name, "wall_s": round(time.perf_counter() - began, 1)}
    if done.returncode:
        return row | {"failed": (done.stderr or done.stdout)[-1500:]}
    folder = out / run.method / "final"
    metrics = json.loads((folder / "run.json").read_text(encoding="utf-8"))["metrics"]
    (state,) = (out / run.method).glob("checkpoint-*/trainer_state.json")
    history = [
        entry for entry in json.loads(state.read_text(encoding="utf-8"))["log_history"] if "loss" in entry
    ]
    return row | {
        "tokens_per_s": _steady(history),
        "peak_gib": metrics["peak_gib"],
        "estimated_gib": metrics["estimated_gib"],
        "pack_tokens": metrics["pack_tokens"],
        "gradient_checkpointing": metrics["gradient_checkpointing"],
        "tokens_a_step": round(history[-1]["tokens"] / history[-1]["step"]),
        "losses": [round(entry["loss"], 4) for entry in history],
    }


def _steady(history: list[dict[str, float]]) -> int:
    first, last = history[min(WARM, len(history) - 2)], history[-1]
    seconds = [entry["tokens"] / entry["tokens_per_s"] for entry in (first, last)]
    return round((last["tokens"] - first["tokens"]) / (seconds[1] - seconds[0]))


def padded(args: argparse.Namespace, steps: int) -> dict[str, Any]:
    """A plain loop: transformers and peft as they come, padded batches of 4, checkpointing, logits everywhere."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from src.config import load_config
    from src.data.dataset import load_split
    from src.data.preprocessing import encode_split

    config = load_config(overrides=[f"data.dataset_path={args.data}", *args.overrides])
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    samples = encode_split(
        tokenizer, load_split(config.data, "train"), config.data.max_length, "alpaca"
    ).samples
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.bfloat16, device_map={"": 0})
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
    adapted = get_peft_model(
        model, LoraConfig(r=16, lora_alpha=32, lora_dropout=0.05, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])
    ).train()  # fmt: skip
    optimizer = torch.optim.AdamW([item for item in adapted.parameters() if item.requires_grad], lr=2e-4)
    torch.cuda.reset_peak_memory_stats()
    tokens = began = 0.0
    for step in range(steps):
        if step == steps // 3:
            torch.cuda.synchronize()
            tokens, began = 0, time.perf_counter()
        batch = samples[4 * step : 4 * step + 4]
        width = max(map(len, batch))
        ids = torch.zeros(4, width, dtype=torch.long)
        labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
        for row, sample in enumerate(batch):
            ids[row, : len(sample)] = torch.tensor(sample.input_ids)
            labels[row, sample.prompt_length : len(sample)] = ids[row, sample.prompt_length : len(sample)]
            mask[row, : len(sample)] = 1
        with torch.autocast("cuda", torch.bfloat16):
            loss = adapted(input_ids=ids.cuda(), attention_mask=mask.cuda(), labels=labels.cuda()).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        tokens += sum(map(len, batch))
    torch.cuda.synchronize()
    return {
        "name": "plain loop: padded batches of 4, checkpointing",
        "tokens_per_s": round(tokens / (time.perf_counter() - began)),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
    }


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--shape", choices=SHAPES, default="7b")
    parser.add_argument(
        "--model", type=Path, default=Path("/tmp/random-7b"), help="made where it is not there"
    )
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/train-gpu"))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--only", help="runs whose name contains this")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    args = parser.parse_args()
    if not (args.model / "config.json").exists():
        make_model(args.model, args.shape, args.tokenizer)
        torch.cuda.empty_cache()
    result: dict[str, Any] = {
        "environment": {
            "gpu": torch.cuda.get_device_name(), "gpus": torch.cuda.device_count(), "torch": torch.__version__,
            "cpu_cores": os.cpu_count(),
        },
        "shape": args.shape, "steps": args.steps, "rows": [],
    }  # fmt: skip
    print(json.dumps(result["environment"]), flush=True)
    runs = [run for run in GROUPS[args.group] if not args.only or args.only in run.name]
    work = [partial(measure, run, args, args.steps) for run in runs]
    if args.group == "speed" and not args.only:
        work.append(partial(padded, args, args.steps))
    for each in work:
        row = each()
        result["rows"].append(row)
        print(json.dumps({key: value for key, value in row.items() if key != "losses"}), flush=True)
        if args.json:
            args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
