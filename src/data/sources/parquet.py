"""Rows of a Parquet file, decoded by a child process that is watched: a few bytes of one can unpack to any size.

Run as: python -m src.data.sources.parquet
"""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from src.schema import UserError
from src.system.untrusted import MAX_BYTES, too_large
from src.system.worker_process import Budget, WorkerEndedError, WorkerProcess, limit_memory, replying

BUDGET = Budget(cpu_s=120.0, wall_s=600.0, memory_mib=4096.0)  # of one batch of rows
BATCH_ROWS = 16
BATCH_BYTES = 64 << 20  # of JSON


def parquet_rows(content: bytes, path: Path) -> Iterator[Any]:
    """The rows of the Parquet file `path` as dicts. Raises UserError where it is none, or too large when it is unpacked."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "rows.parquet"
        copy.write_bytes(content)
        request: str | None = str(copy)
        while rows := _reply(request, path):
            yield from rows
            request = None


def _reply(request: str | None, path: Path) -> list[Any]:
    """The next rows of a file, the first ones where its path is given; none at its end."""
    try:
        worker = _worker(os.getpid())
        worker.send(request)
        reply = worker.receive(BUDGET)
    except WorkerEndedError as error:
        _worker.cache_clear()
        if error.over_budget:
            raise too_large(path, unpacked=True) from error
        raise _damaged(path, str(error)) from error
    if reply.get("too_large"):
        raise too_large(path, unpacked=True)
    if "error" in reply:
        raise _damaged(path, reply["error"])
    return reply["rows"]


@functools.cache
def _worker(owner: int) -> WorkerProcess:
    """The process that decodes for the process `owner`, started with its first file."""
    return WorkerProcess(["-m", "src.data.sources.parquet"], {"OMP_NUM_THREADS": "1"})


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(f"{path} is not a whole Parquet file: {reason.splitlines()[0][:120]}")


def main() -> None:
    """Reply to the path of a file with its first rows, to None with the next ones, until the input ends."""
    reply = replying()
    import pyarrow.parquet  # noqa: F401  # before memory is limited

    limit_memory(BUDGET.memory_mib)
    reply(json.dumps({"ready": True}))
    batches: Iterator[str] = iter(())
    for line in sys.stdin:
        path = json.loads(line)
        batches = _batches(path) if path else batches
        try:
            reply(next(batches, json.dumps({"rows": []})))
        except MemoryError:
            reply(json.dumps({"too_large": True}))
        except Exception as error:  # of any type: the file decides what its reader raises
            reply(json.dumps({"error": str(error).strip() or type(error).__name__}))


def _batches(path: str) -> Iterator[str]:
    """Messages with some rows of a file each. Raises MemoryError where they are too large."""
    import pyarrow
    import pyarrow.parquet

    sent = 0
    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                line = json.dumps({"rows": batch.to_pylist()}, default=lambda value: [type(value).__name__])
                sent += len(line)
                if len(line) > BATCH_BYTES or sent > MAX_BYTES:
                    raise MemoryError
                yield line
    except pyarrow.ArrowMemoryError as error:
        raise MemoryError from error


if __name__ == "__main__":
    main()
