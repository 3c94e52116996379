"""vLLM itself beside transformers: equal answers, seeds, and an interrupted run, in float32.

    python -m benchmarks.generation.vllm_equality [--model smollm2-135m] [--samples 8] [--max_new_tokens 48] [--json FILE]

Runs in the environment of docs/configuration.md#generating-with-vllm, where both packages are. Its last result:
benchmarks/results/vllm_equality.json. The first test samples of the starter set are answered greedily by both, with the
base and with a random adapter beside it; sampled by vLLM, all at once and in batches of 3; and through evaluate.py,
which gets SIGINT once the first answers are stored and is started again. Exits with 1 where sampled or resumed answers
differ; greedy ones are counted, since rounding may decide between two tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.schema import Generation

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTED = 130  # exit code of a script that got SIGINT
PATIENCE_S = 900.0  # for the first answers of a run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--max_new_tokens", type=int, default=48)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; read by vLLM on a CPU alone
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    # a shell's background job ignores it, and so would evaluate.py
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        result = _measure(args, Path(folder))
    print(json.dumps(result, indent=1))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.exit(not (result["sampled"]["equal"] == result["sampled"]["n"] and result["interrupted"]["equal"]))


def _measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from src.data.preparation import prepare_data
    from src.generation.settings import Decoding
    from src.generation.vllm import check_support
    from src.models.loading import ModelReference

    both = _Both(args, folder)
    prepare_data(both.config.data, "starter")
    base = ModelReference(args.model)
    adapted = ModelReference(args.model, _random_adapter(both, folder / "adapter"))
    greedy = Decoding(args.max_new_tokens)
    sampled = Decoding(args.max_new_tokens, 0.8, 0.95, 2, seed=7)
    by_vllm = {name: both.by_vllm(model, greedy) for name, model in (("base", base), ("adapter", adapted))}
    whole, apart = (both.by_vllm(base, sampled, size) for size in (0, 3))
    return {
        "environment": {
            "machine": platform.machine(),
            "cpu_count": os.cpu_count(),
            "device": both.hardware.name,
            **_versions(),
            "backend": check_support(base, both.hardware),
        },
        "model": args.model,
        "max_new_tokens": args.max_new_tokens,
        "greedy": {
            "base": _agreement(by_vllm["base"], both.by_transformers(base, greedy)),
            "adapter": _agreement(by_vllm["adapter"], both.by_transformers(adapted, greedy))
            | {"changed_by_it": sum(a.text != b.text for a, b in zip(*by_vllm.values(), strict=True))},
        },
        "sampled": _agreement(whole, apart),
        "interrupted": _interrupted(args, folder, by_vllm["base"]),
    }


def _versions() -> dict[str, str]:
    import peft
    import torch
    import transformers

    return {module.__name__: module.__version__ for module in (torch, transformers, peft)}


class _Both:
    """The samples, and what both backends answer to them."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        from src.config import load_config
        from src.models.hardware import decide

        self.model, self.samples = args.model, args.samples
        self.config = load_config(overrides=["model.dtype=float32", f"data.dataset_path={folder}/data"])
        self.hardware = decide(self.config.model)

    def by_vllm(self, reference: Any, decoding: Any, batch_size: int = 0) -> list[Generation]:
        from src.generation import vllm

        def generate(tokenizer: Any, missing: Any, store: Any) -> None:
            settings = (decoding, store, batch_size, "alpaca", "vLLM", self.config.model, self.hardware)
            vllm.generate_missing(reference, tokenizer, missing, *settings)

        return self._answers(reference, decoding, generate)

    def by_transformers(self, reference: Any, decoding: Any) -> list[Generation]:
        from src.generation.generate import generate_missing
        from src.models.lora_model import load_model

        def generate(tokenizer: Any, missing: Any, store: Any) -> None:
            model: Any = load_model(reference, merge=True, config=self.config.model, hardware=self.hardware)
            generate_missing(model, tokenizer, missing, decoding, store)

        return self._answers(reference, decoding, generate)

    def _answers(self, reference: Any, decoding: Any, generate: Any) -> list[Generation]:
        from src.data.dataset import load_split
        from src.generation.store import GenerationStore
        from src.models.loading import load_tokenizer

        examples = load_split(self.config.data, "test")[: self.samples]
        with tempfile.TemporaryDirectory() as folder:
            store = GenerationStore(Path(folder) / "answers.jsonl", {})
            tokenizer = load_tokenizer(reference.base, self.config.model)
            generate(tokenizer, store.missing(examples, decoding), store)
            return store.of(examples, decoding)


def _random_adapter(both: _Both, place: Path) -> Path:
    """A LoRA adapter whose weights are random instead of zero, as large as they may be without drowning the base."""
    import torch
    from peft import LoraConfig, get_peft_model

    from src.models.loading import load_base

    model = load_base(both.model, both.config.model, both.hardware)
    torch.manual_seed(0)
    settings = LoraConfig(
        r=8, lora_alpha=1, init_lora_weights=False, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    get_peft_model(model, settings).save_pretrained(place)
    return place


def _agreement(found: Sequence[Generation], expected: Sequence[Generation]) -> dict[str, Any]:
    """How many answers are the same in text, number of tokens and finish reason."""
    return {
        "n": len(expected),
        "equal": sum(a == b for a, b in zip(found, expected, strict=True)),
        "tokens": sum(item.tokens for item in expected),
        "finish": sorted({item.finish for item in expected}),
    }


def _interrupted(args: argparse.Namespace, folder: Path, expected: Sequence[Generation]) -> dict[str, Any]:
    """evaluate.py, stopped by SIGINT after the first answers; the same command then makes the rest."""
    settings = [
        "evaluation.backend=vllm", "evaluation.batch_size=1", "model.dtype=float32", "prompt.before=alpaca",
        f"evaluation.max_new_tokens={args.max_new_tokens}", f"data.dataset_path={folder}/data",
    ]  # fmt: skip
    command = [sys.executable, "evaluate.py", "--model_path", args.model, "--num_samples", str(args.samples)]
    command += ["--output_dir", str(folder), "--name", "run", "--generate_only"]
    command += [word for setting in settings for word in ("--set", setting)]
    stored = folder / "runs" / "run" / "answers.jsonl"
    # a session of its own: SIGINT to its group reaches the engine's processes too, as Ctrl-C does
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and _lines(stored) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, printed = process.communicate()
    kept = _lines(stored) - 1  # after the line of the key
    resumed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = [json.loads(line) for line in (stored.parent / "generations.jsonl").read_text().splitlines()]
    return {
        "exit_code": process.returncode,
        "last_line": printed.strip().splitlines()[-1],
        "lines": len(printed.strip().splitlines()),
        "kept": kept,
        "exit_code_resumed": resumed.returncode,
        "equal": [row["prediction"] for row in found] == [item.text for item in expected]
        and (process.returncode, resumed.returncode) == (INTERRUPTED, 0),
    }


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


if __name__ == "__main__":
    main()
