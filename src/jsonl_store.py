"""Append-only JSON lines of records, from which stopped work resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from src.files import write_atomic

Entry = TypeVar("Entry")


class JsonlStore(Generic[Entry]):
    """Dataclass records after a first line, the key, which identifies what they were made from.

    Records under another key are dropped, and so is everything from the first line that does not parse.
    """

    def __init__(self, path: Path, key: dict[str, Any], decode: Callable[[dict[str, Any]], Entry]) -> None:
        """`decode` makes a record of its JSON object; it raises TypeError, KeyError or ValueError where that fails."""
        self.path = path
        self.key = key
        self.entries = self._read(decode)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(key), *(json.dumps(asdict(entry)) for entry in self.entries)]  # type: ignore[call-overload]
        write_atomic(path, "\n".join(lines) + "\n")

    def append(self, entries: Sequence[Entry]) -> None:
        """Append records; they are on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(entry)) + "\n" for entry in entries)  # type: ignore[call-overload]
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self, decode: Callable[[dict[str, Any]], Entry]) -> list[Entry]:
        found: list[Entry] = []
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
            if json.loads(lines[0]) == self.key:
                for line in lines[1:]:
                    found.append(decode(json.loads(line)))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            pass  # no file, or a line that a crash cut off
        return found
