"""Keeps finished answers on disk, so that nothing is generated twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.generation.settings import Decoding
from src.jsonl_store import JsonlStore
from src.schema import Example, Generation


class GenerationStore:
    """Finished answers of one model under one decoding, by example and completion; `key` identifies both."""

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        self.path = path
        self.key = key
        self._kept = JsonlStore(path, key, lambda values: Generation(**values))
        self.done = {(item.id, item.completion): item for item in self._kept.entries}

    def add(self, generations: Sequence[Generation]) -> None:
        """Keep more answers; they are on disk when this returns."""
        self._kept.append(generations)
        self.done |= {(item.id, item.completion): item for item in generations}

    def absorb(self, others: Sequence[Path]) -> None:
        """Merge the answers of other stores with the same key into this one, and delete their files."""
        for path in sorted(others):
            found = GenerationStore(path, self.key).done
            self.add([item for key, item in found.items() if key not in self.done])
            path.unlink()

    def missing(self, examples: Sequence[Example], decoding: Decoding) -> list[tuple[Example, int]]:
        """Examples without an answer, each with the index of the completion."""
        wanted = [(item, completion) for completion in range(decoding.num_completions) for item in examples]
        return [(item, completion) for item, completion in wanted if (item.id, completion) not in self.done]

    def of(self, examples: Sequence[Example], decoding: Decoding) -> list[Generation]:
        """The answers to `examples`, in their order, completion by completion."""
        completions = range(decoding.num_completions)
        return [self.done[example.id, completion] for completion in completions for example in examples]
