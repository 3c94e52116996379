"""Where a run starts: from the beginning, from a checkpoint of an earlier one, or at its result."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from src.models.run_record import RunRecord, read_record
from src.schema import UserError
from src.system import distributed
from src.system.files import write_atomic
from src.system.untrusted import read_object
from src.training import checkpoints

FSDP_WEIGHTS = "pytorch_model_fsdp.bin"  # in a checkpoint: the Trainer's name
PARTIAL = "final.partial-"  # a result that is being written


@dataclass(frozen=True)
class Start:
    """What earlier runs in a folder leave to be done."""

    finished: RunRecord | None = None  # of the same job: nothing
    checkpoint: Path | None = None  # to resume from
    notes: tuple[str, ...] = ()  # what a user should know of it

    def __str__(self) -> str:
        if self.finished is not None:
            return "nothing is left to train: a finished run of the same settings and data is kept"
        return f"from {self.checkpoint.name}" if self.checkpoint else "from the beginning"


def find_start(
    folder: Path, identity: dict[str, Any], steps: int, stochastic: bool, resume: bool, restart: bool
) -> Start:
    """The start of the job of that `identity` in its folder, in which nothing is changed.

    Raises UserError where there is a run that may neither be resumed nor be deleted unasked.
    """
    final = _readable_record(folder / "final")
    if not restart and final and final.identity == identity and _has_weights(folder / "final"):
        return Start(finished=final)
    before = _stored_identity(folder, restart)
    ended = bool(before) and final is not None and final.identity == before
    unfinished = None if restart or ended else checkpoints.last_complete(folder)
    if unfinished is not None:
        _check_same_job(unfinished, before, identity, steps, resume)
        _check_same_sharding(unfinished)
        continued = f"continuing from {unfinished.name} of {steps} steps"
        return Start(checkpoint=unfinished, notes=(continued, *_other_random_numbers(unfinished, stochastic)))
    if final is None or restart:
        return Start()
    changed = _changed(before, identity)
    return Start(notes=(f"{folder / 'final'} is of other settings ({changed}) and will be replaced",))


def clear_for(start: Start, folder: Path, identity: dict[str, Any]) -> None:
    """Delete what earlier runs have left in the folder and a run that starts so does not need."""
    for leftover in folder.glob(f"{PARTIAL}*"):
        shutil.rmtree(leftover)
    if start.finished is not None:
        return
    if start.checkpoint is not None:
        checkpoints.remove_others(start.checkpoint)
        return
    for leftover in folder.glob("checkpoint-*"):
        shutil.rmtree(leftover)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    write_atomic(folder / "identity.json", json.dumps(identity, indent=1))


def _readable_record(final: Path) -> RunRecord | None:
    """The record of a final folder; None where there is none, or none that can be read: it will be replaced."""
    try:
        return read_record(final)
    except UserError:
        return None


def _has_weights(final: Path) -> bool:
    try:
        with safe_open(final / "adapter_model.safetensors", framework="pt") as weights:
            return bool(weights.keys())
    except (OSError, SafetensorError):
        return False


def _stored_identity(folder: Path, restart: bool) -> dict[str, Any]:
    """The identity of the run in the folder; empty where there is none."""
    path = folder / "identity.json"
    try:
        return read_object(path) if path.exists() else {}
    except ValueError as error:
        if restart:
            return {}
        raise UserError(f"{path} is damaged; start over with --restart") from error


def _check_same_job(
    unfinished: Path, before: dict[str, Any], identity: dict[str, Any], steps: int, resume: bool
) -> None:
    if not resume:
        raise UserError(
            f"{unfinished.parent} holds an unfinished run ({unfinished.name} of {steps} steps): "
            "continue it with --resume or start over with --restart"
        )
    if before != identity:
        changed = _changed(before, identity)
        raise UserError(f"cannot resume: {changed}; set it back or start over with --restart")


def _check_same_sharding(unfinished: Path) -> None:
    """FSDP's checkpoints have a format of their own, which any number of its processes can read, but nothing else."""
    before = (unfinished / FSDP_WEIGHTS).exists()
    if before != (distributed.sharding() == "fsdp"):
        raise UserError(
            f"cannot resume: {unfinished} was made {'with' if before else 'without'} FSDP and this run is "
            f"{'without' if before else 'with'} it; launch as before or start over with --restart"
        )


def _other_random_numbers(checkpoint: Path, stochastic: bool) -> tuple[str, ...]:
    """Any number of processes can resume a run; only the states of the random generators belong to one number."""
    before = max(1, len(list(checkpoint.glob("rng_state_*.pth"))))
    if before == distributed.world_size() or not stochastic:
        return ()
    return (
        f"it was made by {before} processes, now there are {distributed.world_size()}: dropout and noise will be "
        "other ones, all else is the same",
    )


def _changed(before: dict[str, Any], identity: dict[str, Any]) -> str:
    """The first difference, by the name of its key."""
    keys = [*identity, *(key for key in before if key not in identity)]
    key = next((key for key in keys if before.get(key) != identity.get(key)), "its files")
    return f"{key} was {before.get(key)!r} and is now {identity.get(key)!r}"
