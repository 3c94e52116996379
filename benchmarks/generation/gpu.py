"""Generation speed on a GPU: decoding in slots by CUDA graphs beside generate() in one batch and one by one.

    python -m benchmarks.generation.gpu --model FOLDER --prompts DATA [--count 100] [--new_tokens 256] [--json FILE]

Its last result: benchmarks/results/generate_gpu.json. DATA is a folder that download_data.py prepared (its test split is used, then its training split), or a file in
Alpaca format (JSON or JSON lines). Every row makes exactly --new_tokens tokens: end tokens do not end it. Times
are of whole calls, prompts and the capture of graphs included; of a method the median of --turns is stated.
Where a tokenizer has more tokens than the model (a model of random weights), ids are taken modulo its vocabulary.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import GenerationConfig

from src.config import load_config
from src.data.preprocessing import prompt_ids
from src.generation.continuous.decoder import Request, SlotDecoder
from src.generation.continuous.steps import Steps
from src.generation.settings import Decoding
from src.models.hardware import decide
from src.models.kernels.liger import apply_liger, uses_fused_kernels
from src.models.loading import load_base, load_tokenizer

Rows = dict[int, list[int]]  # new tokens by prompt


def main() -> None:
    args = _arguments()
    config = load_config(overrides=[f"model.device={args.device}", f"model.dtype={args.dtype}"]).model
    model = load_base(args.model, config, decide(config)).eval()
    if uses_fused_kernels("auto", model.config, decide(config)):
        apply_liger(model)
    tokenizer = load_tokenizer(args.tokenizer or args.model, config)
    vocabulary = int(model.config.get_text_config().vocab_size)
    rows = _examples(Path(args.prompts), args.count)
    prompts = [[token % vocabulary for token in prompt_ids(tokenizer, *row)] for row in rows]
    new = args.new_tokens
    greedy, sampled = Decoding(new), Decoding(new, temperature=0.8, top_p=0.95, seed=1)
    slots = args.slots or len(prompts)
    _plain(model, prompts, 4)  # libraries start
    few = prompts[: args.alone]
    measured = {
        "slots, greedy": _measure(lambda: _in_slots(model, prompts, greedy, slots), args.turns),
        "slots, sampled": _measure(lambda: _in_slots(model, prompts, sampled, slots), args.turns),
        "generate(), one batch": _measure(lambda: _plain(model, prompts, new), 1),
        "generate(), one by one": _measure(
            lambda: {n: _plain(model, [prompt], new)[0] for n, prompt in enumerate(few)}, 1
        ),
    }
    found = {name: rows for name, (rows, _) in measured.items()}
    result = {
        "environment": _environment(model),
        "model": {"class": type(model).__name__, "parameters": sum(p.numel() for p in model.parameters())},
        "prompts": {"n": len(prompts), "longest": max(map(len, prompts)), "tokens": sum(map(len, prompts))},
        "new_tokens": new,
        "ways": {name: figures for name, (_, figures) in measured.items()},
        "parts_of_greedy_s": _parts(lambda: _in_slots(model, prompts, greedy, slots)),
        "greedy_rows_equal_to_one_batch": _agreement(found["slots, greedy"], found["generate(), one batch"]),
        "greedy_rows_equal_to_one_by_one": _agreement(
            found["slots, greedy"], found["generate(), one by one"]
        ),
        "one_batch_rows_equal_to_one_by_one": _agreement(
            found["generate(), one batch"], found["generate(), one by one"]
        ),
    }
    print(json.dumps(result, indent=1))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokenizer", help="where the model's folder has none")
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--new_tokens", type=int, default=256)
    parser.add_argument("--slots", type=int, default=0, help="rows at a time; 0: all")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--alone", type=int, default=2, help="prompts that are answered one by one")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _examples(place: Path, count: int) -> list[tuple[str, str]]:
    """Instruction and input of the first `count` examples."""
    rows: list[dict[str, Any]] = []
    files = [place / "test.jsonl", place / "train.jsonl"] if place.is_dir() else [place]
    for file in files:
        text = file.read_text(encoding="utf-8")
        rows += json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines())
    if len(rows) < count:
        raise SystemExit(f"{place} has {len(rows)} examples, fewer than --count {count}")
    return [(row["instruction"], row.get("input") or "") for row in rows[:count]]


def _in_slots(model: Any, prompts: Sequence[list[int]], decoding: Decoding, slots: int) -> Rows:
    requests = [Request((str(n), 0), prompt) for n, prompt in enumerate(prompts)]
    graphs = model.device.type == "cuda"
    decoder = SlotDecoder(model, requests, decoding, lambda row, checked: (row, "length"), slots, graphs)
    return {int(answer.key[0]): answer.tokens for answers in decoder.answers() for answer in answers}


@torch.inference_mode()
def _plain(model: Any, prompts: Sequence[list[int]], new_tokens: int) -> Rows:
    """generate() as its documentation shows it, padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in prompts], device=model.device)
    settings = GenerationConfig(max_new_tokens=new_tokens, do_sample=False, eos_token_id=-1, pad_token_id=0)
    output = model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    return dict(enumerate(output[:, longest:].tolist()))


def _measure(answer: Callable[[], Rows], turns: int) -> tuple[Rows, dict[str, Any]]:
    """What was answered, and its speed and peak memory."""
    seconds, rows = [], {}
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    for _ in range(turns):
        _wait()
        started = time.perf_counter()
        rows = answer()
        _wait()
        seconds.append(time.perf_counter() - started)
    tokens = sum(map(len, rows.values()))
    peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
    middle = statistics.median(seconds)
    return rows, {
        "n": len(rows), "new_tokens_per_s": tokens / middle, "seconds": seconds, "peak_gib": peak
    }  # fmt: skip


def _parts(answer: Callable[[], Rows]) -> dict[str, float]:
    """Seconds by part of a call, in a run of its own that waits for the device after every part."""
    spent: dict[str, float] = {}
    kept = {name: getattr(Steps, name) for name in ("prefill", "select", "_first_step", "_capture", "start")}

    def timed(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            _wait()
            started = time.perf_counter()
            value = real(*arguments)
            _wait()
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - started
            spent[f"{name} calls"] = spent.get(f"{name} calls", 0) + 1
            return value

        return call

    for name, real in kept.items():
        setattr(Steps, name, timed(name, real))
    started = time.perf_counter()
    try:
        answer()
    finally:
        for name, real in kept.items():
            setattr(Steps, name, real)
    return {"all": time.perf_counter() - started, **spent}  # "start" holds first steps and captures


def _agreement(ours: Rows, theirs: Rows) -> dict[str, float]:
    """Rows that are equal token by token, and the mean place of the first difference in the others."""
    pairs = [(ours[n], theirs[n]) for n in theirs]
    first = [
        next((place for place, (a, b) in enumerate(zip(*pair, strict=True)) if a != b), None)
        for pair in pairs
    ]
    differing = [place for place in first if place is not None]
    return {
        "n": len(pairs),
        "equal": len(pairs) - len(differing),
        "first_difference_mean": statistics.mean(differing) if differing else -1,
    }


def _environment(model: Any) -> dict[str, Any]:
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "dtype": str(model.dtype),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
