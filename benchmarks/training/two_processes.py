"""How far the adapter that two gloo processes train on a CPU is from that of one: a tiny random Llama, no dropout.

    python -m benchmarks.training.two_processes

Writes benchmarks/results/two_processes.json: for each way to start them the largest difference of an adapter weight, and
the largest weight.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from benchmarks import RESULTS, ROOT
from tests import launching, tiny

STORED = RESULTS / "two_processes.json"
FSDP = str(ROOT / "tests" / "training" / "fsdp_on_cpu.py")


@dataclass(frozen=True)
class Case:
    """One way to start two processes."""

    run: str
    method: str = "lora"
    launcher: str = "torchrun"
    script: tuple[str, ...] = ()  # what starts the training script
    changes: tuple[str, ...] = ()  # section.key=value
    steps: int = 8
    kill: bool = False  # rank 0 is killed after its first checkpoint, at step 2, and both are started again


CASES = (
    Case("LoRA, DDP by torchrun"),
    Case("QLoRA (NF4), DDP by torchrun", method="qlora"),
    Case("LoRA, FSDP2", script=(FSDP,)),
    Case(
        "LoRA, FSDP2, activations recomputed, packs of 200 tokens",
        script=(FSDP,),
        changes=("training.gradient_checkpointing=true", "training.pack_tokens=200"),
    ),
    Case(
        "LoRA, DDP by accelerate, first process killed after step 2, resumed with two",
        launcher="accelerate",
        steps=60,
        kill=True,
    ),
)


def measure(case: Case, model: Path, data: Path, folder: Path) -> dict[str, object]:
    """The case's row of the results file."""
    changes = ["lora.lora_dropout=0", f"training.max_steps={case.steps}", *case.changes]
    one, two = (
        [f"train_{case.method}.py", *tiny.flags(model, data, folder / name, *changes)]
        for name in ("one", "two")
    )
    _succeed(launching.command(*one, processes=1))
    command = launching.command(*case.script, *two, launcher=case.launcher)
    if case.kill:
        _kill_rank_0(command, folder / "two")
        command = launching.command(*two, "--resume", launcher=case.launcher)
    _succeed(command)
    run = json.loads((folder / "two" / case.method / "final" / "run.json").read_text(encoding="utf-8"))
    assert run["metrics"]["processes"] == 2
    sharded = folder / "two" / case.method / f"checkpoint-{case.steps}" / "pytorch_model_fsdp.bin"
    assert sharded.exists() == bool(case.script)  # FSDP was really used
    alone, together = (
        load_file(folder / name / case.method / "final" / "adapter_model.safetensors")
        for name in ("one", "two")
    )
    assert alone.keys() == together.keys()
    difference = max(float((weights - together[name]).abs().max()) for name, weights in alone.items())
    reach = max(float(weights.abs().max()) for weights in alone.values())
    return {"run": case.run, "steps": case.steps, "difference": difference, "weights_reach": round(reach, 3)}


def _succeed(words: list[str]) -> None:
    status, _, errors = launching.run(words)
    assert status == 0, errors[-3000:]


def _kill_rank_0(words: list[str], output: Path) -> None:
    running = launching.start(words)
    while not (output / "lora" / "checkpoint-2" / "complete.json").exists():
        assert running.poll() is None, running.communicate()[1][-3000:]
        time.sleep(0.005)
    os.kill(launching.worker(output, 0), signal.SIGKILL)
    running.communicate(timeout=100)
    assert running.returncode != 0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        model, data = tiny.save_model(root / "model"), tiny.save_data(root / "data")
        rows = [measure(case, model, data, root / str(number)) for number, case in enumerate(CASES)]
    found = {"torch": torch.__version__, "model": "tiny Llama, 2 layers, hidden 32, float32", "rows": rows}
    STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
