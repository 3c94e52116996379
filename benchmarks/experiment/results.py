"""What the experiments keep of a training run, in one experiments.json: figures, no text of data or models."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.experiment.plan import Spec
from src.schema import UserError, decode
from src.system.files import write_atomic

FILE = "experiments.json"
GRID = "grid.json"  # beside it: such a file of the grid's runs, where these were made apart from the others
SCHEMA = 1
KEPT = ("commit", "versions", "hardware", "device", "data_fingerprint", "model_fingerprint")


@dataclass(frozen=True)
class Result:
    """A finished training run."""

    name: str
    setting: str  # its name without the seed
    seed: int
    validation_loss: float  # the lowest one, weighted by tokens
    best_step: int
    best_epoch: float
    steps: int
    seconds: float  # of training steps
    wall_s: float  # of the whole process: start, loading, validation, writing
    tokens_per_s: float  # without padding
    tokens: int
    peak_gib: float
    trained_parameters: int
    pack_tokens: int
    attention: str
    checkpointing: bool
    side_by_side: int  # runs that shared the GPU
    validation_curve: Sequence[Sequence[float]]  # (epoch, loss)
    training_curve: Sequence[Sequence[float]]  # (epoch, loss)


@dataclass(frozen=True)
class Results:
    """Everything measured so far."""

    defaults: Mapping[str, Any]  # section.key -> value that the runs started from
    environment: Mapping[str, Any]  # commit, versions, device, fingerprints, of the first run
    runs: Mapping[str, Result]
    rate: float | None = None  # the learning rate chosen on validation loss
    alone: Mapping[str, Result] = field(default_factory=dict)  # runs that had the GPU to themselves
    scores: Mapping[str, Any] = field(default_factory=dict)  # run name -> its metrics
    differences: Sequence[Mapping[str, Any]] = ()  # paired, from the reports

    @property
    def losses(self) -> dict[str, float | None]:
        return {name: run.validation_loss for name, run in self.runs.items()}


def read_result(run: Spec, final: Path, wall_s: float, side_by_side: int) -> tuple[Result, dict[str, Any]]:
    """The figures in final/run.json, and its environment."""
    record = json.loads((final / "run.json").read_text(encoding="utf-8"))
    metrics, history = record["metrics"], record["history"]
    validation = [
        (entry["epoch"], entry["eval_loss"], entry["step"]) for entry in history if "eval_loss" in entry
    ]
    best = min(validation, key=lambda entry: entry[1])
    found = Result(
        name=run.name,
        setting=run.setting,
        seed=run.seed,
        validation_loss=metrics["validation_loss"],
        best_step=metrics["best_step"],
        best_epoch=round(best[0], 3),
        steps=metrics["steps"],
        seconds=metrics["seconds"],
        wall_s=round(wall_s, 1),
        tokens_per_s=metrics["tokens_per_s"],
        tokens=metrics["tokens"],
        peak_gib=metrics["peak_gib"],
        trained_parameters=metrics["trainable_parameters"],
        pack_tokens=metrics["pack_tokens"],
        attention=str(metrics["attention"]),
        checkpointing=metrics["gradient_checkpointing"],
        side_by_side=side_by_side,
        validation_curve=[(round(epoch, 3), round(loss, 5)) for epoch, loss, _ in validation],
        training_curve=[
            (round(entry["epoch"], 3), round(entry["loss"], 5)) for entry in history if "loss" in entry
        ],
    )
    return found, {key: record["provenance"][key] for key in KEPT}


def load_results(path: Path) -> Results | None:
    """The results at `path`; None where there are none. Raises UserError where the file is no such."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("schema") != SCHEMA:
            raise ValueError
        for part in ("runs", "alone"):
            values[part] = {name: decode(Result, json.dumps(run)) for name, run in values[part].items()}
        return Results(**values)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path} holds no results of this version; delete it or give another folder"
        ) from None


def save_results(results: Results, path: Path) -> None:
    text = json.dumps({"schema": SCHEMA, **dataclasses.asdict(results)}, indent=1, allow_nan=False)
    write_atomic(path, text + "\n")
