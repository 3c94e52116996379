"""Append-only JSON lines of records, from which stopped work resumes."""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from src.schema import decode
from src.system.files import write_atomic
from src.system.untrusted import read_file

log = logging.getLogger(__name__)

Name = TypeVar("Name")
Entry = TypeVar("Entry")
CHECKSUM = "crc"  # of a line's record and the key, first in the line


class JsonlStore(Generic[Name, Entry]):
    """Dataclass records by name, in a file whose first line, the key, identifies what they were made from.

    Records under another key are dropped, and so is every line that is not what was written, or whose record the store
    does not accept: what is missing is made again.
    """

    def __init__(
        self,
        path: Path,
        key: dict[str, Any],
        kind: type[Entry],
        name: Callable[[Entry], Name],
        accepts: Callable[[Entry], bool] = lambda entry: True,
    ) -> None:
        """`kind` is the dataclass of the records; of two with one name the later counts."""
        self.path = path
        self.key = key
        self._name = name
        self.done = {name(entry): entry for entry in self._read(kind) if accepts(entry)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(key) + "\n" + self._lines(self.done.values()))

    def add(self, entries: Sequence[Entry]) -> None:
        """Append records; they are on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(self._lines(entries))
            stream.flush()
            os.fsync(stream.fileno())
        self.done |= {self._name(entry): entry for entry in entries}

    def _read(self, kind: type[Entry]) -> Iterator[Entry]:
        try:
            first, *lines = read_file(self.path).split(b"\n")
            same = json.loads(first) == self.key
        except (OSError, ValueError, RecursionError):  # no file, or none of ours
            return
        if not same:
            return
        damaged = 0
        for line in filter(None, lines):
            try:
                yield decode(kind, self._record(line))
            except (ValueError, AttributeError, RecursionError):
                damaged += 1
        cut_off = bool(lines and lines[-1])  # by a kill
        if damaged > cut_off:
            log.warning("%d damaged lines of %s are ignored and made again", damaged, self.path)

    def _lines(self, entries: Any) -> str:
        return "".join(f"{self._line(json.dumps(asdict(entry)))}\n" for entry in entries)

    def _line(self, record: str) -> str:
        """A record with its checksum as the first of its fields."""
        checksum = zlib.crc32(f"{json.dumps(self.key)}\n{record}".encode())
        return f'{{"{CHECKSUM}": "{checksum:08x}", {record[1:]}'

    def _record(self, line: bytes) -> str:
        """The record of a line. Raises ValueError, AttributeError or RecursionError where it is not as `_line` wrote it."""
        values = json.loads(line)
        values.pop(CHECKSUM, None)
        record = json.dumps(values)
        if self._line(record).encode() != line:
            raise ValueError("another checksum")
        return record
