"""Keeps finished answers on disk, so that nothing is generated twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.generation.settings import Decoding
from src.schema import Example, Generation
from src.system.jsonl_store import JsonlStore


class GenerationStore(JsonlStore[tuple[str, int], Generation]):
    """Finished answers of one model under one decoding, by example and completion; `key` identifies both."""

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        super().__init__(path, key, Generation, lambda item: (item.id, item.completion))

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
