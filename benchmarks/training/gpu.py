"""Training speed and memory on GPUs, through train_lora.py and train_qlora.py themselves, on real sample lengths.

    python -m benchmarks.training.gpu speed --tokenizer FOLDER --data FOLDER [--json FILE]
    python -m benchmarks.training.gpu 34b --tokenizer FOLDER --data FOLDER [--json FILE]

Its last results: benchmarks/results/train_gpu.json. Groups of runs: `speed` (LoRA and QLoRA beside plain padded loops), `memory` (what the plan chooses for cards of 6 to
40 GiB, its estimate beside the measured peak), `processes` (one and two GPUs: DDP, FSDP2), `four` (one and four), `small` (7B within
4.2 GiB), `self_check` (wall clock with and without it, in turns), `34b` (34B within 21 GiB), `13b` (24 and 40 GiB), `qwen`, `deepseek_v2`, `starcoder` (beside the ancestor's settings), `peers` (TRL and unsloth, where they
are installed), `fp8` (the frozen base in FP8, see benchmarks.training.fp8), `t4` (as on a GPU without bfloat16, see benchmarks.emulation, beside bfloat16 on the same GPU and unsloth in float16),
`arithmetic` (the same steps in float32, bfloat16 and float16: give --model a real one, --steps 200). The model has a shape that is stated and random weights, which train as fast as real ones; it is made
on first use (13.5 GB for the shape of CodeLlama-7B, 31 GB for StarCoder's). The largest shapes have weights of zero in sparse
files, which take no disk: the same memory, but products of zeros are somewhat faster; the output says `"weights": "zeros"`.
The same command with --json makes the runs that are not yet in FILE, or failed there.
--tokenizer is a folder with a tokenizer of at most 32,000 tokens, --data a folder that download_data.py wrote. Speed is
that of the last steps: tokens, no padding counted, between two log lines.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.training.peers import PEERS, run_peer
from benchmarks.training.plain_loops import ancestor, padded
from benchmarks.training.random_models import SHAPES, ZEROS, make_model

WARM_UP_STEPS = 15  # steps before those that count: kernels are compiled, graphs captured; a multiple of training.logging_steps


@dataclass(frozen=True)
class Run:
    """One training run: what it is called, and what differs from the defaults."""

    name: str
    method: str
    changes: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()


def _accelerate(kind: str, processes: int) -> tuple[str, ...]:
    config = ("--config_file", f"configs/accelerate/{kind}.yaml", "--num_processes", str(processes))
    return ("-m", "accelerate.commands.launch", *config)


def _processes(gpus: int) -> list[Run]:
    """One GPU and several; with 32 samples each, several have packs of the size that one has as configured."""
    samples = 32 * gpus
    more = (f"training.batch_size={samples}",)
    runs = []
    for method in ("LoRA", "QLoRA"):
        runs += [
            Run(f"{method}, 1 GPU", method.lower()),
            Run(f"{method}, 1 GPU, {samples} samples", method.lower(), more),
            Run(f"{method}, {gpus} GPUs, DDP", method.lower(), more, _accelerate("multi_gpu", gpus)),
        ]
    return [*runs, Run(f"LoRA, {gpus} GPUs, FSDP2", "lora", more, _accelerate("fsdp2", gpus))]


def _budgets(*methods_gib: tuple[str, int]) -> list[Run]:
    return [
        Run(f"{method} on {gib} GiB", method, (f"training.memory_budget_gib={gib}",))
        for method, gib in methods_gib
    ]


T4 = ("-m", "benchmarks.emulation")
FP8 = ("-m", "benchmarks.training.fp8")
UNSHARED = ("training.share_prefixes=false",)
GROUPS = {
    "speed": [
        Run("LoRA", "lora"),
        Run("LoRA, unshared", "lora", UNSHARED),
        Run("LoRA, dropout 0.05", "lora", ("lora.lora_dropout=0.05",)),
        Run("LoRA, peft's kernels only", "lora", ("training.fused_kernels=false",)),
        Run("QLoRA", "qlora"),
        Run("QLoRA, unshared", "qlora", UNSHARED),
        Run("QLoRA within 6 GiB", "qlora", ("training.memory_budget_gib=6",)),
        Run("QLoRA, length 512, 4.4 GiB", "qlora", ("training.memory_budget_gib=4.4", "data.max_length=512")),
    ],
    "self_check": [Run("checked", "lora"), Run("unchecked", "lora", ("training.self_check=off",))] * 4,
    "small": [Run("QLoRA, length 512, 4.2 GiB", "qlora", ("training.memory_budget_gib=4.2", "data.max_length=512"))],
    "34b": [Run("QLoRA, 34B, 21 GiB", "qlora", ("training.memory_budget_gib=21",))],
    "starcoder": [Run("QLoRA, StarCoder", "qlora", ("lora.target_modules=auto",))],
    "peers": [],
    "t4": [
        Run("LoRA, bfloat16", "lora"),
        Run("LoRA as on a T4", "lora", (), T4),
        Run("QLoRA, bfloat16", "qlora"),
        Run("QLoRA as on a T4", "qlora", (), T4),
        Run("LoRA as on a T4, 14.5 GiB", "lora", ("training.memory_budget_gib=14.5",), T4),
        Run("QLoRA as on a T4, 8 GiB", "qlora", ("training.memory_budget_gib=8",), T4),
    ],
    "fp8": [Run("LoRA, bfloat16", "lora"), Run("LoRA, base in FP8", "lora", (), FP8)],
    "arithmetic": [
        Run("float32", "lora", ("model.dtype=float32",)),
        Run("bfloat16", "lora", ("model.dtype=bfloat16",)),
        Run("float16 as on a T4", "lora", (), T4),
        Run("QLoRA, bfloat16", "qlora", ("model.dtype=bfloat16",)),
        Run("QLoRA, float16 as on a T4", "qlora", (), T4),
    ],
    "memory": _budgets(("qlora", 8), ("qlora", 12), ("lora", 16), ("lora", 24), ("qlora", 24), ("lora", 40)),
    "13b": _budgets(("lora", 24), ("qlora", 24), ("lora", 40), ("qlora", 40)),
    "qwen": [Run("LoRA, Qwen2.5-Coder-7B", "lora"), Run("QLoRA, Qwen2.5-Coder-7B", "qlora")],
    "deepseek_v2": [Run(f"{method}, DeepSeek-V2-Lite", method.lower(), ("lora.target_modules=auto",)) for method in ("LoRA", "QLoRA")],
    "processes": _processes(2),
    "four": _processes(4),
}  # fmt: skip


def measure(run: Run, args: argparse.Namespace, steps: int) -> dict[str, Any]:
    """One row of the table: what a run of `steps` steps recorded of itself."""
    from benchmarks.emulation import REPORT

    out = args.work / "".join(letter if letter.isalnum() else "_" for letter in run.name)
    shutil.rmtree(out, ignore_errors=True)
    changes = [
        f"model.base_model={args.model}", f"data.dataset_path={args.data}", f"training.output_dir={out}",
        f"training.max_steps={steps}", "training.eval_steps=1000", "training.save_steps=1000",
        "training.report_to=none", *args.overrides, *run.changes,
    ]  # fmt: skip
    command = [sys.executable, *run.launcher, f"train_{run.method}.py", "--quiet"]
    for change in changes:
        command += ["--set", change]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    row: dict[str, Any] = {"name": run.name, "wall_s": round(time.perf_counter() - began, 1)}
    if done.returncode:
        return row | {"failed": _shortened(done.stderr or done.stdout)}
    folder = out / run.method / "final"
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    metrics = record["metrics"]
    (state,) = (out / run.method).glob("checkpoint-*/trainer_state.json")
    history = [
        entry for entry in json.loads(state.read_text(encoding="utf-8"))["log_history"] if "loss" in entry
    ]
    return row | {
        "tokens_per_s": _steady(history),
        "peak_gib": metrics["peak_gib"],
        "estimated_gib": metrics["estimated_gib"],
        "validation_loss": metrics["validation_loss"],
        "skipped_steps": metrics["skipped_steps"],
        "attention": metrics["attention"],
        "cuda_graphs": metrics["cuda_graphs"],
        "emulation": [line for line in done.stderr.splitlines() if line.startswith(REPORT)],
        "self_check": record["self_check"]["outcome"],
        "self_check_s": record["self_check"].get("seconds"),
        "pack_tokens": metrics["pack_tokens"],
        "shared_prefixes": metrics["shared_prefixes"],
        "gradient_checkpointing": metrics["gradient_checkpointing"],
        "offload": metrics["offload"],
        "tokens_a_step": round(history[-1]["tokens"] / history[-1]["step"]),
        "losses": [round(entry["loss"], 4) for entry in history],
    }


def _shortened(errors: str) -> str:
    """The beginning and the end: a launcher of several processes prints its own traceback after theirs."""
    return errors if len(errors) <= 6000 else f"{errors[:3000]}\n...\n{errors[-3000:]}"


def _steady(history: list[dict[str, float]]) -> int:
    first, last = (
        next((entry for entry in history[:-1] if entry["step"] >= WARM_UP_STEPS), history[0]),
        history[-1],
    )
    seconds = [entry["tokens"] / entry["tokens_per_s"] for entry in (first, last)]
    return round((last["tokens"] - first["tokens"]) / (seconds[1] - seconds[0]))


def kept_rows(path: Path | None, result: dict[str, Any]) -> list[dict[str, Any]]:
    """What an earlier call that was cut off measured on such a machine: runs that did not fail are not made again."""
    if path is None or not path.exists():
        return []
    earlier = json.loads(path.read_text(encoding="utf-8"))
    if any(earlier[key] != value for key, value in result.items() if key != "rows"):
        return []
    return [row for row in earlier["rows"] if "failed" not in row]


def others(group: str, args: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    """What a group measures beside runs of our scripts, by the name of its row."""
    given = (args.model, args.data, args.overrides, args.steps)
    named: dict[str, Callable[[], dict[str, Any]]] = {}
    if group == "speed":
        named = {"plain loop": partial(padded, *given), "ancestor": partial(ancestor, *given, "lora")}
    elif group == "starcoder":
        named = {"ancestor": partial(ancestor, *given, "qlora")}
    elif group in ("peers", "t4"):
        dtype = "bfloat16" if group == "peers" else "float16"
        named = {
            peer.name: partial(run_peer, key, *given) for key, peer in PEERS.items() if peer.dtype == dtype
        }
    return {name: work for name, work in named.items() if not args.only or name in args.only}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--shape", choices=SHAPES, help="default: 7b, or what the group is named after")
    parser.add_argument("--model", type=Path, help="made where it is not there; default /tmp/random-SHAPE")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/train-gpu"))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these runs of the group alone")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    args = parser.parse_args()
    import torch

    args.shape = args.shape or (args.group if args.group in SHAPES else "7b")
    args.model = args.model or Path(f"/tmp/random-{args.shape}")
    if not (args.model / "config.json").exists():
        make_model(args.model, args.shape, args.tokenizer)
    result: dict[str, Any] = {
        "environment": {
            "gpu": torch.cuda.get_device_name(), "gpus": torch.cuda.device_count(), "torch": torch.__version__,
            "cpu_cores": os.cpu_count(),
        },
        "shape": args.shape, "weights": "zeros" if args.shape in ZEROS else "random", "steps": args.steps, "rows": [],
    }  # fmt: skip
    print(json.dumps({key: value for key, value in result.items() if key != "rows"}), flush=True)
    result["rows"] = kept_rows(args.json, result)
    kept = Counter(row["name"] for row in result["rows"])
    runs = [run for run in GROUPS[args.group] if not args.only or run.name in args.only]
    work = [(run.name, partial(measure, run, args, args.steps)) for run in runs]
    for name, each in [*work, *others(args.group, args).items()]:
        if kept[name]:
            kept[name] -= 1
            continue
        row = each() | {"name": name}
        result["rows"].append(row)
        print(json.dumps({key: value for key, value in row.items() if key != "losses"}), flush=True)
        if args.json:
            args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
