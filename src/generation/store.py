"""Keeps finished answers on disk, so that nothing is generated twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from src.generation.settings import Decoding
from src.provenance import digest
from src.schema import Example, Generation
from src.system.jsonl_store import JsonlStore

FINISHES = ("stop", "turn", "length", "thinking")


class GenerationStore(JsonlStore[tuple[str, int], Generation]):
    """Finished answers of one model under one decoding, by example and completion; `key` identifies both.

    An answer counts for the prompt that it was given to, whatever else has the id of its example.
    """

    def __init__(self, path: Path, key: dict[str, Any], examples: Sequence[Example] = ()) -> None:
        self._examples = examples
        self._prompts = {example.id: _prompt_digest(example) for example in examples}
        super().__init__(path, key, Generation, lambda item: (item.id, item.completion), self._accepts)

    def add(self, entries: Sequence[Generation]) -> None:
        super().add([replace(item, prompt=self._prompts.get(item.id, item.prompt)) for item in entries])

    def absorb(self, others: Sequence[Path]) -> None:
        """Merge the answers of other stores with the same key into this one, and delete their files."""
        for path in sorted(others):
            found = GenerationStore(path, self.key, self._examples).done
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

    def _accepts(self, item: Generation) -> bool:
        """Whether an answer can be one of this decoding, to the prompt of its example where that is known."""
        most = self.key.get("decoding", {}).get("max_new_tokens", item.tokens)
        of_prompt = item.prompt == self._prompts.get(item.id, item.prompt)
        return of_prompt and item.finish in FINISHES and 0 <= item.tokens <= most and item.completion >= 0


def _prompt_digest(example: Example) -> str:
    return digest(repr((example.instruction, example.input, example.prefix)))
