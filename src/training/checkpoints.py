"""Checkpoints that are whole or do not count, and the lock that keeps two runs apart."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src.files import write_atomic
from src.schema import UserError

log = logging.getLogger(__name__)

MARK = "complete.json"  # written last, with the size of every file
_NAME = re.compile(r"checkpoint-(\d+)")


def mark_complete(folder: Path) -> None:
    """Flush every file of `folder` to the disk, then state that it is whole."""
    sizes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MARK:
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
            sizes[str(path.relative_to(folder))] = path.stat().st_size
    write_atomic(folder / MARK, json.dumps(sizes))


def is_complete(folder: Path) -> bool:
    """Whether every file that the mark names is there in its full size."""
    try:
        sizes = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def last_complete(run_folder: Path) -> Path | None:
    """The newest whole checkpoint by step number; a half-written one is passed over with a line."""
    found = [
        (int(match[1]), path)
        for path in run_folder.glob("checkpoint-*")
        if (match := _NAME.fullmatch(path.name))
    ]
    for _, path in sorted(found, reverse=True):
        if is_complete(path):
            return path
        log.warning("passing over %s: it was not written to its end", path)
    return None


@contextmanager
def locked(run_folder: Path) -> Iterator[None]:
    """Hold `run_folder` for this process. Raises UserError naming the process that has it."""
    run_folder.mkdir(parents=True, exist_ok=True)
    with (run_folder / ".lock").open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise UserError(
                f"another run (pid {holder}) is writing to {run_folder}; wait for it or set training.output_dir"
            ) from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
