"""Reads files that a stranger may have made: regular ones, of bounded size, also when they are unpacked."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from src.schema import UserError
from src.system.files import refuse_endless

MAX_BYTES = 512 << 20  # of a file that is read as a whole, and of what a packed one unpacks to
BLOCK = 1 << 20


def read_file(path: Path) -> bytes:
    """The content of a file. Raises OSError, and UserError for a pipe, a device or more than MAX_BYTES."""
    refuse_endless(path)
    with path.open("rb") as stream:
        return _bounded(stream, path)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises OSError, ValueError where there is none, and UserError as `read_file`."""
    try:
        values = json.loads(read_file(path))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError("it should hold a JSON object")
    return values


def _bounded(stream: BinaryIO | gzip.GzipFile, path: Path, unpacked: bool = False) -> bytes:
    content = bytearray()
    while block := stream.read(BLOCK):
        content += block
        if len(content) > MAX_BYTES:
            raise too_large(path, unpacked)
    return bytes(content)


def too_large(path: Path, unpacked: bool) -> UserError:
    """Why a file is not read."""
    what = "unpacks to" if unpacked else "holds"
    return UserError(f"{path} {what} more than {MAX_BYTES >> 20} MiB, which is not read; split it")


def unpack_gzip(content: bytes, path: Path) -> bytes:
    """What the gzip file `path`, whose bytes are `content`, holds. Raises EOFError, zlib.error, OSError, UserError."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return _bounded(stream, path, unpacked=True)


def refuse_inflating(path: Path) -> None:
    """Refuse an archive of tensors that holds more than its own size: torch packs none, and unpacks whatever it is given.

    What is no archive is left to its reader.
    """
    refuse_endless(path)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError):
        return
    if unpacked > path.stat().st_size:
        raise UserError(
            f"{path} unpacks to {unpacked >> 20} MiB, more than the file is long: no archive that torch wrote, and "
            "it is not loaded"
        )
