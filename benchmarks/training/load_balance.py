"""Simulates how evenly the samples of optimizer steps are divided among 1 ... 1024 processes; no model, no GPU.

    python -m benchmarks.training.load_balance --path ROWS.json [--batch_sizes 32 128 512 2048] [--capacity 8192]

Writes benchmarks/results/load_balance.json. Work is taken as proportional to tokens. Idle is the share of all processes'
time spent waiting for the one with most tokens. Two common ways are simulated too: samples sharded round-robin and
packed, and a padded batch for each process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import RESULTS
from src.training.packing.load_balance import shard_indices
from src.training.packing.packs import best_fit

RANKS = tuple(2**power for power in range(11))
Way = Callable[[Sequence[int], int], list[int]]  # lengths of a step, ranks -> cost of each rank in tokens


def by_tokens(lengths: Sequence[int], ranks: int) -> list[int]:
    return [sum(lengths[index] for index in shard) for shard in shard_indices(lengths, ranks)]


def round_robin(lengths: Sequence[int], ranks: int) -> list[int]:
    return [sum(lengths[rank::ranks]) for rank in range(ranks)]


def padded(lengths: Sequence[int], ranks: int) -> list[int]:
    return [max(part) * len(part) if (part := lengths[rank::ranks]) else 0 for rank in range(ranks)]


def idle(lengths: Sequence[int], costs: Sequence[int]) -> float:
    """Share of the processes' time that goes to no token: waiting, and padding where there is some."""
    return 1 - sum(lengths) / (max(costs) * len(costs))


def simulate(lengths: list[int], batch: int, ranks: int, capacity: int, seed: int) -> dict[str, float]:
    """Means over the steps of one epoch."""
    from src.config import load_config
    from src.training.utils import schedule

    config = load_config(
        overrides=[f"training.batch_size={batch}", f"training.seed={seed}", "training.num_train_epochs=1"]
    ).training
    steps = [[lengths[index] for index in step] for step in schedule(len(lengths), config)]
    whole = [step for step in steps if len(step) == batch]
    began = time.perf_counter()
    shards = [[[step[index] for index in shard] for shard in shard_indices(step, ranks)] for step in whole]
    counts = [[len(best_fit(shard, capacity)) for shard in step] for step in shards]
    seconds = time.perf_counter() - began
    ways: dict[str, Way] = {"idle": by_tokens, "idle_in_turn": round_robin, "idle_padded": padded}
    found = {
        name: statistics.mean(idle(step, way(step, ranks)) for step in whole) for name, way in ways.items()
    }
    worst = max(idle(step, ways["idle"](step, ranks)) for step in whole)
    return {
        "batch_size": batch,
        "ranks": ranks,
        "tokens_a_rank": round(statistics.mean(map(sum, whole)) / ranks),
        **{name: round(value, 4) for name, value in found.items()},
        "idle_worst_step": round(worst, 4),
        "longest_sample_bound": round(
            statistics.mean(max(0.0, 1 - sum(step) / ranks / max(step)) for step in whole), 4
        ),
        "packs_a_rank": round(statistics.mean(map(statistics.mean, counts)), 2),
        "empty_packs_fsdp": round(statistics.mean(1 - sum(each) / (max(each) * ranks) for each in counts), 4),
        "ms_a_step": round(seconds / len(whole) * 1000, 2),
    }


def token_lengths(path: Path, model: str, max_length: int) -> list[int]:
    """Tokens of prompt and response of every row, as training takes them."""
    from src.config import load_config
    from src.data.preparation import read_examples
    from src.data.preprocessing import encode_split
    from src.data.sources.catalog import find_source
    from src.models.loading import load_tokenizer

    config = load_config()
    rows = read_examples(find_source(config.data, "file", [str(path)], force=True))
    split = encode_split(load_tokenizer(model, config.model), rows.examples, max_length)
    return [len(sample) for sample in split.samples]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--path", type=Path, required=True, help="rows in Alpaca format")
    parser.add_argument("--model", default="smollm2-135m", help="whose tokenizer counts")
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[32, 128, 512, 2048])
    parser.add_argument("--capacity", type=int, default=8192, help="tokens per pack")
    parser.add_argument("--max_length", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--json", type=Path, default=RESULTS / "load_balance.json")
    args = parser.parse_args()
    lengths = token_lengths(args.path, args.model, args.max_length)
    rows = [
        simulate(lengths, batch, ranks, args.capacity, args.seed)
        for batch in args.batch_sizes
        for ranks in RANKS
        if ranks <= batch <= len(lengths)
    ]
    result = {
        "samples": len(lengths),
        "tokens_a_sample": {
            "mean": round(statistics.mean(lengths), 1),
            "median": statistics.median(lengths),
            "longest": max(lengths),
        },
        "tokenizer": args.model,
        "capacity": args.capacity,
        "seed": args.seed,
        "rows": rows,
    }
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
