"""Writes files so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from src.schema import UserError


def write_atomic(path: Path, data: str | bytes) -> None:
    """Replace `path` by `data` in one step; text is stored as UTF-8 with its line ends untouched.

    Names of files in it whose bytes Python could not decode, and keeps as lone surrogates, become UTF-8 or U+FFFD.
    """
    write_together({path: data})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Replace several files, none of them before all are complete on disk.

    A symbolic link stays one: its target is replaced.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in contents.items():
            target = path.resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            # beside its target: a rename cannot cross disks
            temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
            staged.append((temporary, target))
            _write_durably(temporary, _utf8(data) if isinstance(data, str) else data)
        for temporary, target in staged:
            temporary.replace(target)
    except BaseException:  # Ctrl-C too must leave no leftovers
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise
    for folder in {target.parent for _, target in staged}:
        _sync_folder(folder)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode("utf-8")


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the renames durable, where the system can sync a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def sole_writer(folder: Path, remedy: str) -> Iterator[None]:
    """Lock `folder` for this process; leftovers of a killed writer in it are removed.

    The lock ends with the process, however it ends. Raises UserError with the process id of the holder and
    `remedy`.
    """
    path = folder / ".lock"
    try:
        created = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        stream = _locked(path)
    except BlockingIOError as error:
        raise UserError(f"another run (pid {_holder(path)}) is writing to {folder}; {remedy}") from error
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror or error}); {remedy}") from error
    with stream:
        try:
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            for leftover in folder.glob(".*.tmp"):
                leftover.unlink(missing_ok=True)
            yield
        finally:
            with contextlib.suppress(OSError):  # the folder may have gone, or become read-only
                path.unlink()
                for parent in created:  # an empty folder that was created here is removed
                    parent.rmdir()


def _locked(path: Path) -> TextIO:
    """`path` opened and locked. Raises BlockingIOError where another holds it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            stream = path.open("a+", encoding="ascii")
        except FileNotFoundError:  # its holder removed the empty folder
            continue
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same_file(stream, path):
                return stream
        except BaseException:
            stream.close()
            raise
        stream.close()  # its holder removed it between the opening and the locking


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() or "unknown"
    except OSError:  # it ended just now
        return "unknown"


def _is_same_file(stream: TextIO, path: Path) -> bool:
    """Whether `path` is still the file that was opened."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A temporary folder in `parent`; leftovers of the same prefix whose process was killed are removed too."""
    parent.mkdir(parents=True, exist_ok=True)
    for other in parent.glob(f"{prefix}*"):
        _remove_abandoned(other)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # held while the process lives, which other processes check
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned(folder: Path) -> None:
    """Delete `folder` unless its process is alive."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # removed meanwhile, or no folder
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
