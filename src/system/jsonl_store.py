"""Append-only JSON lines of records, from which stopped work resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from src.schema import decode
from src.system.files import write_atomic

Name = TypeVar("Name")
Entry = TypeVar("Entry")


class JsonlStore(Generic[Name, Entry]):
    """Dataclass records by name, in a file whose first line, the key, identifies what they were made from.

    Records under another key are dropped, and so is everything from the first line that does not parse.
    """

    def __init__(
        self, path: Path, key: dict[str, Any], kind: type[Entry], name: Callable[[Entry], Name]
    ) -> None:
        """`kind` is the dataclass of the records; of two with one name the later counts."""
        self.path = path
        self.key = key
        self._name = name
        self.done = {name(entry): entry for entry in self._read(kind)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(key) + "\n" + _lines(self.done.values()))

    def add(self, entries: Sequence[Entry]) -> None:
        """Append records; they are on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(_lines(entries))
            stream.flush()
            os.fsync(stream.fileno())
        self.done |= {self._name(entry): entry for entry in entries}

    def _read(self, kind: type[Entry]) -> Iterator[Entry]:
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
            if json.loads(lines[0]) == self.key:
                for line in lines[1:]:
                    yield decode(kind, line)
        except (OSError, ValueError, RecursionError):
            pass  # no file, or a line that a crash cut off


def _lines(entries: Any) -> str:
    return "".join(json.dumps(asdict(entry)) + "\n" for entry in entries)
