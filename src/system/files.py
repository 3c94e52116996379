"""Files: written so that a reader sees the old content or the new, never a part; pipes and `~` in their place."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from src.schema import UserError

log = logging.getLogger(__name__)

# of file systems such as Lustre's and those of online drives
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
LOCKED_BYTE = 2**30  # on Windows nobody else reads what is locked: far behind what the file holds


def expand_home(path: str) -> str:
    """`path` with the home folder for a `~` that begins it, which a shell leaves in --model_path=~/adapter."""
    return os.path.expanduser(path)  # noqa: PTH111  # Path would turn ./llama, no id of the hub, into llama


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
    try:
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        _release(stream, path)
        with contextlib.suppress(OSError):
            for parent in created:  # an empty folder that was created here is removed
                parent.rmdir()


def _locked(path: Path, required: bool = False) -> TextIO:
    """`path` opened and locked. Raises BlockingIOError where another holds it.

    Where the file system has no locks it is opened only, unless one is `required`.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            stream = path.open("a+", encoding="ascii")
        except FileNotFoundError:  # its holder removed the empty folder
            continue
        try:
            _lock(stream)
            if sys.platform == "win32" or _is_same_file(stream, path):
                return stream
        except BaseException as error:
            if isinstance(error, OSError) and error.errno in NO_LOCKS and not required:
                log.warning(
                    "%s is on a file system without locks: start no second run that writes there", path.parent
                )
                return stream
            stream.close()
            raise
        stream.close()  # its holder removed it between the opening and the locking


def _lock(stream: TextIO) -> None:
    """Lock an open file until it is closed. Raises BlockingIOError where another holds it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(stream.fileno(), LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _release(stream: TextIO, path: Path) -> None:
    """Remove a locked file and unlock it; its folder may have gone, or become read-only.

    It goes before it is unlocked, so that no other can lock a file that is then removed. Windows removes no open file:
    there the file goes after it, unless another has opened it.
    """
    with stream, contextlib.suppress(OSError):
        path.unlink()
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            path.unlink()


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
        _remove_abandoned(other.with_name(other.name.removesuffix(".lock")))
    folder = parent / f"{prefix}{secrets.token_hex(4)}"
    lock = _locked(_lock_of(folder))  # held while the process lives, which other processes check
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _release(lock, _lock_of(folder))


def _lock_of(folder: Path) -> Path:
    """The file beside a temporary folder that is there, and locked, before the folder is and until it is gone."""
    return folder.with_name(f"{folder.name}.lock")


def _remove_abandoned(folder: Path) -> None:
    """Delete `folder` unless its process is alive."""
    try:
        lock = _locked(_lock_of(folder), required=True)
    except (
        OSError
    ):  # it is alive, or may be where there are no locks, or this is no folder of ours to write to
        return
    shutil.rmtree(folder, ignore_errors=True)
    _release(lock, _lock_of(folder))


@functools.cache  # once in a process: an audit hook cannot be removed
def refuse_pipes() -> None:
    """Let no file of a stranger keep a script waiting: a named pipe or device among files is never opened, by whatever
    library. Those of /dev and /proc are the user's own choice."""

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | Path):
            return
        refuse_endless(Path(arguments[0]))

    sys.addaudithook(check)


def refuse_endless(path: Path) -> None:
    """Raise UserError for a pipe or a device, but for those of /dev and /proc."""
    name = str(path.absolute())
    if not name.startswith(("/dev/", "/proc/")) and is_endless(name):
        raise UserError(f"{name} is a pipe or a device, where a file is expected; put a file in its place")


def is_endless(path: str) -> bool:
    """Whether reading `path` may never end."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
