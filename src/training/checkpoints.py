"""Checkpoints that are whole or do not count."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from pathlib import Path

from src.files import write_atomic

log = logging.getLogger(__name__)

MARK = "complete.json"  # written last, with the size of every file
_NAME = re.compile(r"checkpoint-(\d+)")


def mark_complete(folder: Path) -> None:
    """Flush every file of `folder` to the disk, then state that it is whole."""
    write_atomic(folder / MARK, json.dumps(flush(folder)))


def flush(folder: Path) -> dict[str, int]:
    """Have every file of `folder` on the disk; their sizes in bytes."""
    sizes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MARK:
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
            sizes[str(path.relative_to(folder))] = path.stat().st_size
    return sizes


def is_complete(folder: Path) -> bool:
    """Whether every file that the mark names is there in its full size."""
    try:
        sizes = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def last_complete(run_folder: Path) -> Path | None:
    """The newest whole checkpoint by step number; a half-written one is passed over with a line."""
    for path in _by_step(run_folder):
        if is_complete(path):
            return path
        log.warning("passing over %s: it was not written to its end", path)
    return None


def remove_incomplete(run_folder: Path) -> None:
    """Delete checkpoints that a killed run left half written or half deleted."""
    for path in _by_step(run_folder):
        if not is_complete(path):
            shutil.rmtree(path)


def _by_step(run_folder: Path) -> list[Path]:
    """All checkpoint folders, the newest first."""
    found = [
        (int(match[1]), path)
        for path in run_folder.glob("checkpoint-*")
        if (match := _NAME.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found, reverse=True)]
