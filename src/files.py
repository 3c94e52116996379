"""Writes files so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from src.schema import UserError


def write_atomic(path: Path, data: str | bytes) -> None:
    """Replace `path` by `data` in one step; text is stored as UTF-8 with its line ends untouched."""
    write_together({path: data})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Replace several files, none of them before every one lies complete on the disk.

    A file that is a symbolic link stays one: what it points to is replaced.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in contents.items():
            target = path.resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            # beside its target: a rename cannot cross disks
            temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
            staged.append((temporary, target))
            _write_durably(temporary, data.encode("utf-8") if isinstance(data, str) else data)
        for temporary, target in staged:
            temporary.replace(target)
    except BaseException:  # Ctrl-C too must leave no litter
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise
    for folder in {target.parent for _, target in staged}:
        _sync_folder(folder)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the renames last through a power cut, where the system can sync a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def sole_writer(folder: Path, remedy: str) -> Iterator[None]:
    """Hold `folder` for this process; what a killed writer left unfinished in it is removed.

    Raises UserError naming the process that holds it, with `remedy`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a+")
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror or error}); {remedy}") from None
    with lock as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise UserError(f"another run (pid {holder}) is writing to {folder}; {remedy}") from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        for litter in folder.glob(".*.tmp"):
            litter.unlink(missing_ok=True)
        yield
