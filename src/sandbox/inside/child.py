"""A process that the supervisor starts: its descriptors, its output, what it reports."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from python_program import REPORT

REPORT_BYTES, PIPE_BYTES = 4_096, 65_536


class Output:
    """The first `limit` bytes of one stream, and whether there were more."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor, self.limit, self.content, self.open = descriptor, limit, bytearray(), True
        os.set_blocking(descriptor, False)

    def read(self) -> bool:
        """Read what is available; False where the stream exceeds its limit."""
        while len(self.content) <= self.limit:
            try:
                part = os.read(self.descriptor, 65_536)
            except BlockingIOError:
                return True
            if not part:
                self.open = False
                return True
            self.content += part[: self.limit + 1 - len(self.content)]
        return False


Start = Callable[[], None]


class Child:
    """A process that was started, and the pipes from it."""

    def __init__(
        self, start: Start, drop: Callable[[], None], stdin: int, more: Sequence[int], limit: int
    ) -> None:
        """Fork; the child has `stdin`, its output, a report and `more` as its only descriptors, and drops privileges."""
        pipes = [os.pipe() for _ in range(3)]
        self.pid = os.fork()
        if self.pid == 0:
            out, err, report = (write for _, write in pipes)
            _run_child((stdin, out, err, report, *more), start, drop)
        for _, write in pipes:
            os.close(write)
        out, err, self._report = (read for read, _ in pipes)
        self.streams = [Output(out, limit), Output(err, limit)]
        self.status: int | None = None

    @functools.cached_property
    def report(self) -> dict[str, Any] | None:
        """What it had reported when this was first read; None where that is no report."""
        os.set_blocking(self._report, False)
        try:
            text = os.read(self._report, PIPE_BYTES)
        except BlockingIOError:
            text = b""
        os.close(self._report)
        try:
            report = json.loads(text or b"{}") if len(text) <= REPORT_BYTES else None
        except (ValueError, RecursionError):
            return None
        return report if isinstance(report, dict) else None


def _run_child(descriptors: Sequence[int], start: Start, drop: Callable[[], None]) -> None:
    """In the child: drop privileges and run the program. Never returns."""
    try:
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target, inheritable=target < REPORT)
        os.closerange(len(descriptors), 4_096)
        drop()
        start()
    except BaseException as error:
        os.write(REPORT, json.dumps({"error": type(error).__name__}).encode())
        os.write(2, f"{error}\n".encode("utf-8", "replace"))
    finally:
        os._exit(127)


@contextlib.contextmanager
def stdin_file(content: bytes) -> Iterator[int]:
    """A descriptor to read `content` from, with no name in the file system."""
    if content:
        with open("stdin", "wb") as file:
            file.write(content)
    descriptor = os.open("stdin" if content else "/dev/null", os.O_RDONLY)
    if content:
        os.unlink("stdin")
    try:
        yield descriptor
    finally:
        os.close(descriptor)
