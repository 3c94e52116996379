"""What child processes print, kept off the terminal, and the cause of a failure that is named there alone."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

log = logging.getLogger(__name__)

# a line of a traceback that names the exception, after what a logger may put before it: "(Worker pid=7) ERROR ... "
_EXCEPTION = re.compile(r"[\w.]*(?:Error|Exception): .+")


class ChildOutput:
    """A file for the output of child processes; with --verbose there is none, and they print to the terminal."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @contextmanager
    def inherited(self) -> Iterator[None]:
        """Processes that are started within the block print to the file, as long as they live."""
        if log.isEnabledFor(logging.INFO):
            yield
            return
        streams = (1, 2)  # standard output and error, as child processes know them
        own = [os.dup(number) for number in streams]
        try:
            for number in streams:
                os.dup2(self._file.fileno(), number)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, kept in zip(streams, own, strict=True):
                os.dup2(kept, number)
                os.close(kept)

    def cause(self) -> str:
        """The first exception that was printed, from which the later ones follow; else the last line; "" without any."""
        size = os.fstat(self._file.fileno()).st_size
        # not read(): the processes write where the offset is
        text = os.pread(self._file.fileno(), size, 0).decode("utf-8", "replace")
        lines = [_without_prefix(line) for line in text.splitlines() if line.strip()]
        return next((line for line in lines if _EXCEPTION.match(line)), lines[-1] if lines else "")


def _without_prefix(line: str) -> str:
    """`(EngineCore pid=7) ERROR 11-29 08:00:00 [core.py:1] ValueError: x` -> `ValueError: x`"""
    prefix, _, rest = line.partition("] ")
    return rest if line.startswith("(") and " ERROR " in f"{prefix} " else line


@contextmanager
def child_output() -> Iterator[ChildOutput]:
    with tempfile.TemporaryFile() as file:
        yield ChildOutput(file)
