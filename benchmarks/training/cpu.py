"""Training speed on a CPU: the product's trainer beside a padded batch-4 loop with full logits.

    python -m benchmarks.training.cpu [--data FILE] [--turns 6] [--pack_tokens 512,1024,2048] [--method lora] [--json FILE]

Its last result: benchmarks/results/train_cpu.json. Both train the embedded 135M model with the same adapter (in the
loop by peft's own layers) on the same samples, in turns of one optimizer step each, so that whatever else the machine
does slows both down equally. Figures are real tokens per second, padding not counted; the ratio is the median over the turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import ROOT

if TYPE_CHECKING:
    import torch

    from src.data.preprocessing import Encoded
    from src.training.step_trainer import StepTrainer

QUICKSTART = ROOT / "configs" / "quickstart.yaml"
PADDED_BATCH = 4


def measure(args: argparse.Namespace) -> dict[str, object]:
    """Tokens per second of every way, turn by turn."""
    import torch

    from src.config import load_config
    from src.data.preparation import prepare_data
    from src.training.job import prepare
    from src.training.trainer import build_trainer

    if args.threads:
        torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory(prefix="train-cpu-") as folder:
        overrides = [
            f"data.dataset_path={folder}/data",
            f"training.output_dir={folder}/out",
            "model.device=cpu",
        ]
        config = load_config(QUICKSTART, [*overrides, *args.overrides])
        prepare_data(config.data, "file" if args.data else "starter", [str(args.data)] if args.data else [])
        job = prepare(config, args.method)
        trainer = build_trainer(job)
        optimizer = torch.optim.AdamW(
            [item for item in trainer.adapted.parameters() if item.requires_grad], lr=1e-6
        )
        ways = _ways(trainer, args.pack_tokens)
        steps = random.Random(0).sample(job.samples(), args.turns + 1)
        clock = time.process_time if args.clock == "cpu" else time.perf_counter
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number, step in enumerate(steps):
            for name, work in ways.items():
                started = clock()
                work(step)
                optimizer.step()
                optimizer.zero_grad()
                rate = sum(map(len, step)) / (clock() - started)
                print(f"turn {number} {name:<32}{rate:>8.1f} tokens/s", file=sys.stderr, flush=True)
                if number:  # the first turn is the warm-up
                    rates[name].append(rate)
    return _report(args, rates, torch.get_num_threads())


def _ways(trainer: StepTrainer, sizes: Sequence[int]) -> dict[str, Callable[[list[Encoded]], object]]:
    pad = trainer.adapted.config.pad_token_id or 0

    def packed(size: int, share: bool) -> Callable[[list[Encoded]], object]:
        def work(step: list[Encoded]) -> object:
            trainer.pack_tokens = size
            trainer.use(replace(trainer.computation, share=share))
            return trainer.training_step(trainer.adapted, step)

        return work

    def padded(step: list[Encoded]) -> object:
        with layers_of_peft(trainer.adapted):
            return padded_step(trainer.adapted, step, pad)

    ways: dict[str, Callable[[list[Encoded]], object]] = {"padded": padded}
    for size in sizes:
        if trainer.computation.share:
            ways[f"packs of {size}, shared prefixes"] = packed(size, True)
        ways[f"packs of {size}"] = packed(size, False)
    return ways


@contextmanager
def layers_of_peft(model: torch.nn.Module) -> Iterator[None]:
    """Adapted layers compute as peft wrote them, and attention is transformers' own."""
    ours = {
        module: module.__dict__.pop("forward") for module in model.modules() if "forward" in module.__dict__
    }
    base = model.get_base_model()  # type: ignore[operator]
    attention = base.config._attn_implementation
    base.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        base.set_attn_implementation(attention)
        for module, forward in ours.items():
            module.forward = forward


def padded_step(model: torch.nn.Module, step: Sequence[Encoded], pad: int) -> None:
    """Forward and backward of one optimizer step the usual way: padded batches, logits of every position."""
    import torch

    model.train()
    for start in range(0, len(step), PADDED_BATCH):
        batch = step[start : start + PADDED_BATCH]
        longest = max(map(len, batch))
        ids = torch.tensor([item.input_ids + [pad] * (longest - len(item)) for item in batch])
        mask = torch.tensor([[1] * len(item) + [0] * (longest - len(item)) for item in batch])
        labels = ids.masked_fill(mask == 0, -100)
        for row, item in enumerate(batch):
            labels[row, : item.prompt_length] = -100
        loss = model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss
        (loss * len(batch) / len(step)).backward()


def _report(args: argparse.Namespace, rates: dict[str, list[float]], threads: int) -> dict[str, object]:
    padded = rates["padded"]
    rows = {
        name: {
            "median_tokens_per_s": round(statistics.median(values), 1),
            "best_tokens_per_s": round(max(values), 1),
            "median_ratio": round(
                statistics.median(one / other for one, other in zip(values, padded, strict=True)), 2
            ),
        }
        for name, values in rates.items()
    }
    return {
        "model": "smollm2-135m",
        "method": args.method,
        "data": args.data.name if args.data else "starter",
        "turns": args.turns,
        "clock": args.clock,
        "threads": threads,
        "load_average": os.getloadavg()[0],
        "machine": _processor(),
        "rows": rows,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description="Training on a CPU: packs against a padded loop.")
    parser.add_argument("--data", type=Path, metavar="FILE", help="Alpaca format; the starter set otherwise")
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument(
        "--pack_tokens",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1024],
        metavar="N,N",
    )
    parser.add_argument("--method", choices=("lora", "qlora"), default="lora")
    parser.add_argument("--threads", type=int, default=0, help="0 = torch's own choice")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall",
        help="cpu: seconds of this process alone, for a machine that others use; with --threads 1",
    )  # fmt: skip
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="SECTION.KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    report = measure(args)
    rows = report["rows"]
    assert isinstance(rows, dict)
    print(f"{args.method}, {report['data']} data, {report['threads']} threads, {report['machine']}")
    for name, row in rows.items():
        print(
            f"{name:<32}{row['median_tokens_per_s']:>8} tokens/s (best {row['best_tokens_per_s']}), "
            f"{row['median_ratio']} x padded"
        )
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
