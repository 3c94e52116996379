"""Writes files so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


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
            os.replace(temporary, target)
    except BaseException:  # Ctrl-C too must leave no litter
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise
    for folder in {target.parent for _, target in staged}:
        _sync_folder(folder)


def _write_durably(path: Path, data: bytes) -> None:
    with open(path, "xb") as stream:
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
