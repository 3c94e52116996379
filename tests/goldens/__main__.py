"""Holds what the scripts write against what they wrote once: `python -m tests.goldens`, with --write to keep anew.

A change that only moves or renames code leaves every figure as it was. Provenance (commit, versions, times, folders)
is left out. What rounds differently on another processor (losses, norms) is compared to 1e-4; hashes of an adapter,
answers of a model and QLoRA, whose products have another number type on some, count where the processor is the one they were written on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from tests import tiny
from tests.goldens.samples import write_predictions, write_rows

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).with_name("goldens.json")
TOLERANCE = 1e-4
EXACT = "exact"  # entries below this key count on the processor they were written on


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep what the code gives now")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = produce(Path(folder))
    if args.write:
        KEPT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"wrote {KEPT.name}")
        return 0
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    if kept["processor"] != found["processor"]:
        print(f"another processor ({found['processor']}): hashes, answers and QLoRA are not compared")
        for values in (kept, found):
            del values["processor"], values[EXACT], values["training"]["qlora"]
    wrong = list(differences(kept, found))
    print("\n".join(wrong) if wrong else "goldens: as they were")
    return int(bool(wrong))


def produce(folder: Path) -> dict[str, Any]:
    """Everything that is compared, made by the scripts in `folder`."""
    scored = score(folder)
    data = tiny.save_data(folder / "data")
    model = tiny.save_model(folder / "model")
    lora, qlora = (train(method, model, data, folder) for method in ("lora", "qlora"))
    return {
        "processor": processor(),
        "scores": scored,
        "data": prepared(data),
        "curated data": curate(folder),
        "training": {"lora": lora["figures"], "qlora": qlora["figures"]},
        EXACT: {
            "adapters": {"lora": lora["hash"], "qlora": qlora["hash"]},
            "answers": answers(model, data, folder),
        },
    }


def curate(folder: Path) -> dict[str, Any]:
    """What is left of rows of which some are refused, repeated, nearly alike or in a benchmark."""
    rows, benchmark = write_rows(folder)
    made = folder / "curated"
    fractions = ["--set", "data.validation_fraction=0.2", "--set", "data.test_fraction=0.2"]
    tested = ["--benchmark", "humaneval", "--benchmark_path", benchmark]
    run(
        "download_data.py",
        "--source",
        "file",
        "--path",
        rows,
        *tested,
        "--set",
        f"data.dataset_path={made}",
        *fractions,
    )
    return prepared(made)


def prepared(folder: Path) -> dict[str, Any]:
    """The splits of a data set and its card."""
    return {path.name: read(path) for path in sorted(folder.iterdir()) if path.suffix in (".json", ".jsonl")}


def score(folder: Path) -> dict[str, Any]:
    """scores.json of two predictions files, and comparison.json of the pair."""
    before, after = write_predictions(folder)
    quick = ["--set", "evaluation.bootstrap_resamples=500"]
    for path in (before, after):
        run(
            "evaluate.py",
            "--predictions",
            path,
            "--output_dir",
            folder / "reports",
            "--name",
            path.stem,
            *quick,
        )
    run(
        "compare_results.py", "--before_predictions", before, "--after_predictions", after, "--name", "after",
        "--output_dir", folder / "compared", "--runs_dir", folder / "compared" / "runs", *quick,
    )  # fmt: skip
    made = {path.stem: folder / "reports" / "runs" / path.stem / "scores.json" for path in (before, after)}
    return {
        name: read(path)
        for name, path in (made | {"comparison": folder / "compared/comparison.json"}).items()
    }


def train(method: str, model: Path, data: Path, folder: Path) -> dict[str, Any]:
    """Losses by step and the adapter's norms, and a hash over its tensors."""
    run(f"train_{method}.py", *tiny.flags(model, data, folder / "checkpoints"))
    final = folder / "checkpoints" / method / "final"
    last = max((final.parent.glob("checkpoint-*")), key=lambda path: int(path.name.split("-")[1]))
    history = json.loads((last / "trainer_state.json").read_text(encoding="utf-8"))["log_history"]
    weights = load_file(final / "adapter_model.safetensors")
    hashed = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        hashed.update(name.encode() + tensor.to(torch.float32).numpy().tobytes())
    return {
        "figures": {
            "losses": [[entry["step"], entry.get("loss", entry.get("eval_loss"))] for entry in history],
            "norms": {name: float(tensor.float().norm()) for name, tensor in sorted(weights.items())},
        },
        "hash": hashed.hexdigest(),
    }


def answers(model: Path, data: Path, folder: Path) -> list[Any]:
    """What the adapter answers, greedy and sampled."""
    adapter = folder / "checkpoints" / "lora" / "final"
    found = []
    for name, *more in (("greedy",), ("drawn", "evaluation.temperature=0.8", "evaluation.num_completions=2")):
        flags = tiny.flags(model, data, folder / "checkpoints", *more)
        place = ["--output_dir", folder / "answers", "--name", name, "--generate_only"]
        run("evaluate.py", "--model_path", adapter, *place, *flags)
        made = sorted((folder / "answers").rglob(f"{name}/generations.jsonl"))
        lines = made[0].read_text(encoding="utf-8").split("\n")[1:]
        found.append(sorted([line for line in lines if line]))
    return found


def run(script: str, *words: object) -> None:
    """A script as a user starts it; its error ends the check."""
    command = [sys.executable, str(ROOT / script), *map(str, words)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    if done.returncode:
        sys.exit(f"{script} ended with {done.returncode}:\n{done.stderr}")


def read(path: Path) -> Any:
    """The content of a JSON or JSON lines file without its provenance."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return _without_provenance(json.loads(text))


def _without_provenance(value: Any) -> Any:
    if isinstance(value, dict):
        provenance_keys = {"provenance", "origin", "created"}
        return {key: _without_provenance(item) for key, item in value.items() if key not in provenance_keys}
    return [_without_provenance(item) for item in value] if isinstance(value, list) else value


def differences(kept: Any, found: Any, place: str = "") -> Any:
    """One line for each value that is not what it was."""
    if isinstance(kept, dict) and isinstance(found, dict):
        for key in sorted(kept.keys() | found.keys()):
            if key not in kept or key not in found:
                yield f"{place}.{key}: only {'before' if key in kept else 'now'}"
            else:
                yield from differences(kept[key], found[key], f"{place}.{key}")
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for index, pair in enumerate(zip(kept, found, strict=True)):
            yield from differences(*pair, f"{place}[{index}]")
    elif isinstance(kept, float) and isinstance(found, float) and place.startswith(".training"):
        if not math.isclose(kept, found, rel_tol=TOLERANCE):
            yield f"{place}: {kept!r} before, {found!r} now"
    elif kept != found:
        yield f"{place}: {kept!r} before, {found!r} now"


def processor() -> str:
    """Its model and torch's version, and whether bitsandbytes multiplies in bfloat16 on it: what rounding depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    bfloat16 = ", avx512_bf16" if any(" avx512_bf16 " in f"{line} " for line in lines) else ""
    return f"{model}{bfloat16}, torch {torch.__version__}"


if __name__ == "__main__":
    sys.exit(main())
