"""Checkpoints that are complete or do not count."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

from src.schema import UserError
from src.system.files import write_atomic
from src.system.untrusted import read_object, refuse_inflating

log = logging.getLogger(__name__)

COMPLETE_MARKER = "complete.json"  # written last, with the size in bytes and the CRC-32 of every file
STATE = "trainer_state.json"  # the Trainer's name
BLOCK = 1 << 20  # bytes read at a time
_NAME = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class Fault:
    """Why a run cannot be resumed from a checkpoint."""

    reason: str
    damaged: bool  # it was complete once; a kill does not do that


def mark_complete(folder: Path) -> None:
    """Flush every file of `folder` to the disk, then mark it as complete."""
    sums = {str(path.relative_to(folder)): _size_and_checksum(path) for path in flush(folder)}
    write_atomic(folder / COMPLETE_MARKER, json.dumps(sums))


def flush(folder: Path) -> list[Path]:
    """Flush every file of `folder` to the disk; the files, without the marker."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != COMPLETE_MARKER]
    for path in found:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    return found


def _size_and_checksum(path: Path) -> list[int]:
    size, checksum = 0, 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            size += len(block)
            checksum = zlib.crc32(block, checksum)
    return [size, checksum]


def fault_of(folder: Path) -> Fault | None:
    """How `folder` differs from what was marked as complete; None where it does not."""
    if not (folder / COMPLETE_MARKER).exists():
        return Fault("it was not written to its end", damaged=False)
    try:
        sums = read_object(folder / COMPLETE_MARKER)
        recorded = [(str(name), list(sum_)) for name, sum_ in sums.items()]
    except (OSError, ValueError, TypeError):
        recorded = []
    if not recorded:
        return Fault(f"{COMPLETE_MARKER} is damaged", damaged=True)
    for name, expected in recorded:
        path = folder / name
        if not path.exists():  # a kill while it was being deleted
            return Fault(f"{name} is missing", damaged=False)
        try:
            found = _size_and_checksum(path)
        except OSError as error:
            return Fault(f"{name} cannot be read ({error.strerror or error})", damaged=True)
        if found != expected:
            return Fault(f"{name} is damaged: it is not what was written", damaged=True)
    return None


def is_complete(folder: Path) -> bool:
    """Whether every file that the marker names is there as it was written."""
    return fault_of(folder) is None


def last_complete(run_folder: Path) -> Path | None:
    """The newest complete checkpoint by step number; newer ones are skipped with one line each.

    Raises UserError where none is complete and one of them is damaged: a kill does not do that, and what is left of
    it may be of use.
    """
    damaged = ""
    for path in _by_step(run_folder):
        fault = fault_of(path) or _fault_of_best(path)
        if fault is None:
            for file in sorted(path.glob("*.pt*")):
                refuse_inflating(file)
            return path
        log.warning("passing over %s: %s", path, fault.reason)
        damaged = damaged or (f"{path}: {fault.reason}" if fault.damaged else "")
    if damaged:
        raise UserError(f"{damaged}, and no older checkpoint is whole; start over with --restart")
    return None


def _fault_of_best(folder: Path) -> Fault | None:
    """The fault of the best checkpoint, whose weights the end of the run needs and which may be an older one."""
    try:
        best = best_of(folder)
    except (ValueError, AttributeError, TypeError):
        return Fault(f"{STATE} is damaged", damaged=True)
    fault = fault_of(best) if best is not None and best != folder else None
    return fault and Fault(f"its best, {best and best.name}: {fault.reason}", fault.damaged)


def best_of(folder: Path) -> Path | None:
    """The checkpoint with the lowest validation loss when `folder` was made: it lies beside it, wherever that is now.

    None where there was none yet, or where it is gone: a better one has replaced it then.
    """
    if not (folder / STATE).exists():
        return None
    named = read_object(folder / STATE).get("best_model_checkpoint")
    best = folder.parent / Path(named).name if named else None
    return best if best is not None and best.is_dir() else None


def remove_others(chosen: Path) -> None:
    """Delete the checkpoints that are newer than `chosen`, and those that killed runs left incomplete."""
    for path in _by_step(chosen.parent):
        if _step(path) > _step(chosen) or not is_complete(path):
            shutil.rmtree(path)


@contextmanager
def checkpoint_errors(checkpoint: Path | None) -> Iterator[None]:
    """Turn the refusal of a pickle that holds more than tensors into a UserError."""
    try:
        yield
    except UnpicklingError as error:
        raise UserError(
            f"{checkpoint} holds a .pt file with more than tensors and plain values, which is not loaded "
            f"({' '.join(str(error).split())[:120]}); start over with --restart"
        ) from error


def _by_step(run_folder: Path) -> list[Path]:
    """All checkpoint folders, the newest first."""
    found = [path for path in run_folder.glob("checkpoint-*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=_step, reverse=True)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rsplit("-", 1)[1])
