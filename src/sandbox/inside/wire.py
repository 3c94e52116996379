"""Messages between the sandbox and its workers: a JSON header and blobs, each with its length before it."""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct(">I")
CHUNK = 1 << 20


def pack(header: dict[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """One message; `header` gains the blobs' sizes."""
    text = json.dumps({**header, "sizes": [len(blob) for blob in blobs]}).encode("ascii")
    return b"".join([_LENGTH.pack(len(text)), text, *blobs])


def send(descriptor: int, message: bytes, deadline: float | None = None) -> None:
    """Raises BrokenPipeError where the other side has closed, TimeoutError after `deadline` (time.monotonic).

    With a deadline, `descriptor` has to be non-blocking.
    """
    view = memoryview(message)
    while view:
        if deadline is not None:
            _wait(descriptor, select.POLLOUT, deadline)
        view = view[os.write(descriptor, view[:CHUNK]) :]


def receive(descriptor: int, deadline: float | None = None) -> tuple[dict[str, Any], list[bytes]]:
    """The next message.

    Raises EOFError where the other side has closed, TimeoutError after `deadline` (time.monotonic).
    """
    (length,) = _LENGTH.unpack(_read_exactly(descriptor, _LENGTH.size, deadline))
    header = json.loads(_read_exactly(descriptor, length, deadline))
    return header, [_read_exactly(descriptor, size, deadline) for size in header["sizes"]]


def _read_exactly(descriptor: int, size: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    while size:
        if deadline is not None:
            _wait(descriptor, select.POLLIN, deadline)
        part = os.read(descriptor, min(size, CHUNK))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0, int((deadline - time.monotonic()) * 1000))):
        raise TimeoutError
