"""Generation speed on a CPU: decoding in slots beside one prompt at a time and plain batches.

    python -m benchmarks.generation.cpu [--model smollm2-135m] [--samples 32] [--max_new_tokens 96] [--json FILE]

Its last result: benchmarks/results/generate_cpu.json. The same greedy answers to the first test samples of the starter set, three ways in turns: generate() one by one,
generate() in fixed batches, and the product's generate_missing(). Figures are new tokens per second, end tokens
counted and padding not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from src.schema import Example, Generation


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--max_new_tokens", type=int, default=96)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    import torch
    import transformers

    ways = _ways(args)
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    texts: dict[str, list[str]] = {}
    for turn in range(args.turns):
        for name, answer in ways.items():
            if name == "one by one" and turn:
                continue  # by far the longest
            started = time.perf_counter()
            answers = answer()
            speeds[name].append(sum(item.tokens for item in answers) / (time.perf_counter() - started))
            texts[name] = [item.text for item in answers]
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    result = {
        "environment": {
            "machine": platform.machine(),
            "cpu_count": os.cpu_count(),
            "load": os.getloadavg()[0],
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "n": args.samples,
        "max_new_tokens": args.max_new_tokens,
        "batch_size": args.batch_size,
        "tokens_per_s": speeds,
        "median": medians,
        "ratio_to_one_by_one": {name: value / medians["one by one"] for name, value in medians.items()},
        "same_answers": {
            name: sum(a == b for a, b in zip(found, texts["one by one"], strict=True)) / args.samples
            for name, found in texts.items()
        },
    }
    print(json.dumps(result, indent=1))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _ways(args: argparse.Namespace) -> dict[str, Callable[[], list[Generation]]]:
    from src.config import load_config
    from src.data.dataset import load_split
    from src.data.preparation import prepare_data
    from src.generation.generate import generate_missing
    from src.generation.settings import Decoding
    from src.generation.store import GenerationStore
    from src.models.hardware import decide
    from src.models.loading import load_base, load_tokenizer

    with tempfile.TemporaryDirectory() as folder:
        config = load_config(overrides=["model.device=cpu", f"data.dataset_path={folder}/data"])
        prepare_data(config.data, "starter")
        examples = load_split(config.data, "test")[: args.samples]
    model = load_base(args.model, config.model, decide(config.model))
    tokenizer = load_tokenizer(args.model, config.model)
    decoding = Decoding(args.max_new_tokens)

    def ours() -> list[Generation]:
        with tempfile.TemporaryDirectory() as folder:
            store = GenerationStore(Path(folder) / "answers.jsonl", {})
            missing = store.missing(examples, decoding)
            generate_missing(model, tokenizer, missing, decoding, store, args.batch_size)
            return store.of(examples, decoding)

    return {
        "one by one": lambda: _plain(model, tokenizer, examples, decoding, 1),
        "fixed batches": lambda: _plain(model, tokenizer, examples, decoding, args.batch_size),
        "generate_answers": ours,
    }


def _plain(
    model: Any, tokenizer: Any, examples: Sequence[Example], decoding: Any, size: int
) -> list[Generation]:
    """generate() as its documentation shows it, in batches of `size` in the order of the samples."""
    import torch

    from src.data.preprocessing import render_prompt
    from src.generation.settings import end_tokens, generation_config

    tokenizer.padding_side = "left"
    ends = end_tokens(model, tokenizer)
    settings = generation_config(decoding, decoding.max_new_tokens, ends, tokenizer.pad_token_id)
    answers = []
    for start in range(0, len(examples), size):
        part = examples[start : start + size]
        batch = tokenizer(
            [render_prompt(item.instruction, item.input) for item in part], return_tensors="pt", padding=True
        )
        with torch.inference_mode():
            output = model.generate(**batch, generation_config=settings).sequences
        for item, row in zip(part, output[:, batch["input_ids"].shape[1] :].tolist(), strict=True):
            stop = next((place + 1 for place, token in enumerate(row) if token in ends), len(row))
            text = tokenizer.decode(row[:stop], skip_special_tokens=True)
            answers.append(Generation(item.id, text, stop, "stop" if stop < len(row) else "length"))
    return answers


if __name__ == "__main__":
    main()
