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
MAX_HEADER_BYTES = 1 << 24
MAX_MESSAGE_BYTES = 1 << 28  # of all blobs together


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

    Raises EOFError where the other side has closed, TimeoutError after `deadline` (time.monotonic), and
    ConnectionError where what it sent is no message.
    """
    (length,) = _LENGTH.unpack(_read_exactly(descriptor, _LENGTH.size, deadline))
    if length > MAX_HEADER_BYTES:
        raise ConnectionError(f"a header of {length} bytes")
    header = _parsed(_read_exactly(descriptor, length, deadline))
    return header, [_read_exactly(descriptor, size, deadline) for size in header["sizes"]]


def _parsed(text: bytes) -> dict[str, Any]:
    """The header that `text` is. Raises ConnectionError where it is none, or its sizes are not those of blobs."""
    try:
        header = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConnectionError("a header that is not JSON") from error
    sizes = header.get("sizes") if isinstance(header, dict) else None
    if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
        raise ConnectionError("a header without sizes")
    if sum(sizes) > MAX_MESSAGE_BYTES:
        raise ConnectionError(f"a message of {sum(sizes)} bytes")
    assert isinstance(header, dict)
    return header


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


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
    left_s = deadline - time.monotonic()
    if left_s <= 0 or not poll.poll(int(left_s * 1000) + 1):  # also where the other side is never silent
        raise TimeoutError
